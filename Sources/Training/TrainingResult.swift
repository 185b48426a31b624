import Clips
import Tensors

/// What one epoch gave.
package struct EpochRecord: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Deterministic metrics in the order of `metricNames`.
    package var values: [Double]
    package var seconds: Double
    package var isBest: Bool
}

/// How a run ended that ended by itself.
package enum Outcome: String, Sendable, Codable {
    /// All epochs, or stopped early.
    case trained
    /// The loss was not a finite number: training stopped there.
    case diverged
}

/// How well the best weights do on clips nobody chose anything by.
package struct TestResult: Sendable, Equatable {
    package var loss: Double
    package var accuracy: Double
    /// `[true class][predicted class]`, counts of clips.
    package var confusion: [[Int]]

    package init(loss: Double, accuracy: Double, confusion: [[Int]]) {
        self.loss = loss
        self.accuracy = accuracy
        self.confusion = confusion
    }
}

/// What the best weights say of each clip of one split.
package struct ClipPredictions: Sendable, Equatable {
    package var split: Split
    package var names: [String]
    /// Class numbers: the true one, and the most probable.
    package var labels, predicted: [Int]
    /// Of the most probable class.
    package var probabilities: [Float]
    /// `[clip][class]`; empty in run files that were written without.
    package var logits: [Float]

    package init(
        split: Split, names: [String], labels: [Int], predicted: [Int], probabilities: [Float], logits: [Float] = []
    ) {
        self.split = split
        self.names = names
        self.labels = labels
        self.predicted = predicted
        self.probabilities = probabilities
        self.logits = logits
    }
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

    package init(
        outcome: Outcome, histories: [History], seconds: [Double], best: BestEpoch?, stoppedEarly: Bool,
        weights: [Tensor], lastWeights: [Tensor] = [], test: TestResult?, predictions: [ClipPredictions] = [],
        thumbnails: ClipThumbnails? = nil
    ) {
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

/// What a training tells while it works.
package enum TrainingEvent: Sendable {
    /// Goes on from a checkpoint after so many epochs.
    case resumed(epochs: Int)
    case batch(epoch: Int, done: Int, of: Int)
    case epoch(EpochRecord)
}
