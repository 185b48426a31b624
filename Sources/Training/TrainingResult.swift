import Studies
import Tensors

/// What one epoch gave.
package struct EpochRecord: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Of the deterministic metrics, in their order.
    package var names: [String]
    package var values: [Double]
    package var seconds: Double
    package var isBest: Bool
}

/// A finished training.
package struct TrainingResult: Sendable, Equatable {
    package var outcome: Outcome
    package var histories: [History]
    /// Wall-clock seconds of each epoch: measured, not part of what is reproduced.
    package var seconds: [Double]
    /// Nil where no epoch gave a number.
    package var best: BestEpoch?
    package var stoppedEarly: Bool
    /// Weights of the best epoch, with the batch-norm averages; empty where there is none.
    package var weights: [Tensor]
    /// Those of the last epoch.
    package var lastWeights: [Tensor]
    package var test: TestResult?
    /// Of the validation and test clips; none where no epoch gave a number.
    package var predictions: [ClipPredictions]
    /// Nil where there are no predictions.
    package var thumbnails: ClipThumbnails?
    /// Of the parameters at the start and after each epoch; empty where an earlier program began.
    package var epochDigests: [String]

    package init(
        outcome: Outcome, histories: [History], seconds: [Double], best: BestEpoch?,
        stoppedEarly: Bool,
        weights: [Tensor], lastWeights: [Tensor] = [], test: TestResult?,
        predictions: [ClipPredictions] = [],
        thumbnails: ClipThumbnails? = nil, epochDigests: [String] = []
    ) {
        self.epochDigests = epochDigests
        self.outcome = outcome
        self.histories = histories
        self.seconds = seconds
        self.best = best
        self.stoppedEarly = stoppedEarly
        self.weights = weights
        self.lastWeights = lastWeights
        self.test = test
        self.predictions = predictions
        self.thumbnails = thumbnails
    }
}

/// What a training run reports while it works.
package enum TrainingEvent: Sendable {
    /// Goes on from a checkpoint after so many epochs.
    case resumed(epochs: Int)
    case batch(epoch: Int, done: Int, of: Int)
    case epoch(EpochRecord)
}
