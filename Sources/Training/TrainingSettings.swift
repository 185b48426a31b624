import Clips

/// All that decides how a run trains, apart from its data.
public struct TrainingSettings: Sendable, Equatable {
    public var seed: UInt64 = 42
    public var filters = 64
    public var dropout = 0.2
    public var batchNormMomentum = 0.1
    public var batchSize = 8
    public var epochs = 100
    /// Epochs without a rise of the metric before training stops; 0: never.
    public var patience = 5
    public var lr = 0.0001
    public var schedule = LearningRateSchedule()
    public var optimizer = OptimizerKind.adam
    public var weightDecay = 0.0
    public var momentum = 0.9
    /// Greatest norm of the gradient; 0: not limited.
    public var clipNorm = 0.0
    public var augmentation = Augmentation()
    public var metric = Metric.valAccuracy
    /// Patterns of names of parameters that stay as they start.
    public var frozen: [String] = []

    public init() {}
}
