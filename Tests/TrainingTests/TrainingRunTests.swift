import Clips
import Kernels
import Networks
import Studies
import Tensors
import Testing
import Training

/// A toy: 4 words, 16 training clips of 6 frames of 16×16.
func toyData() throws -> ClipSplits {
    var set = VisemeSet()
    (set.words, set.trainSpeakers, set.valSpeakers, set.testSpeakers, set.takes) = (4, 2, 1, 1, 2)
    set.difficulty = 0.1
    return try PreparedData(source: .visemes(set), digest: set.digest, file: nil)
        .load(ClipFormat(frames: 6, height: 16, width: 16, channels: 1, padding: true))
}

private func toySettings() -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.filters, settings.batchSize, settings.epochs, settings.patience, settings.seed) = (
        2, 5, 2, 0, 9
    )
    settings.lr = 0.01
    return settings
}

private func train(_ settings: TrainingSettings, _ width: VectorWidth = .best, threads: Int = 1)
    throws
    -> TrainingResult
{
    let run = TrainingRun(
        settings: settings, data: try toyData(),
        context: ComputeContext(kernels: width.kernels, threads: threads))
    var result = try run.train(clock: { 0 }) { _ in }
    result.seconds = []
    return result
}

@Test(arguments: OptimizerKind.allCases)
func trainingGivesTheSameBitsAtEveryWidthAndNumberOfThreads(kind: OptimizerKind) throws {
    var settings = toySettings()
    settings.optimizer = kind
    settings.clipNorm = 1
    settings.augmentation.shift = 1
    settings.augmentation.flip = true
    settings.augmentation.mixup = 0.4
    let plain = try train(settings, .plain)
    #expect(plain.outcome == .trained && !plain.weights.isEmpty)
    for width in VectorWidth.allCases where width.isAvailable {
        #expect(try train(settings, width, threads: width == .best ? 3 : 1) == plain, "\(width)")
    }
}

@Test func anotherSeedGivesAnotherResult() throws {
    var other = toySettings()
    other.seed = 10
    #expect(try train(toySettings()) != train(other))
}

@Test func aRunLearns() throws {
    var settings = toySettings()
    (settings.filters, settings.epochs, settings.lr, settings.dropout) = (4, 50, 0.003, 0)
    let loss = try train(settings).histories[0].values
    #expect(loss[49] < loss[0] * 0.5, "\(loss)")
}

@Test func aRunThatDivergesStopsThereAndKeepsItsHistory() throws {
    var settings = toySettings()
    (settings.optimizer, settings.lr, settings.epochs) = (.sgd, 1e38, 20)
    let result = try train(settings)
    #expect(result.outcome == .diverged)
    let loss = result.histories[0].values
    #expect(loss.count < 20 && !(loss.last ?? 0).isFinite)
    #expect(!result.stoppedEarly)
}

@Test func testResultsCountEveryTestClipOnce() throws {
    let result = try train(toySettings())
    let test = try #require(result.test)
    #expect(test.confusion.flatMap { $0 }.reduce(0, +) == 8)
    let right = (0..<4).reduce(0) { $0 + test.confusion[$1][$1] }
    #expect(test.accuracy == Double(right) / 8)
    #expect(result.predictions.map(\.split) == [.val, .test])
    let told = result.predictions[1]
    #expect(told.names.count == 8 && Set(told.names).count == 8)
    #expect(zip(told.labels, told.predicted).count { $0 == $1 } == right)
    #expect(told.probabilities.allSatisfy { $0 > 0.25 && $0 <= 1 })
    let val = result.predictions[0]
    let hits = zip(val.labels, val.predicted).count { $0 == $1 }
    #expect(
        Double(hits) / Double(val.names.count) == result.best?.value, "the best epoch's accuracy")
}

@Test func earlyStoppingWaitsItsPatienceAndTiesGoToTheEarlierEpoch() {
    var stopping = EarlyStopping(metric: .valAccuracy, patience: 2)
    let isBest = [stopping.record(0.5), stopping.record(0.5)]
    #expect(isBest == [true, false])
    #expect(!stopping.shouldStop)
    // What is not finite is neither best nor a reason to stop.
    let others = [stopping.record(.nan), stopping.record(.infinity), stopping.record(-.infinity)]
    #expect(others == [false, false, false] && !stopping.shouldStop)
    _ = stopping.record(0.25)
    #expect(stopping.shouldStop)
    #expect(stopping.best == BestEpoch(epoch: 1, value: 0.5))
    var never = EarlyStopping(metric: Metric(name: "val_loss", goal: .minimize), patience: 0)
    for value in [3.0, 2, 4, 5, 6, 7] { _ = never.record(value) }
    #expect(!never.shouldStop && never.best == BestEpoch(epoch: 2, value: 2))
}

