import Foundation
import Kernels
import Networks
import Tensors
import Testing

/// What `Tests/Golden/make_golden.py` computed with PyTorch in float64.
private struct Golden: Decodable {
    let frames, height, width, channels, filters, classes: Int
    /// Exchanged parts of the network; nil: none.
    let parts: Parts?
    /// Nil: `resnet18_lstm`.
    let model: String?
    let labels: [Int]
    /// `[clip][time]`; nil: the network does not see it.
    let boundary: [[Float]]?

    struct Parts: Decodable {
        let backend, readout: String
        let layers, width: Int
        let bidirectional: Bool
    }

    private var networkParts: NetworkParts {
        var exchanged = NetworkParts()
        // Dropout has numbers of our own.
        exchanged.headDropout = model == nil ? nil : 0
        guard let parts else { return exchanged }
        exchanged.backend = NetworkParts.Backend(rawValue: parts.backend)
        exchanged.readout = NetworkParts.Readout(rawValue: parts.readout)
        (exchanged.layers, exchanged.width) = (parts.layers, parts.width)
        exchanged.isBidirectional = parts.bidirectional
        return exchanged
    }
    let weights, gradients, averages: [String: GoldenArray]
    let input, logits, losses, evaluated: GoldenArray

    init(_ name: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = folder.appending(path: "Golden/\(name).json")
        self = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }

    /// A network with PyTorch's weights and the golden clips in place.
    func network(_ width: VectorWidth = .best, threads: Int = 1) throws -> Network {
        var shape = NetworkShape(
            frames: frames, height: height, width: self.width, channels: channels,
            filters: filters, classes: classes, dropout: 0, batchNormMomentum: 0.1)
        shape.parts = networkParts
        shape.hasWordBoundary = boundary != nil
        let network = Network(
            NetworkRegistry.plan(model ?? "resnet18_lstm", shape), clips: labels.count,
            context: ComputeContext(kernels: width.kernels, threads: threads), seed: 0)
        try network.parameters.load(
            weights.map { Tensor(name: $0, shape: $1.shape, values: $1.values) })
        load(into: network)
        network.pack()
        return network
    }

    var mixedLabels: [MixedLabel] { labels.map { MixedLabel($0) } }

    var loss: CrossEntropy {
        CrossEntropy(
            classes: classes, clips: labels.count,
            context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1))
    }

    func losses(_ logits: Logits) -> [Float] {
        let loss = loss
        return withExtendedLifetime(loss) { Array(loss.losses(logits, mixedLabels)) }
    }

    /// Forward and backward.
    func step(_ network: Network) {
        let loss = loss
        withExtendedLifetime(loss) {
            _ = loss.losses(network.forward(batch: labels.count, NetworksTests.step), mixedLabels)
            network.backward(loss.gradient(mixedLabels))
        }
    }

    func load(into network: Network) {
        network.input.set(boundaries: boundary ?? [])
        let pixels = height * width
        let all = input.values
        for clip in labels.indices {
            for time in 0..<frames {
                var frame = [Float](repeating: 0, count: pixels * channels)
                for c in 0..<channels {
                    for at in 0..<pixels {
                        frame[at * channels + c] =
                            all[((clip * frames + time) * channels + c) * pixels + at]
                    }
                }
                network.input.setFrame(values: frame, clip: clip, time: time, batch: labels.count)
            }
        }
    }
}

private let step = Pass.training(seed: 0, step: 0)
private let names = [
    "network_grey", "network_rgb", "network_exchanged", "network_resnet18_bigru",
    "network_resnet18_mstcn", "network_resnet18_dctcn", "network_cnn3d_gru",
    "network_boundary_resnet18_lstm", "network_boundary_resnet18_bigru",
    "network_boundary_resnet18_mstcn", "network_boundary_resnet18_dctcn",
    "network_boundary_cnn3d_gru",
]

@Test(arguments: names)
func theForwardPassIsPyTorchs(name: String) throws {
    let golden = try Golden(name)
    let network = try golden.network()
    let logits = network.forward(batch: golden.labels.count, step)
    #expect(
        distance(golden.labels.indices.flatMap { logits.values(clip: $0) }, golden.logits.values)
            < 2e-5)
    #expect(distance(golden.losses(logits), golden.losses.values) < 1e-5)
    let averages = network.parameters.tensors.filter { golden.averages[$0.name] != nil }
    #expect(averages.count == golden.averages.count)
    for tensor in averages {
        #expect(
            distance(tensor.values, golden.averages[tensor.name]?.values ?? []) < 1e-5,
            "\(tensor.name)")
    }
}

@Test(arguments: names)
func everyGradientIsPyTorchs(name: String) throws {
    let golden = try Golden(name)
    let network = try golden.network()
    golden.step(network)
    let gradients = network.parameters.gradientTensors
    #expect(gradients.map(\.name).sorted() == golden.gradients.keys.sorted())
    let largest = golden.gradients.values.flatMap(\.values).map { abs($0) }.max() ?? 0
    for gradient in gradients {
        let expected = try #require(golden.gradients[gradient.name])
        #expect(gradient.shape == expected.shape)
        let worst = zip(gradient.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
        // A bias before a batch norm has gradient 0 but for rounding: it is judged beside the
        // largest gradient.
        let scale = max(expected.values.map { abs($0) }.max() ?? 0, largest * 0.01)
        #expect(worst / scale < 1e-4, "\(gradient.name): \(worst / scale)")
    }
}

@Test(arguments: names)
func evaluationIsPyTorchs(name: String) throws {
    let golden = try Golden(name)
    let network = try golden.network()
    _ = network.forward(batch: golden.labels.count, step)
    let logits = network.forward(batch: golden.labels.count, .evaluation)
    #expect(
        distance(golden.labels.indices.flatMap { logits.values(clip: $0) }, golden.evaluated.values)
            < 5e-5)
}

