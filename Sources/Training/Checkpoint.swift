import Tensors

/// Everything needed to continue a run to the same bits. What is not here follows from the settings: orders, dropout and
/// augmentation are functions of the seed, the epoch and the step; early stopping of the histories.
public struct Checkpoint: Sendable, Equatable {
    /// Epochs that are done.
    public var epochs: Int
    /// Training steps that are done, in all epochs.
    public var step: UInt64
    /// Of the epoch that is under way: batches done, the sum of their losses, clips told right.
    public var batches: Int
    public var lossSum: Double
    public var correct: Int
    public var histories: [History]
    /// Wall-clock seconds of each epoch that is done.
    public var seconds: [Double]
    /// Those of the epoch that is under way.
    public var openSeconds: Double
    /// Names, shapes and places of the parameters: what the numbers below mean.
    public var layout: String
    /// In the network's own order, as they lie in memory.
    public var weights, averages: [Float]
    /// The optimiser's moments, likewise; empty where it has none.
    public var first, second: [Float]
    /// Weights of the best epoch so far; empty where there is none.
    public var bestWeights: [Tensor]

    public init(
        epochs: Int, step: UInt64, batches: Int, lossSum: Double, correct: Int, histories: [History],
        seconds: [Double], openSeconds: Double, layout: String, weights: [Float], averages: [Float], first: [Float],
        second: [Float],
        bestWeights: [Tensor]
    ) {
        self.epochs = epochs
        self.step = step
        self.batches = batches
        self.lossSum = lossSum
        self.correct = correct
        self.histories = histories
        self.seconds = seconds
        self.openSeconds = openSeconds
        self.layout = layout
        self.weights = weights
        self.averages = averages
        self.first = first
        self.second = second
        self.bestWeights = bestWeights
    }
}

/// When a run is to be kept, and how.
public protocol CheckpointKeeper {
    /// Asked after every batch and every epoch.
    func isDue(atEndOfEpoch: Bool) -> Bool
    /// Keeps it. An error ends the training.
    func keep(_ checkpoint: Checkpoint) throws
}
