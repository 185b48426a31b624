/// The layers of a network as a reader sees them, for clips of one shape.
package struct NetworkOutline: Sendable {
    package struct Row: Sendable, Equatable {
        package let name: String
        /// What comes out: `time × rows × columns × channels`, as far as there are such.
        package let shape: [Int]
        /// Trained numbers.
        package let parameters: Int
        /// Of one clip, forward: products of convolutions and matrices, taps on the border included.
        package let multiplyAdds: Int
    }

    package private(set) var rows: [Row] = []
    private let specs: [ParameterSpec]

    /// - Parameter specs: all parameters of the network.
    init(_ specs: [ParameterSpec]) { self.specs = specs }

    package var parameters: Int { rows.reduce(0) { $0 + $1.parameters } }
    package var multiplyAdds: Int { rows.reduce(0) { $0 + $1.multiplyAdds } }

    /// - Parameter prefixes: of the names of its parameters, ending in a point; or whole names.
    mutating func add(_ name: String, _ shape: [Int], of prefixes: [String], multiplyAdds: Int) {
        let own = specs.filter { spec in
            spec.isTrained
                && prefixes.contains {
                    $0.hasSuffix(".") ? spec.name.hasPrefix($0) : spec.name == $0
                }
        }
        rows.append(
            Row(
                name: name, shape: shape, parameters: own.reduce(0) { $0 + $1.count },
                multiplyAdds: multiplyAdds))
    }
}

extension ResNet18LSTM {
    package static func outline(_ shape: NetworkShape) -> NetworkOutline {
        var outline = NetworkOutline(parameters(shape))
        let time = shape.frames
        let stem = ResNetStem.geometry(height: shape.height, width: shape.width)
        outline.add(
            "stem 7×7/2, norm, ReLU, pool 2×2",
            [time, stem.outputHeight / 2, stem.outputWidth / 2, shape.filters],
            of: ["resnet.conv_layer_s2_same.", "resnet.batch_norm1."],
            multiplyAdds: time * stem.outputHeight * stem.outputWidth * 49 * shape.channels
                * shape.filters)
        var (height, width) = (stem.outputHeight / 2, stem.outputWidth / 2)
        for (index, block) in ResNet18.blocks(shape.filters).enumerated() {
            let first = SameGeometry(height: height, width: width, kernel: 3, stride: block.stride)
            (height, width) = (first.outputHeight, first.outputWidth)
            let shortcut = block.stride == 1 && block.inputs == block.outputs ? 0 : block.inputs
            outline.add(
                "stage \(index / 2 + 1), block \(index % 2 + 1)",
                [time, height, width, block.outputs], of: [block.name + "."],
                multiplyAdds: time * height * width * block.outputs
                    * (9 * block.inputs + 9 * block.outputs + shortcut))
        }
        let features = ResNet18.features(shape.filters)
        outline.add("mean over the picture", [time, features], of: [], multiplyAdds: 0)
        let width2 = addRecurrent(to: &outline, shape, features)
        let readout = shape.parts.readout ?? .last
        outline.add(
            readout == .last ? "last step" : "mean over time", [width2], of: [], multiplyAdds: 0)
        outline.add(
            "linear", [shape.classes], of: ["fc."], multiplyAdds: width2 * shape.classes)
        return outline
    }

    /// - Returns: channels of the output.
    private static func addRecurrent(
        to outline: inout NetworkOutline, _ shape: NetworkShape, _ features: Int
    ) -> Int {
        let time = shape.frames
        guard !shape.parts.hasOwnBackend else {
            for name in ["lstm1", "lstm2"] {
                outline.add(
                    "LSTM", [time, features], of: [name + "."],
                    multiplyAdds: time * 8 * features * features)
            }
            return features
        }
        let backend = RecurrentBackend(shape.parts, layers: 2, inputs: features)
        let directions = backend.isBidirectional ? 2 : 1
        let gates = backend.kind == .lstm ? 4 : 3
        for layer in 0..<backend.layers {
            let inputs = layer == 0 ? features : backend.outputs
            outline.add(
                backend.kind.rawValue.uppercased()
                    + (backend.isBidirectional ? ", both directions" : ""),
                [time, backend.outputs],
                of: ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].flatMap { part in
                    ["", "_reverse"].map { "\(RecurrentBackend.name).\(part)_l\(layer)\($0)" }
                },
                multiplyAdds: time * directions * gates * backend.width * (inputs + backend.width))
        }
        return backend.outputs
    }
}