@Test func gradientsAreTheSlopeOfTheLoss() throws {
    let golden = try Golden("network_grey")
    let network = try golden.network()
    func loss() -> Double {
        network.pack()
        let logits = network.forward(batch: golden.labels.count, step)
        return golden.losses(logits).reduce(0) { $0 + Double($1) }
            / Double(golden.labels.count)
    }
    golden.step(network)
    let (weights, gradients) = (network.parameters.weights, network.parameters.gradients)
    let slopes = gradients.elements.map { Double($0) }
    // Along the gradient itself, the loss has to rise by its squared length.
    let squared = slopes.reduce(0) { $0 + $1 * $1 }
    let start = weights.elements.map { $0 }
    let reach = 2e-4 / squared.squareRoot()
    func moved(_ by: Double) -> Double {
        for index in start.indices {
            weights.pointer[index] = Float(Double(start[index]) + by * slopes[index])
        }
        return loss()
    }
    let slope = (moved(reach) - moved(-reach)) / (2 * reach)
    #expect(abs(slope / squared - 1) < 0.03, "\(slope) beside \(squared)")
}

@Test(arguments: names.filter { $0 != "network_grey" })
func threadsAndWidthsDoNotShowInTheBits(name: String) throws {
    let golden = try Golden(name)
    func bits(_ width: VectorWidth, _ threads: Int) throws -> [[UInt32]] {
        let network = try golden.network(width, threads: threads)
        golden.step(network)
        return network.parameters.gradientTensors.map { $0.values.map(\.bitPattern) }
    }
    let plain = try bits(.plain, 1)
    for width in VectorWidth.allCases where width.isAvailable {
        for threads in 1...4 {
            #expect(try bits(width, threads) == plain, "\(width), \(threads) threads")
        }
    }
}

@Test func aClipsLogitsDoNotDependOnItsNeighbours() throws {
    let golden = try Golden("network_rgb")
    let network = try golden.network()
    let together = network.forward(batch: golden.labels.count, .evaluation).values(clip: 17)
    let pixels = golden.height * golden.width
    let all = golden.input.values
    for time in 0..<golden.frames {
        var frame = [Float](repeating: 0, count: pixels * 3)
        for c in 0..<3 {
            for at in 0..<pixels {
                frame[at * 3 + c] = all[((17 * golden.frames + time) * 3 + c) * pixels + at]
            }
        }
        network.input.setFrame(values: frame, clip: 0, time: time, batch: 1)
    }
    #expect(network.forward(batch: 1, .evaluation).values(clip: 0) == together)
}

@Test func weightsOfAnotherNetworkAreRefusedWithAllThatIsWrong() throws {
    let golden = try Golden("network_grey")
    let network = try golden.network()
    var tensors = network.parameters.tensors.filter { $0.name != "fc.bias" }
    tensors[0] = Tensor(name: tensors[0].name, shape: [1], values: [0])
    let mismatch = #expect(throws: WeightMismatch.self) { try network.parameters.load(tensors) }
    #expect(mismatch?.problems.count == 2)
}

/// Multiply-adds as torch.utils.flop_counter counts them (half of its flops), of the convolutions
/// and the linear layer; recurrent layers by their products.
@Test func theOutlineCountsWhatPyTorchCounts() {
    var shape = NetworkShape(
        frames: 12, height: 33, width: 40, channels: 3, filters: 8, classes: 10, dropout: 0,
        batchNormMomentum: 0.1)
    func counts(_ plan: NetworkPlan) -> (rows: Int, trained: Int) {
        (
            plan.rows.reduce(0) { $0 + $1.parameters },
            plan.parameters.filter(\.isTrained).reduce(0) { $0 + $1.count }
        )
    }
    var outline = NetworkRegistry.plan("resnet18_lstm", shape)
    #expect(counts(outline).rows == counts(outline).trained)
    let convolutions = outline.rows.filter { $0.shape.count == 4 }.reduce(0) {
        $0 + $1.multiplyAdds
    }
    #expect(convolutions == 14_481_024)
    #expect(outline.rows.last?.multiplyAdds == 640)
    shape.parts.backend = .gru
    (shape.parts.layers, shape.parts.width, shape.parts.isBidirectional) = (2, 7, true)
    shape.parts.readout = .mean
    outline = NetworkRegistry.plan("resnet18_lstm", shape)
    #expect(counts(outline).rows == counts(outline).trained)
    #expect(outline.rows.map(\.shape).suffix(4) == [[12, 14], [12, 14], [14], [10]])
}

/// As `published_models.py` counts them at the published size.
@Test(arguments: [
    ("resnet18_bigru", 59_431_092), ("resnet18_mstcn", 36_374_516), ("resnet18_dctcn", 52_567_796),
    ("cnn3d_gru", 3_989_556),
])
func thePublishedNetworksHaveTheirSize(model: String, count: Int) {
    let shape = NetworkShape(
        frames: 29, height: 88, width: 88, channels: 1, filters: 64, classes: 500, dropout: 0.2,
        batchNormMomentum: 0.1)
    let plan = NetworkRegistry.plan(model, shape)
    #expect(plan.parameters.filter(\.isTrained).reduce(0) { $0 + $1.count } == count)
    #expect(plan.rows.reduce(0) { $0 + $1.parameters } == count)
    #expect(plan.rows.last?.shape == [500])
}
