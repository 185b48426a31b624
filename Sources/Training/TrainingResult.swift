import Clips
import Tensors

/// What one epoch gave.
public struct EpochRecord: Sendable, Equatable {
    /// From 1.
    public var epoch: Int
    /// Deterministic metrics in the order of `metricNames`.
    public var values: [Double]
    public var seconds: Double
    public var isBest: Bool
}

/// How a run ended that ended by itself.
public enum Outcome: String, Sendable, Codable {
    /// All epochs, or stopped early.
    case trained
    /// The loss was not a finite number: training stopped there.
    case diverged
}

/// How well the best weights do on clips nobody chose anything by.
public struct TestResult: Sendable, Equatable {
    public var loss: Double
    public var accuracy: Double
    /// `[true class][predicted class]`, counts of clips.
    public var confusion: [[Int]]

    public init(loss: Double, accuracy: Double, confusion: [[Int]]) {
        self.loss = loss
        self.accuracy = accuracy
        self.confusion = confusion
    }
}

/// What the best weights say of each clip of one split.
public struct ClipPredictions: Sendable, Equatable {
    public var split: Split
    public var names: [String]
    /// Class numbers: the true one, and the most probable.
    public var labels, predicted: [Int]
    /// Of the most probable class.
    public var probabilities: [Float]
    /// `[clip][class]`; empty in run files that were written without.
    public var logits: [Float]

    public init(
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
public struct TrainingResult: Sendable, Equatable {
    public var outcome: Outcome
    public var histories: [History]
    /// Wall-clock seconds of each epoch: measured, not part of what is reproduced.
    public var seconds: [Double]
    /// Nil where no epoch gave a number.
    public var best: BestEpoch?
    public var stoppedEarly: Bool
    /// Weights of the best epoch, with the batch-norm averages; empty where there is none.
    public var weights: [Tensor]
    /// Those of the last epoch.
    public var lastWeights: [Tensor]
    public var test: TestResult?
    /// Of the validation and test clips; none where no epoch gave a number.
    public var predictions: [ClipPredictions]
    /// Nil where there are no predictions.
    public var thumbnails: ClipThumbnails?

    public init(
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
public enum TrainingEvent: Sendable {
    /// Goes on from a checkpoint after so many epochs.
    case resumed(epochs: Int)
    case batch(epoch: Int, done: Int, of: Int)
    case epoch(EpochRecord)
}
