import Clips
import Kernels
import Networks
import Studies
import Tensors

/// One run: trains a network on clips, epoch by epoch, and keeps the best.
package final class TrainingRun {
    /// The histories of a run, in this order.
    package static let metricNames = [
        "train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr",
    ]

    private let settings: TrainingSettings
    private let data: ClipSplits
    private let context: ComputeContext
    private let network: any Network
    private let loss: CrossEntropy
    private let batches: TrainingBatches
    private var views = ClipViews()
    private let optimizer: Optimizer
    private var step: UInt64 = 0
    private var frozen: FrozenParameters?

    package init(settings: TrainingSettings, data: ClipSplits, context: ComputeContext) {
        self.settings = settings
        self.data = data
        self.context = context
        batches = TrainingBatches(
            clips: data.train, augmentation: settings.augmentation, seed: settings.seed)
        let clips = min(
            settings.batchSize, max(data.train.count, data.val.count, data.test?.count ?? 0))
        network = NetworkRegistry.model(settings.model).init(
            shape: networkShape(data.train.format, classes: data.classes.count, settings: settings),
            clips: clips,
            context: context, seed: settings.seed)
        loss = CrossEntropy(classes: data.classes.count, clips: clips, context: context)
        optimizer = Optimizer(
            settings.optimizer, weights: network.parameters.weights,
            gradients: network.parameters.gradients,
            weightDecay: settings.weightDecay, momentum: settings.momentum, context: context)
    }

    /// Starts from stored weights instead of drawn ones.
    /// - Parameter skipped: patterns of names that keep their drawn start.
    /// - Throws: `WeightMismatch` with all names and shapes that do not fit.
    package func start(from weights: [Tensor], except skipped: [String]) throws {
        try network.parameters.load(weights, except: skipped)
    }

    /// Trains to the end.
    /// - Parameters:
    ///   - checkpoint: where an earlier try stopped; nil starts afresh.
    ///   - keeper: is given checkpoints when it asks for them.
    ///   - seconds: a clock; only differences count, and only for the record.
    ///   - report: is called after each batch and epoch.
    /// - Throws: `UnfitCheckpoint`, and what `keeper` and `report` throw.
    package func train(
        from checkpoint: Checkpoint? = nil, keeper: (any CheckpointKeeper)? = nil,
        clock seconds: () -> Double,
        report: (TrainingEvent) throws -> Void
    ) throws -> TrainingResult {
        var progress = Progress()
        if let checkpoint {
            try restore(checkpoint, &progress)
            try report(.resumed(epochs: checkpoint.epochs))
        }
        frozen =
            settings.frozen.isEmpty
            ? nil : try FrozenParameters(settings.frozen, of: network.parameters)
        var outcome = Outcome.trained
        while progress.epochs < settings.epochs && !progress.stopping(settings).shouldStop {
            let epoch = progress.epochs + 1
            let start = seconds() - progress.openSeconds
            let lr = settings.lr * settings.schedule.factor(epoch: epoch, epochs: settings.epochs)
            let train = try trainEpoch(
                epoch, lr: lr, &progress, keeper, elapsed: { seconds() - start }, report: report)
            outcome = train.loss.isFinite ? .trained : .diverged
            let val =
                outcome == .trained ? try evaluate(data.val) : Score(loss: .nan, accuracy: .nan)
            let values = [train.loss, train.accuracy, val.loss, val.accuracy, lr]
            let isBest = progress.record(values, settings)
            if isBest { progress.bestWeights = network.parameters.tensors }
            progress.seconds.append(seconds() - start)
            try report(
                .epoch(
                    EpochRecord(
                        epoch: epoch, values: values, seconds: seconds() - start, isBest: isBest)))
            if outcome == .diverged { break }
            if let keeper, keeper.isDue(atEndOfEpoch: true) { try keeper.keep(state(progress)) }
        }
        let last = network.parameters.tensors
        let (test, predictions) = try judge(progress.bestWeights)
        return TrainingResult(
            outcome: outcome, histories: progress.histories, seconds: progress.seconds,
            best: progress.stopping(settings).best,
            stoppedEarly: outcome == .trained && progress.epochs < settings.epochs,
            weights: progress.bestWeights,
            lastWeights: last, test: test, predictions: predictions,
            thumbnails: try predictions.last.flatMap {
                try ClipThumbnails($0, $0.split == .test ? data.test ?? data.val : data.val)
            }
        )
    }

    /// How far a training has come.
    private struct Progress {
        var histories = TrainingRun.metricNames.map { History(name: $0) }
        var seconds: [Double] = []
        var bestWeights: [Tensor] = []
        /// Of the epoch that is under way.
        var batches = 0
        var lossSum = 0.0
        var correct = 0
        var openSeconds = 0.0

        var epochs: Int { histories[0].values.count }

        /// What the epochs so far mean for the next.
        func stopping(_ settings: TrainingSettings) -> EarlyStopping {
            var stopping = EarlyStopping(metric: settings.metric, patience: settings.patience)
            let diverged = histories[0].values.map { !$0.isFinite }
            guard let judged = histories.first(where: { $0.name == settings.metric.name }) else {
                return stopping
            }
            for (value, isLost) in zip(judged.values, diverged) {
                _ = stopping.record(isLost ? .nan : value)
            }
            return stopping
        }

        /// Takes in a finished epoch.
        /// - Returns: whether it is the best so far.
        mutating func record(_ values: [Double], _ settings: TrainingSettings) -> Bool {
            for (index, value) in values.enumerated() { histories[index].values.append(value) }
            (batches, lossSum, correct, openSeconds) = (0, 0, 0, 0)
            return stopping(settings).best?.epoch == epochs
        }
    }

    private func state(_ progress: Progress) -> Checkpoint {
        let parameters = network.parameters
        return Checkpoint(
            epochs: progress.epochs, step: step, batches: progress.batches,
            lossSum: progress.lossSum,
            correct: progress.correct, histories: progress.histories, seconds: progress.seconds,
            openSeconds: progress.openSeconds, layout: parameters.layout,
            weights: Array(parameters.weights.elements),
            averages: Array(parameters.averages.elements),
            first: Array(optimizer.first.elements), second: Array(optimizer.second.elements),
            bestWeights: progress.bestWeights)
    }

    private func restore(_ checkpoint: Checkpoint, _ progress: inout Progress) throws {
        let parameters = network.parameters
        let states = [
            (parameters.weights, checkpoint.weights), (parameters.averages, checkpoint.averages),
            (optimizer.first, checkpoint.first), (optimizer.second, checkpoint.second),
        ]
        let names = parameters.tensors.map(\.name)
        let best = Dictionary(
            checkpoint.bestWeights.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let bestWeights = names.compactMap { best[$0] }
        let batches = (data.train.count + settings.batchSize - 1) / settings.batchSize
        guard checkpoint.layout == parameters.layout, states.allSatisfy({ $0.count == $1.count }),
            (0...batches).contains(checkpoint.batches), checkpoint.openSeconds >= 0,
            checkpoint.histories.map(\.name) == TrainingRun.metricNames,
            checkpoint.histories.allSatisfy({ $0.values.count == checkpoint.epochs }),
            checkpoint.seconds.count == checkpoint.epochs, checkpoint.epochs <= settings.epochs,
            checkpoint.bestWeights.isEmpty || bestWeights.count == names.count
        else { throw UnfitCheckpoint() }
        for (buffer, values) in states {
            for (index, value) in values.enumerated() { buffer.pointer[index] = value }
        }
        step = checkpoint.step
        optimizer.resume(after: Int(checkpoint.step))
        progress.histories = checkpoint.histories
        progress.seconds = checkpoint.seconds
        progress.bestWeights = bestWeights
        progress.batches = checkpoint.batches
        progress.lossSum = checkpoint.lossSum
        progress.correct = checkpoint.correct
        progress.openSeconds = checkpoint.openSeconds
    }

    private struct Score {
        var loss: Double
        var accuracy: Double
    }

    private func trainEpoch(
        _ epoch: Int, lr: Double, _ progress: inout Progress, _ keeper: (any CheckpointKeeper)?,
        elapsed: () -> Double, report: (TrainingEvent) throws -> Void
    ) throws -> Score {
        var order = Array(0..<data.train.count)
        var stream = RandomStream(seed: settings.seed, purpose: .order, part: UInt32(epoch))
        stream.shuffle(&order)
        let batches = (order.count + settings.batchSize - 1) / settings.batchSize
        while progress.batches < batches {
            let start = progress.batches * settings.batchSize
            let clips = Array(order[start..<min(start + settings.batchSize, order.count)])
            var sum = progress.lossSum
            progress.correct += try trainBatch(clips, epoch: epoch, lr: lr) { sum += Double($0) }
            progress.lossSum = sum
            progress.batches += 1
            guard sum.isFinite else { return Score(loss: sum, accuracy: .nan) }
            if let keeper, keeper.isDue(atEndOfEpoch: false) {
                progress.openSeconds = elapsed()
                try keeper.keep(state(progress))
            }
            try report(.batch(epoch: epoch, done: progress.batches, of: batches))
        }
        return Score(
            loss: progress.lossSum / Double(order.count),
            accuracy: Double(progress.correct) / Double(order.count))
    }

    /// - Returns: how many of the clips were classified correctly before the step.
    private func trainBatch(_ clips: [Int], epoch: Int, lr: Double, takeLoss: (Float) -> Void)
        throws -> Int
    {
        let labels = try batches.load(clips, epoch: epoch, into: network.input)
        network.pack()
        let logits = network.forward(batch: clips.count, .training(seed: settings.seed, step: step))
        loss.losses(logits, labels).forEach(takeLoss)
        let correct = labels.indices.count { logits.prediction(clip: $0) == labels[$0].first }
        network.backward(loss.gradient(labels))
        frozen?.clearGradients()
        if settings.clipNorm > 0 {
            clipGradients(network.parameters.gradients, limit: settings.clipNorm, context: context)
        }
        optimizer.step(lr: lr)
        frozen?.restore()
        step += 1
        return correct
    }

    /// Loss and accuracy on one split, without dropout, batch norm by its averages.
    private func evaluate(
        _ clips: FramedClips,
        tally: ((_ logits: Logits, _ place: Int, _ predicted: Int) -> Void)? = nil
    ) throws -> Score {
        network.pack(training: false)
        var loss = 0.0
        var correct = 0
        for start in stride(from: 0, to: clips.count, by: network.clips) {
            let part = Array(start..<min(start + network.clips, clips.count))
            try network.input.load(clips, part, &views)
            let labels = part.map { clips.label($0) }
            let logits = network.forward(batch: part.count, .evaluation)
            for value in self.loss.losses(logits, labels.map { MixedLabel($0) }) {
                loss += Double(value)
            }
            for (clip, label) in labels.enumerated() {
                let guess = logits.prediction(clip: clip)
                if guess == label { correct += 1 }
                if let tally { tally(logits, clip, guess) }
            }
        }
        return Score(
            loss: loss / Double(clips.count), accuracy: Double(correct) / Double(clips.count))
    }

    /// The predictions of the best weights for the validation clips and the test clips, which did
    /// not influence the choice of the epoch.
    private func judge(_ weights: [Tensor]) throws -> (TestResult?, [ClipPredictions]) {
        guard !weights.isEmpty else { return (nil, []) }
        do { try network.parameters.load(weights) } catch {
            preconditionFailure("a network's own weights fit it: \(error)")
        }
        func predictions(_ split: Split, _ clips: FramedClips) throws -> (Score, ClipPredictions) {
            var made = ClipPredictions(
                split: split, names: clips.names, labels: clips.labels, predicted: [],
                probabilities: [])
            let score = try evaluate(clips) { [loss] logits, clip, predicted in
                made.predicted.append(predicted)
                made.probabilities.append(loss.probabilities?.values(clip: clip)[predicted] ?? .nan)
                made.logits += logits.values(clip: clip)
            }
            return (score, made)
        }
        let (_, val) = try predictions(.val, data.val)
        guard let clips = data.test, clips.count > 0 else { return (nil, [val]) }
        let (score, test) = try predictions(.test, clips)
        let classes = data.classes.count
        var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
        for (label, predicted) in zip(test.labels, test.predicted) {
            confusion[label][predicted] += 1
        }
        return (
            TestResult(loss: score.loss, accuracy: score.accuracy, confusion: confusion),
            [val, test]
        )
    }
}

extension Logits {
    /// The most probable class of a clip; ties go to the first.
    fileprivate func prediction(clip: Int) -> Int {
        let logits = values(clip: clip)
        return logits.indices.max {
            logits[$0] < logits[$1] || (logits[$0] == logits[$1] && $0 > $1)
        } ?? 0
    }
}

/// The network of these settings for clips of this format.
func networkShape(_ format: ClipFormat, classes: Int, settings: TrainingSettings) -> NetworkShape {
    var shape = NetworkShape(
        frames: format.frames, height: format.height, width: format.width,
        channels: format.channels,
        filters: settings.filters, classes: classes, dropout: Float(settings.dropout),
        batchNormMomentum: Float(settings.batchNormMomentum))
    shape.parts = settings.parts
    return shape
}

/// A checkpoint that belongs to other settings or data.
package struct UnfitCheckpoint: Error, CustomStringConvertible {
    package var description: String { "the checkpoint does not fit this run" }
}

/// Goes up with every change to the code that changes the bits of a result. Part of a run's
/// identity.
package let numericsRevision = 4