@Test func schedulesFollowTheirDefinition() {
    func factors(_ schedule: LearningRateSchedule, _ epochs: Int) -> [Double] {
        (1...epochs).map { schedule.factor(epoch: $0, epochs: epochs) }
    }
    #expect(factors(LearningRateSchedule(), 3) == [1, 1, 1])
    #expect(
        factors(LearningRateSchedule(kind: .step, stepEpochs: 2, stepFactor: 0.5), 5) == [
            1, 1, 0.5, 0.5, 0.25,
        ])
    #expect(factors(LearningRateSchedule(warmupEpochs: 3), 5) == [0.25, 0.5, 0.75, 1, 1])
    let cosine = factors(LearningRateSchedule(kind: .cosine), 4)
    for (got, expected) in zip(cosine, [1, 0.853_553_390_593_273_8, 0.5, 0.146_446_609_406_726_2]) {
        #expect(abs(got - expected) < 1e-14)
    }
}

/// Keeps every checkpoint there is.
final class Keeper: CheckpointKeeper {
    private(set) var kept: [Checkpoint] = []

    func isDue(atEndOfEpoch: Bool) -> Bool { true }
    func keep(_ checkpoint: Checkpoint) { kept.append(checkpoint) }
}

@Test(arguments: OptimizerKind.allCases)
func aRunGoesOnFromAnyCheckpointToTheSameResult(kind: OptimizerKind) throws {
    var settings = toySettings()
    (settings.optimizer, settings.epochs, settings.patience, settings.clipNorm) = (kind, 4, 2, 1)
    settings.augmentation.mixup = 0.4
    settings.frozen = ["resnet.layer1.*", "*.running_mean"]
    let data = try toyData()
    func run() -> TrainingRun {
        TrainingRun(
            settings: settings, data: data,
            context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1))
    }
    let keeper = Keeper()
    let whole = try run().train(keeper: keeper, clock: { 0 }) { _ in }
    // 16 clips in batches of 5: four checkpoints in an epoch, one at its end.
    #expect(keeper.kept.count == 5 * whole.histories[0].values.count)
    for checkpoint in keeper.kept {
        #expect(
            try run().train(from: checkpoint, clock: { 0 }) { _ in } == whole,
            "after \(checkpoint.epochs) epochs and \(checkpoint.batches) batches")
    }
}

private func run(
    _ settings: TrainingSettings, from weights: [Tensor], except skipped: [String] = []
) throws
    -> TrainingResult
{
    let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)
    let run = TrainingRun(settings: settings, data: try toyData(), context: context)
    try run.start(from: weights, except: skipped)
    return try run.train(clock: { 0 }) { _ in }
}

@Test func aRunThatStartsFromStoredWeightsAndHoldsAllStaysThere() throws {
    let source = try train(toySettings())
    var settings = toySettings()
    (settings.seed, settings.epochs, settings.frozen) = (99, 1, ["*"])
    let result = try run(settings, from: source.weights)
    #expect(result.weights == source.weights)
    let best = try #require(source.best)
    for index in [2, 3] {
        #expect(result.histories[index].values[0] == source.histories[index].values[best.epoch - 1])
    }
    #expect(result.test == source.test && result.predictions == source.predictions)
}

@Test func frozenParametersStayAndTheOthersMove() throws {
    let source = try train(toySettings())
    for kind in OptimizerKind.allCases {
        var settings = toySettings()
        (settings.optimizer, settings.weightDecay, settings.clipNorm) = (kind, 0.1, 0.5)
        settings.frozen = ["resnet.*"]
        let result = try run(settings, from: source.weights)
        for (before, after) in zip(source.weights, result.lastWeights) {
            #expect((before == after) == before.name.hasPrefix("resnet."), "\(kind) \(before.name)")
        }
    }
}

@Test func weightsThatDoNotFitAreToldAllAtOnce() throws {
    let source = try train(toySettings())
    var weights = source.weights.filter { $0.name != "lstm1.bias_ih_l0" }
    let index = try #require(weights.firstIndex { $0.name == "fc.weight" })
    weights[index] = Tensor(name: "fc.weight", shape: [1, 2], values: [0, 0])
    weights.append(Tensor(name: "head.weight", shape: [1], values: [0]))
    weights.append(Tensor(name: "bn.num_batches_tracked", shape: [1], values: [0]))
    let error = #expect(throws: WeightMismatch.self) { try run(toySettings(), from: weights) }
    #expect(error?.problems.count == 3, "\(error?.description ?? "")")
    // Other classes: the last layer starts afresh.
    _ = try run(toySettings(), from: weights, except: ["fc.*", "head.*", "lstm1.bias_ih*"])
    var settings = toySettings()
    settings.frozen = ["resnet.*", "nothing.*"]
    let unused = #expect(throws: WeightMismatch.self) { try run(settings, from: source.weights) }
    #expect(unused?.problems == ["freeze: no parameter is called nothing.*"])
}

