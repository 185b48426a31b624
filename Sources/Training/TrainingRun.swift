import Clips
import Kernels
import Networks
import Studies
import Tensors

/// One run: trains a network on clips, epoch by epoch, and keeps the best.
package final class TrainingRun {
    /// The histories of a run, in this order.
    /// - Parameter withClasses: with those that count all classes alike.
    package static func metricNames(withClasses: Bool = false) -> [String] {
        ["train_loss", "train_accuracy", "val_loss", "val_accuracy"]
            + (withClasses ? classMetrics : []) + ["lr"]
    }

    /// Of the validation clips, every class counting alike.
    package static let classMetrics = ["val_balanced_accuracy", "val_macro_f1"]

    let settings: TrainingSettings
    let data: ClipSplits
    private let context: ComputeContext
    let network: Network
    private let loss: CrossEntropy
    private let batches: TrainingBatches
    private var views = ClipViews()
    private let evaluation: Evaluation
    let average: WeightAverage
    let optimizer: Optimizer
    /// The gradients of the batches of a step, weighted; empty where a step has one batch.
    private let accumulated: Buffer<Float>
    private var accumulatedWeight: Float = 0
    var step: UInt64 = 0
    private var frozen: FrozenParameters?

    package init(settings: TrainingSettings, data: ClipSplits, context: ComputeContext) {
        self.settings = settings
        self.data = data
        self.context = context
        batches = TrainingBatches(
            clips: data.train, augmentation: settings.augmentation, seed: settings.seed)
        let clips = min(
            settings.batchSize, max(data.train.count, data.val.count, data.test?.count ?? 0))
        network = Network(
            NetworkRegistry.plan(
                settings.model,
                networkShape(data.train.format, classes: data.classes.count, settings: settings)),
            clips: clips, context: context, seed: settings.seed)
        loss = CrossEntropy(
            classes: data.classes.count, clips: clips, smoothing: Float(settings.labelSmoothing),
            weights: settings.balancesClasses ? data.classWeights : [], context: context)
        evaluation = Evaluation(
            network, classes: data.classes.count, averagesFlips: settings.averagesFlips,
            context: context)
        average = WeightAverage(settings, network, context: context)
        accumulated = Buffer(
            count: settings.accumulate > 1 ? network.parameters.gradients.count : 0)
        optimizer = Optimizer(
            settings.optimizer, weights: network.parameters.weights,
            gradients: network.parameters.gradients,
            weightDecay: settings.weightDecay, momentum: settings.momentum,
            groups: ParameterGroup.of(network.parameters, settings), context: context)
    }

    /// Is given what each layer has computed, in training.
    package var observeLayer: ((_ layer: Int, _ output: Activations) -> Void)?
    /// Is given the parameters before each step: the gradients are those that it takes.
    package var observeGradients: ((_ parameters: Parameters) -> Void)?
    /// Is given the parameters after each step.
    package var observeStep: ((_ parameters: Parameters) -> Void)?

    /// Names of the layers, in the order of the forward pass.
    package var layerNames: [String] { network.layers.map { "\(type(of: $0))" } }

    var metricNames: [String] {
        TrainingRun.metricNames(withClasses: settings.recordsClassMetrics)
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
        var progress = Progress(metricNames)
        if let checkpoint {
            try restore(checkpoint, &progress)
            try report(.resumed(epochs: checkpoint.epochs))
        } else {
            progress.digests = [network.parameters.digest]
        }
        frozen =
            settings.frozen.isEmpty
            ? nil : try FrozenParameters(settings.frozen, of: network.parameters)
        var outcome = Outcome.trained
        while progress.epochs < settings.epochs && !progress.stopping(settings).shouldStop {
            let epoch = progress.epochs + 1
            let start = seconds() - progress.openSeconds
            let train = try trainEpoch(
                epoch, &progress, keeper, elapsed: { seconds() - start }, report: report)
            outcome = train.loss.isFinite ? .trained : .diverged
            average.take(epoch: epoch)
            let isBest = try withJudgedWeights(epoch, outcome) {
                let val =
                    outcome == .trained
                    ? try evaluation.score(data.val)
                    : Evaluation.Score(loss: .nan, accuracy: .nan)
                let classes =
                    settings.recordsClassMetrics ? [val.balancedAccuracy, val.macroF1] : []
                let isBest = progress.record(
                    [train.loss, train.accuracy, val.loss, val.accuracy] + classes + [train.lr],
                    settings)
                if isBest { progress.bestWeights = network.parameters.tensors }
                return isBest
            }
            progress.seconds.append(seconds() - start)
            // Not where an earlier program began the run.
            if progress.digests.count == epoch {
                progress.digests.append(network.parameters.digest)
            }
            try report(
                .epoch(
                    EpochRecord(
                        epoch: epoch, names: metricNames,
                        values: progress.histories.map { $0.values.last ?? .nan },
                        seconds: seconds() - start, isBest: isBest)))
            if outcome == .diverged { break }
            if let keeper, keeper.isDue(atEndOfEpoch: true) { try keeper.keep(state(progress)) }
        }
        let last = try withJudgedWeights(progress.epochs, outcome) { network.parameters.tensors }
        let (test, predictions) = try judge(progress.bestWeights)
        return TrainingResult(
            outcome: outcome, histories: progress.histories, seconds: progress.seconds,
            best: progress.stopping(settings).best,
            stoppedEarly: outcome == .trained && progress.epochs < settings.epochs,
            weights: progress.bestWeights,
            lastWeights: last, test: test, predictions: predictions,
            thumbnails: try predictions.last.flatMap {
                try ClipThumbnails($0, $0.split == .test ? data.test ?? data.val : data.val)
            }, epochDigests: progress.digests
        )
    }

    /// With the averaged weights in place, where there are such.
    private func withJudgedWeights<Result>(
        _ epoch: Int, _ outcome: Outcome, _ body: () throws -> Result
    ) throws -> Result {
        guard outcome == .trained, average.isActive(epoch: epoch) else { return try body() }
        return try average.withAverage(
            measuredBy: { take in
                network.pack(training: false)
                for start in stride(from: 0, to: data.train.count, by: settings.batchSize) {
                    let clips = Array(start..<min(start + settings.batchSize, data.train.count))
                    try network.input.load(data.train, clips, &views)
                    // Numbers of steps that no training has.
                    let number = UInt64(1 << 31) + UInt64(start)
                    _ = network.forward(
                        batch: clips.count, .training(seed: settings.seed, step: number))
                    take()
                }
            }, body)
    }

    /// How far a training has come.
    struct Progress {
        var histories: [History]
        var seconds: [Double] = []
        var bestWeights: [Tensor] = []
        /// Of the parameters at the start and after each epoch.
        var digests: [String] = []
        /// Of the epoch that is under way.
        var batches = 0
        var lossSum = 0.0
        var correct = 0
        var openSeconds = 0.0

        init(_ names: [String]) { histories = names.map { History(name: $0) } }

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

    private func trainEpoch(
        _ epoch: Int, _ progress: inout Progress, _ keeper: (any CheckpointKeeper)?,
        elapsed: () -> Double, report: (TrainingEvent) throws -> Void
    ) throws -> (loss: Double, accuracy: Double, lr: Double) {
        var order = Array(0..<data.train.count)
        var stream = RandomStream(seed: settings.seed, purpose: .order, part: UInt32(epoch))
        stream.shuffle(&order)
        let batches = (order.count + settings.batchSize - 1) / settings.batchSize
        let steps = (batches + settings.accumulate - 1) / settings.accumulate
        func lr(step: Int) -> Double {
            settings.lr
                * settings.schedule.factor(
                    epoch: epoch, epochs: settings.epochs, step: step, of: steps)
        }
        while progress.batches < batches {
            let start = progress.batches * settings.batchSize
            let clips = Array(order[start..<min(start + settings.batchSize, order.count)])
            let endsStep =
                (progress.batches + 1) % settings.accumulate == 0
                || progress.batches + 1 == batches
            var sum = progress.lossSum
            progress.correct += try trainBatch(
                clips, epoch: epoch, lr: lr(step: progress.batches / settings.accumulate),
                endsStep: endsStep
            ) { sum += Double($0) }
            progress.lossSum = sum
            progress.batches += 1
            guard sum.isFinite else { return (sum, .nan, lr(step: steps - 1)) }
            // Between the batches of a step there are gradients that no checkpoint holds.
            if let keeper, endsStep, keeper.isDue(atEndOfEpoch: false) {
                progress.openSeconds = elapsed()
                try keeper.keep(state(progress))
            }
            try report(.batch(epoch: epoch, done: progress.batches, of: batches))
        }
        return (
            progress.lossSum / Double(order.count),
            Double(progress.correct) / Double(order.count), lr(step: steps - 1)
        )
    }

    /// - Returns: how many of the clips were classified correctly before the step.
    private func trainBatch(
        _ clips: [Int], epoch: Int, lr: Double, endsStep: Bool, takeLoss: (Float) -> Void
    ) throws -> Int {
        let labels = try batches.load(clips, epoch: epoch, into: network.input)
        network.pack()
        let logits = network.forward(
            batch: clips.count, .training(seed: settings.seed, step: step), observing: observeLayer)
        loss.trainingLosses(logits, labels).forEach(takeLoss)
        let correct = labels.indices.count {
            greatest(logits.values(clip: $0)) == labels[$0].first
        }
        network.backward(loss.gradient(labels))
        if settings.accumulate > 1 { accumulate(loss.weight(labels), endsStep: endsStep) }
        step += 1
        guard endsStep else { return correct }
        frozen?.clearGradients()
        if settings.clipNorm > 0 {
            clipGradients(network.parameters.gradients, limit: settings.clipNorm, context: context)
        }
        observeGradients?(network.parameters)
        optimizer.step(lr: lr)
        frozen?.restore()
        average.take(step: step - 1)
        observeStep?(network.parameters)
        return correct
    }

    /// Adds the gradients of a batch to those of its step; at the end of the step the mean is left
    /// in the gradients' place.
    private func accumulate(_ weight: Float, endsStep: Bool) {
        let gradients = network.parameters.gradients
        for at in 0..<accumulated.count {
            accumulated.pointer[at] += weight * gradients.pointer[at]
        }
        accumulatedWeight += weight
        guard endsStep else { return }
        for at in 0..<accumulated.count {
            gradients.pointer[at] = accumulated.pointer[at] / accumulatedWeight
        }
        accumulated.clear()
        accumulatedWeight = 0
    }

    /// The predictions of the best weights for the validation clips and the test clips, which did
    /// not influence the choice of the epoch.
    private func judge(_ weights: [Tensor]) throws -> (TestResult?, [ClipPredictions]) {
        guard !weights.isEmpty else { return (nil, []) }
        do { try network.parameters.load(weights) } catch {
            preconditionFailure("a network's own weights fit it: \(error)")
        }
        func predictions(_ split: Split, _ clips: FramedClips) throws
            -> (Evaluation.Score, ClipPredictions)
        {
            var made = ClipPredictions(
                split: split, names: clips.names, labels: clips.labels, predicted: [],
                probabilities: [])
            let score = try evaluation.score(clips) { logits, predicted, probability in
                made.predicted.append(predicted)
                made.probabilities.append(probability)
                made.logits += logits
            }
            return (score, made)
        }
        let (_, val) = try predictions(.val, data.val)
        guard let clips = data.test, clips.count > 0 else { return (nil, [val]) }
        let (score, test) = try predictions(.test, clips)
        return (
            TestResult(loss: score.loss, accuracy: score.accuracy, confusion: score.confusion),
            [val, test]
        )
    }
}

/// Goes up with every change to the code that changes the bits of a result. Part of a run's
/// identity.
package let numericsRevision = 4
