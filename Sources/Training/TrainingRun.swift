import Clips
import Kernels
import Networks
import Tensors

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

    public init() {}
}

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
    public var test: TestResult?

    public init(
        outcome: Outcome, histories: [History], seconds: [Double], best: BestEpoch?, stoppedEarly: Bool,
        weights: [Tensor], test: TestResult?
    ) {
        self.outcome = outcome
        self.histories = histories
        self.seconds = seconds
        self.best = best
        self.stoppedEarly = stoppedEarly
        self.weights = weights
        self.test = test
    }
}

/// What a training tells while it works.
public enum TrainingEvent: Sendable {
    case batch(epoch: Int, done: Int, of: Int)
    case epoch(EpochRecord)
}

/// One run: trains a network on clips, epoch by epoch, and keeps the best.
public final class TrainingRun {
    /// The histories of a run, in this order.
    public static let metricNames = ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr"]

    private let settings: TrainingSettings
    private let data: ClipSplits
    private let machine: Machine
    private let network: VisualSpeechNetwork
    private let optimizer: Optimizer
    private var step: UInt64 = 0

    public init(settings: TrainingSettings, data: ClipSplits, machine: Machine) {
        self.settings = settings
        self.data = data
        self.machine = machine
        network = VisualSpeechNetwork(
            shape: networkShape(data.train.format, classes: data.classes.count, settings: settings),
            clips: min(settings.batchSize, max(data.train.count, data.val.count, data.test?.count ?? 0)),
            machine: machine,
            seed: settings.seed)
        optimizer = Optimizer(
            settings.optimizer, weights: network.parameters.weights, gradients: network.parameters.gradients,
            weightDecay: settings.weightDecay, momentum: settings.momentum, machine: machine)
    }

    /// Trains to the end.
    /// - Parameters:
    ///   - seconds: a clock; only differences count, and only for the record.
    ///   - report: is told of each batch and epoch.
    public func train(clock seconds: () -> Double, report: (TrainingEvent) throws -> Void) rethrows -> TrainingResult {
        var histories = TrainingRun.metricNames.map { History(name: $0) }
        var durations: [Double] = []
        var stopping = EarlyStopping(metric: settings.metric, patience: settings.patience)
        var bestWeights: [Tensor] = []
        var outcome = Outcome.trained
        for epoch in 1...settings.epochs {
            let start = seconds()
            let lr = settings.lr * settings.schedule.factor(epoch: epoch, epochs: settings.epochs)
            let train = try trainEpoch(epoch, lr: lr, report: report)
            outcome = train.loss.isFinite ? .trained : .diverged
            let val = outcome == .trained ? evaluate(data.val) : Score(loss: .nan, accuracy: .nan)
            let values = [train.loss, train.accuracy, val.loss, val.accuracy, lr]
            for (index, value) in values.enumerated() { histories[index].values.append(value) }
            let judged = TrainingRun.metricNames.firstIndex(of: settings.metric.name).map { values[$0] } ?? .nan
            let isBest = stopping.record(outcome == .trained ? judged : .nan)
            if isBest { bestWeights = network.parameters.tensors }
            durations.append(seconds() - start)
            try report(.epoch(EpochRecord(epoch: epoch, values: values, seconds: durations[epoch - 1], isBest: isBest)))
            if outcome == .diverged || stopping.shouldStop { break }
        }
        return TrainingResult(
            outcome: outcome, histories: histories, seconds: durations, best: stopping.best,
            stoppedEarly: outcome == .trained && durations.count < settings.epochs, weights: bestWeights,
            test: bestWeights.isEmpty ? nil : testBest(bestWeights))
    }

    private struct Score {
        var loss: Double
        var accuracy: Double
    }

    private func trainEpoch(
        _ epoch: Int, lr: Double, report: (TrainingEvent) throws -> Void
    ) rethrows -> Score {
        var order = Array(0..<data.train.count)
        var stream = RandomStream(seed: settings.seed, purpose: .order, part: UInt32(epoch))
        stream.shuffle(&order)
        var loss = 0.0
        var correct = 0
        let batches = (order.count + settings.batchSize - 1) / settings.batchSize
        for batch in 0..<batches {
            let clips = Array(order[batch * settings.batchSize..<min((batch + 1) * settings.batchSize, order.count)])
            correct += trainBatch(clips, epoch: epoch, lr: lr) { loss += Double($0) }
            guard loss.isFinite else { return Score(loss: loss, accuracy: .nan) }
            try report(.batch(epoch: epoch, done: batch + 1, of: batches))
        }
        return Score(loss: loss / Double(order.count), accuracy: Double(correct) / Double(order.count))
    }

