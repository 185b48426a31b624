import Clips
import Networks
import Studies

/// All that decides how a run trains, apart from its data.
package struct TrainingSettings: Sendable, Equatable {
    package var seed: UInt64 = 42
    /// One of `NetworkRegistry.names`.
    package var model = "resnet18_lstm"
    package var filters = 64
    package var parts = NetworkParts()
    package var dropout = 0.2
    package var batchNormMomentum = 0.1
    package var batchSize = 8
    package var epochs = 100
    /// Epochs without a rise of the metric before training stops; 0: never.
    package var patience = 5
    package var lr = 0.0001
    package var schedule = LearningRateSchedule()
    package var optimizer = OptimizerKind.adam
    package var weightDecay = 0.0
    package var momentum = 0.9
    /// Greatest norm of the gradient; 0: not limited.
    package var clipNorm = 0.0
    /// Batches whose gradients make one step.
    package var accumulate = 1
    /// Share of each target that all classes have in equal parts.
    package var labelSmoothing = 0.0
    /// Whether the losses of rare classes count more.
    package var balancesClasses = false
    package var average = WeightAverage.Kind.none
    /// Share of the average that is kept in a step.
    package var averageDecay = 0.999
    /// Epochs at the end of the training whose weights are averaged.
    package var averageEpochs = 10
    /// Whether biases and norms are decayed too.
    package var decaysAll = true
    /// Patterns of names of parameters with a learning rate of their own, as a factor.
    package var scaledParameters: [String] = []
    package var learningRateScale = 1.0
    /// Whether an evaluation takes the mean of each clip and its mirror image.
    package var averagesFlips = false
    /// Whether metrics that count all classes alike are recorded.
    package var recordsClassMetrics = false
    package var augmentation = Augmentation()
    package var metric = Metric.valAccuracy
    /// Patterns of names of parameters that stay as they start.
    package var frozen: [String] = []

    package init() {}
}