@Test(arguments: [
    ("*", "a.b", true), ("a.*", "a.b", true), ("a.*", "b.a.b", false), ("*.b", "a.b", true),
    ("a*c*e", "abcde", true),
    ("a*c*e", "abde", false), ("a", "a", true), ("a", "ab", false), ("ab*ba", "aba", false),
    ("**", "x", true),
])
func patternsNameParameters(pattern: String, name: String, matches: Bool) {
    #expect(NamePattern(pattern).matches(name) == matches)
}

@Test func aCheckpointOfAnotherRunIsRefused() throws {
    let keeper = Keeper()
    let data = try toyData()
    let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)
    _ = try TrainingRun(settings: toySettings(), data: data, context: context).train(
        keeper: keeper, clock: { 0 }
    ) {
        _ in
    }
    var larger = toySettings()
    larger.filters = 3
    let other = TrainingRun(settings: larger, data: data, context: context)
    #expect(throws: UnfitCheckpoint.self) {
        try other.train(from: keeper.kept[0], clock: { 0 }) { _ in }
    }
}

/// What a network reads of clips is what `withFrames` shows, to the bit: each byte divided by 255.
@Test(
    arguments: [(1, 8, 3), (1, 32, 16), (3, 11, 5), (1, 17, 33)],
    VectorWidth.allCases.filter(\.isAvailable))
func networksReadTheClipsThatAreShown(
    sizes: (channels: Int, size: Int, batch: Int), width: VectorWidth
) throws {
    let (channels, size, batch) = sizes
    var format = ClipFormat(frames: 3, height: 9, width: size, channels: channels, padding: false)
    (format.margin, format.keepsAllFrames) = (3, true)
    var stream = RandomStream(seed: 1, purpose: .visemes)
    var clips = FramedClips(format: format)
    for clip in 0..<batch {
        let frames = (0..<3 + clip % 3).map { _ in
            Picture(
                width: size + 3, height: 12, channels: channels,
                pixels: (0..<(size + 3) * 12 * channels).map { _ in
                    UInt8(truncatingIfNeeded: stream.next())
                })
        }
        clips.append(Clip(name: "\(clip)", label: clip % 2, frames: frames))
    }
    let shape = NetworkShape(
        frames: 3, height: 9, width: size, channels: channels, filters: 1, classes: 2, dropout: 0,
        batchNormMomentum: 0.1)
    let context = ComputeContext(kernels: width.kernels, threads: 1)
    func logits(_ put: (FrameInput) throws -> Void) rethrows -> [[Float]] {
        let network = Network(
            NetworkRegistry.plan("resnet18_lstm", shape), clips: batch, context: context, seed: 5)
        network.pack(training: false)
        try put(network.input)
        let logits = network.forward(batch: batch, .evaluation)
        return (0..<batch).map { logits.values(clip: $0) }
    }
    var changes = Augmentation()
    (changes.flip, changes.shift, changes.crop, changes.speed, changes.mask) = (true, 2, 3, 0.3, 2)
    (changes.brightness, changes.contrast) = (0.5, 0.5)
    for (augmentation, alpha) in [(Augmentation(), 0.0), (changes, 0), (changes, 0.4)] {
        var augmentation = augmentation
        augmentation.mixup = alpha
        let read = try logits {
            _ = try TrainingBatches(clips: clips, augmentation: augmentation, seed: 7)
                .load(Array(0..<batch), epoch: 2, into: $0)
        }
        func numbers(_ clip: Int) throws -> [[Float]] {
            let draw = augmentation.isOff ? nil : augmentation.draw(seed: 7, epoch: 2, clip: clip)
            var all: [[Float]] = []
            try clips.withFrames(of: clip, changed: draw) { _, pixels in
                all.append((0..<9 * size * channels).map { Float(pixels[$0]) / 255 })
            }
            return all
        }
        let shown = try logits { input in
            for clip in 0..<batch {
                let own = try numbers(clip)
                let partner = augmentation.partner(seed: 7, epoch: 2, clip: clip, count: batch)
                let other = try partner.map { try numbers($0.clip) }
                for time in 0..<3 {
                    var values = own[time]
                    if let partner, let other {
                        for at in values.indices {
                            values[at] =
                                partner.share * values[at] + (1 - partner.share) * other[time][at]
                        }
                    }
                    input.setFrame(values: values, clip: clip, time: time, batch: batch)
                }
            }
        }
        #expect(read == shown)
    }
}