    /// - Returns: how many of the clips were told right before the step.
    private func trainBatch(_ clips: [Int], epoch: Int, lr: Double, takeLoss: (Float) -> Void) -> Int {
        let labels = loadTraining(clips, epoch: epoch)
        network.pack()
        network.forward(batch: clips.count, training: .init(seed: settings.seed, number: step))
        network.loss(labels: labels).forEach(takeLoss)
        let correct = labels.indices.count { predicted(clip: $0) == labels[$0].first }
        network.backward(labels: labels)
        if settings.clipNorm > 0 {
            clipGradients(network.parameters.gradients, limit: settings.clipNorm, machine: machine)
        }
        optimizer.step(lr: lr)
        step += 1
        return correct
    }

    /// Puts training clips, changed and mixed as the settings say, where the network reads them.
    private func loadTraining(_ clips: [Int], epoch: Int) -> [MixedLabel] {
        let augmentation = settings.augmentation
        guard !augmentation.isOff else {
            network.load(data.train, clips)
            return clips.map { MixedLabel(data.train.label($0)) }
        }
        return clips.enumerated().map { place, clip in
            let draw = augmentation.draw(seed: settings.seed, epoch: epoch, clip: clip)
            data.train.withFrames(of: clip, changed: draw) { time, pixels in
                network.setFrame(pixels, clip: place, time: time, batch: clips.count)
            }
            let label = data.train.label(clip)
            guard
                let partner = augmentation.partner(
                    seed: settings.seed, epoch: epoch, clip: clip, count: data.train.count)
            else { return MixedLabel(label) }
            let other = augmentation.draw(seed: settings.seed, epoch: epoch, clip: partner.clip)
            data.train.withFrames(of: partner.clip, changed: other) { time, pixels in
                network.mixFrame(pixels, share: partner.share, clip: place, time: time, batch: clips.count)
            }
            return MixedLabel(first: label, second: data.train.label(partner.clip), share: partner.share)
        }
    }

    /// Loss and accuracy on one split, without dropout, batch norm by its averages.
    private func evaluate(_ clips: FramedClips, tally: ((_ label: Int, _ predicted: Int) -> Void)? = nil) -> Score {
        network.pack(training: false)
        var loss = 0.0
        var correct = 0
        for start in stride(from: 0, to: clips.count, by: network.clips) {
            let part = Array(start..<min(start + network.clips, clips.count))
            network.load(clips, part)
            let labels = part.map { clips.label($0) }
            network.forward(batch: part.count, training: nil)
            for value in network.loss(labels: labels) { loss += Double(value) }
            for (clip, label) in labels.enumerated() {
                let guess = predicted(clip: clip)
                if guess == label { correct += 1 }
                tally?(label, guess)
            }
        }
        return Score(loss: loss / Double(clips.count), accuracy: Double(correct) / Double(clips.count))
    }

    private func testBest(_ weights: [Tensor]) -> TestResult? {
        guard let test = data.test, test.count > 0 else { return nil }
        do { try network.parameters.load(weights) } catch {
            preconditionFailure("a network's own weights fit it: \(error)")
        }
        let classes = data.classes.count
        var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
        let score = evaluate(test) { confusion[$0][$1] += 1 }
        return TestResult(loss: score.loss, accuracy: score.accuracy, confusion: confusion)
    }

    private func predicted(clip: Int) -> Int {
        let logits = network.logits(clip: clip)
        return logits.indices.max { logits[$0] < logits[$1] || (logits[$0] == logits[$1] && $0 > $1) } ?? 0
    }
}

/// The network of these settings for clips of this format.
func networkShape(_ format: ClipFormat, classes: Int, settings: TrainingSettings) -> NetworkShape {
    NetworkShape(
        frames: format.frames, height: format.height, width: format.width, channels: format.channels,
        filters: settings.filters, classes: classes, dropout: Float(settings.dropout),
        batchNormMomentum: Float(settings.batchNormMomentum))
}

extension VisualSpeechNetwork {
    /// Puts whole clips where the network reads them, the first at place 0.
    func load(_ source: FramedClips, _ clips: [Int]) {
        for (place, clip) in clips.enumerated() {
            source.withFrames(of: clip) { time, pixels in
                setFrame(pixels, clip: place, time: time, batch: clips.count)
            }
        }
    }
}

/// Goes up with every change to the code that changes the bits of a result. Part of a run's identity.
public let numericsRevision = 3
