/// A network before it has memory: its parts, in the order of the forward pass. A model is a function
/// that makes one.
package struct NetworkPlan: Sendable {
    /// One or several layers that a reader sees as one.
    struct Part: Sendable {
        let row: Row?
        let parameters: [ParameterSpec]
        let make: @Sendable (LayerContext) -> [any Layer]
    }

    /// What a reader sees of a part.
    package struct Row: Sendable, Equatable {
        package let name: String
        /// What comes out: `time × rows × columns × channels`, as far as there are such.
        package let shape: [Int]
        /// Trained numbers.
        package let parameters: Int
        /// Of one clip, forward: products of convolutions and matrices, taps on the border included.
        package let multiplyAdds: Int
    }

    package let shape: NetworkShape
    /// Of the first convolution: it decides the border of the pictures.
    let input: ConvolutionGeometry
    private(set) var parts: [Part] = []

    // What comes out of the parts so far.
    private(set) var height: Int
    private(set) var width: Int
    private(set) var channels: Int

    init(_ shape: NetworkShape, input: ConvolutionGeometry) {
        (self.shape, self.input) = (shape, input)
        (height, width, channels) = (shape.height, shape.width, shape.channels)
    }

    var steps: Int { shape.frames }
    var momentum: Float { shape.batchNormMomentum }

    /// All parameters: names, shapes and starts.
    package var parameters: [ParameterSpec] { parts.flatMap(\.parameters) }

    /// For a reader.
    package var rows: [Row] { parts.compactMap(\.row) }

    /// Adds a part after which there are pictures.
    /// - Parameter multiplyAdds: of one clip, forward.
    mutating func addPictures(
        _ name: String, height: Int, width: Int, channels: Int, multiplyAdds: Int,
        _ parameters: [ParameterSpec], make: @escaping @Sendable (LayerContext) -> [any Layer]
    ) {
        (self.height, self.width, self.channels) = (height, width, channels)
        add(name, [steps, height, width, channels], multiplyAdds, parameters, make)
    }

    /// Adds a part after which there are the features of steps.
    mutating func addSteps(
        _ name: String, channels: Int, multiplyAdds: Int = 0, _ parameters: [ParameterSpec] = [],
        make: @escaping @Sendable (LayerContext) -> [any Layer]
    ) {
        (height, width, self.channels) = (1, 1, channels)
        add(name, [steps, channels], multiplyAdds, parameters, make)
    }

    /// Adds a part after which there is one vector a clip.
    mutating func addVector(
        _ name: String, channels: Int, multiplyAdds: Int = 0, _ parameters: [ParameterSpec] = [],
        make: @escaping @Sendable (LayerContext) -> [any Layer]
    ) {
        self.channels = channels
        add(name, [channels], multiplyAdds, parameters, make)
    }

    /// Adds layers without parameters that a reader is not shown.
    mutating func addSilently(make: @escaping @Sendable (LayerContext) -> [any Layer]) {
        parts.append(Part(row: nil, parameters: [], make: make))
    }

    private mutating func add(
        _ name: String, _ shape: [Int], _ multiplyAdds: Int, _ parameters: [ParameterSpec],
        _ make: @escaping @Sendable (LayerContext) -> [any Layer]
    ) {
        let trained = parameters.filter(\.isTrained).reduce(0) { $0 + $1.count }
        let row = Row(
            name: name, shape: shape, parameters: trained, multiplyAdds: multiplyAdds)
        parts.append(Part(row: row, parameters: parameters, make: make))
    }
}
