import Clips
import Networks
import Tensors

/// Classifies clips with stored weights.
package struct Prediction: Sendable, Equatable {
    /// Index of the most probable class; ties go to the first.
    package var label: Int
    package var probabilities: [Float]

    /// - Throws: `WeightMismatch` where the weights are not this network's.
    package static func predict(
        _ clips: FramedClips, weights: [Tensor], classes: Int, settings: TrainingSettings,
        context: ComputeContext
    ) throws -> [Prediction] {
        let network = Network(
            NetworkRegistry.plan(
                settings.model, networkShape(clips.format, classes: classes, settings: settings)),
            clips: 1, context: context, seed: 0)
        let loss = CrossEntropy(classes: classes, clips: 1, context: context)
        try network.parameters.load(weights)
        network.pack()
        var views = ClipViews()
        return try (0..<clips.count).map { clip in
            try network.input.load(clips, [clip], &views)
            _ = loss.losses(network.forward(batch: 1, .evaluation), [MixedLabel(0)])
            let probabilities = loss.probabilities?.values(clip: 0) ?? []
            let label = probabilities.indices.max {
                probabilities[$0] < probabilities[$1]
                    || (probabilities[$0] == probabilities[$1] && $0 > $1)
            }
            return Prediction(label: label ?? 0, probabilities: probabilities)
        }
    }
}
