import Studies
import Tensors

/// Everything needed to continue a run to the same bits. What is not here follows from the
/// settings: orders, dropout and augmentation are functions of the seed, the epoch and the step;
/// early stopping of the histories.
package struct Checkpoint: Sendable, Equatable {
    /// Epochs that are done.
    package var epochs: Int
    /// Training steps that are done, in all epochs.
    package var step: UInt64
    /// Of the current epoch: batches done, the sum of their losses, clips classified correctly.
    package var batches: Int
    package var lossSum: Double
    package var correct: Int
    package var histories: [History]
    /// Wall-clock seconds of each epoch that is done.
    package var seconds: [Double]
    /// Those of the epoch that is under way.
    package var openSeconds: Double
    /// Names, shapes and places of the parameters: what the numbers below mean.
    package var layout: String
    /// In the network's own order, as they lie in memory.
    package var weights, averages: [Float]
    /// The optimiser's moments, likewise; empty where it has none.
    package var first, second: [Float]
    /// Averaged weights, likewise; empty where none are averaged.
    package var averaged: [Float]
    /// Weights of the best epoch so far; empty if there is none.
    package var bestWeights: [Tensor]
    /// Of the parameters at the start and after each epoch; empty where an earlier program began.
    package var digests: [String] = []

    package init(
        epochs: Int, step: UInt64, batches: Int, lossSum: Double, correct: Int,
        histories: [History],
        seconds: [Double], openSeconds: Double, layout: String, weights: [Float], averages: [Float],
        first: [Float],
        second: [Float], averaged: [Float] = [],
        bestWeights: [Tensor], digests: [String] = []
    ) {
        self.digests = digests
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
        self.averaged = averaged
        self.bestWeights = bestWeights
    }
}

/// When a run is to be kept, and how.
package protocol CheckpointKeeper {
    /// Asked after every batch and every epoch.
    func isDue(atEndOfEpoch: Bool) -> Bool
    /// Keeps it. An error ends the training.
    func keep(_ checkpoint: Checkpoint) throws
}
