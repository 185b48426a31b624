import Kernels
import Networks
import Tensors
import Testing

/// Clips that are shorter than the network's: what is behind their ends enters nothing.
@Suite struct StepMasks {
    static let models = [
        ("resnet18_lstm", "last"), ("resnet18_lstm", "attention"), ("resnet18_bigru", "mean"),
        ("resnet18_mstcn", "mean"), ("resnet18_dctcn", "attention"), ("cnn3d_gru", "last"),
        ("cnn3d_gru", "mean"),
    ]

    private static func network(
        _ model: String, _ readout: String, frames: Int, masks: Bool, clips: Int
    ) -> Network {
        var shape = NetworkShape(
            frames: frames, height: 13, width: 12, channels: 1, filters: 2, classes: 3, dropout: 0,
            batchNormMomentum: 0.1)
        shape.masksSteps = masks
        shape.parts.readout = NetworkParts.Readout(rawValue: readout)
        shape.parts.headDropout = 0
        if readout == "last" { shape.parts.isBidirectional = model == "cnn3d_gru" ? false : nil }
        return Network(
            NetworkRegistry.plan(model, shape), clips: clips,
            context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 2), seed: 5)
    }

    private static func put(_ lengths: [Int], into network: Network, first: Int = 0) {
        network.input.set(lengths: lengths)
        for (clip, length) in lengths.enumerated() {
            var stream = RandomStream(seed: UInt64(clip + first), purpose: .visemes)
            for time in 0..<length {
                let frame = (0..<13 * 12).map { _ in stream.uniform() - 0.3 }
                network.input.setFrame(
                    values: frame, clip: clip, time: time, batch: lengths.count)
            }
        }
    }

    private static func gap(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// A clip gives the logits that it gives in a network of its own length.
    @Test(arguments: models)
    func inEvaluationAClipIsAsLongAsItIs(model: String, readout: String) {
        let lengths = (0..<18).map { 1 + $0 % 6 }
        let network = StepMasks.network(model, readout, frames: 6, masks: true, clips: 18)
        StepMasks.put(lengths, into: network)
        network.pack()
        let logits = network.forward(batch: 18, .evaluation)
        for clip in [0, 2, 4, 17] {
            let alone = StepMasks.network(
                model, readout, frames: lengths[clip], masks: false, clips: 1)
            StepMasks.put([lengths[clip]], into: alone, first: clip)
            alone.pack()
            let expected = alone.forward(batch: 1, .evaluation).values(clip: 0)
            #expect(StepMasks.gap(logits.values(clip: clip), expected) < 1e-5, "clip \(clip)")
        }
    }

    /// So do batch norm and all gradients, where all clips are short.
    @Test(arguments: models)
    func trainingSeesRealStepsAlone(model: String, readout: String) {
        func step(frames: Int, masks: Bool) -> (logits: [Float], network: Network) {
            let network = StepMasks.network(
                model, readout, frames: frames, masks: masks, clips: 17)
            StepMasks.put([Int](repeating: 4, count: 17), into: network)
            network.pack()
            let loss = CrossEntropy(
                classes: 3, clips: 17,
                context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1))
            let labels = (0..<17).map { MixedLabel($0 % 3) }
            let logits = network.forward(batch: 17, .training(seed: 1, step: 0))
            let values = (0..<17).flatMap { logits.values(clip: $0) }
            _ = loss.losses(logits, labels)
            withExtendedLifetime(loss) { network.backward(loss.gradient(labels)) }
            return (values, network)
        }
        let (masked, whole) = (step(frames: 7, masks: true), step(frames: 4, masks: false))
        #expect(StepMasks.gap(masked.logits, whole.logits) < 1e-4)
        let (a, b) = (masked.network.parameters, whole.network.parameters)
        let largest = b.gradientTensors.flatMap(\.values).map { abs($0) }.max() ?? 0
        for (mine, expected) in zip(a.gradientTensors, b.gradientTensors) {
            #expect(StepMasks.gap(mine.values, expected.values) < 1e-4 * largest, "\(mine.name)")
        }
        for (mine, expected) in zip(a.tensors, b.tensors) {
            #expect(StepMasks.gap(mine.values, expected.values) < 1e-5, "\(mine.name)")
        }
    }

    /// With clips of different lengths the gradient is the slope of the loss.
    @Test(arguments: models)
    func theGradientIsTheSlope(model: String, readout: String) {
        let lengths = [6, 1, 3, 5, 2]
        let network = StepMasks.network(model, readout, frames: 6, masks: true, clips: 5)
        StepMasks.put(lengths, into: network)
        let loss = CrossEntropy(
            classes: 3, clips: 5,
            context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1))
        let labels = lengths.indices.map { MixedLabel($0 % 3) }
        func mean() -> Double {
            network.pack()
            let logits = network.forward(batch: 5, .training(seed: 1, step: 0))
            return loss.losses(logits, labels).reduce(0) { $0 + Double($1) } / 5
        }
        _ = mean()
        network.backward(loss.gradient(labels))
        let weights = network.parameters.weights
        let slopes = network.parameters.gradients.elements.map { Double($0) }
        let squared = slopes.reduce(0) { $0 + $1 * $1 }
        let start = weights.elements.map { $0 }
        let reach = 5e-5 / squared.squareRoot()
        func moved(_ by: Double) -> Double {
            for at in start.indices {
                weights.pointer[at] = Float(Double(start[at]) + by * slopes[at])
            }
            return mean()
        }
        let slope = (moved(reach) - moved(-reach)) / (2 * reach)
        #expect(abs(slope / squared - 1) < 0.05, "\(slope) beside \(squared)")
    }
}
