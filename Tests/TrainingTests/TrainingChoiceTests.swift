import Clips
import Kernels
import Networks
import Studies
import Tensors
import Testing
import Training

private func settings(_ change: (inout TrainingSettings) -> Void) -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.filters, settings.batchSize, settings.epochs, settings.patience, settings.seed) = (
        2, 5, 2, 0, 9
    )
    settings.lr = 0.01
    change(&settings)
    return settings
}

private func train(
    _ settings: TrainingSettings, _ width: VectorWidth = .best, threads: Int = 1,
    from checkpoint: Checkpoint? = nil, keeper: (any CheckpointKeeper)? = nil
) throws -> TrainingResult {
    let run = TrainingRun(
        settings: settings, data: try toyData(),
        context: ComputeContext(kernels: width.kernels, threads: threads))
    var result = try run.train(from: checkpoint, keeper: keeper, clock: { 0 }) { _ in }
    result.seconds = []
    return result
}

/// Every choice at once.
private let everything = settings {
    $0.model = "cnn3d_gru"
    ($0.labelSmoothing, $0.balancesClasses, $0.accumulate) = (0.1, true, 2)
    ($0.average, $0.averageDecay) = (.ema, 0.9)
    ($0.decaysAll, $0.weightDecay, $0.optimizer) = (false, 0.01, .adamw)
    ($0.scaledParameters, $0.learningRateScale) = (["conv1.*"], 0.5)
    ($0.averagesFlips, $0.recordsClassMetrics) = (true, true)
    $0.schedule = LearningRateSchedule(kind: .cosineSteps, warmupEpochs: 1)
    $0.schedule.floor = 0.1
    $0.augmentation.mixupBatch = 0.4
    ($0.augmentation.rotation, $0.augmentation.scale, $0.augmentation.erase) = (10, 0.1, 0.3)
    $0.epochs = 3
}

@Test func newChoicesGiveTheSameBitsAtEveryWidthAndNumberOfThreads() throws {
    let plain = try train(everything, .plain)
    #expect(plain.outcome == .trained && !plain.weights.isEmpty)
    #expect(
        plain.histories.map(\.name) == [
            "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy",
            "val_macro_f1", "lr",
        ])
    for width in VectorWidth.allCases where width.isAvailable {
        #expect(try train(everything, width, threads: width == .best ? 3 : 1) == plain, "\(width)")
    }
}

@Test(arguments: [WeightAverage.Kind.ema, .swa])
func aResumedRunHasTheSameAverages(kind: WeightAverage.Kind) throws {
    var settings = everything
    (settings.average, settings.averageEpochs) = (kind, 2)
    let keeper = Keeper()
    let whole = try train(settings, keeper: keeper)
    // Three epochs of four batches, two to a step: a checkpoint a step and an epoch.
    #expect(keeper.kept.count == 9)
    for checkpoint in keeper.kept {
        #expect(try train(settings, from: checkpoint) == whole, "epoch \(checkpoint.epochs)")
    }
}

/// The step of two batches is that of one of twice the size, where nothing sees the batch.
@Test func accumulatedGradientsAreThoseOfALargerBatch() throws {
    func trained(_ batch: Int, _ accumulate: Int) throws -> [Tensor] {
        try train(
            settings {
                ($0.batchSize, $0.accumulate, $0.epochs, $0.dropout) = (batch, accumulate, 1, 0)
                // Averages alone would differ between batches: nothing but the classifier learns.
                $0.frozen = ["resnet.*", "lstm*"]
                ($0.optimizer, $0.momentum, $0.lr) = (.sgd, 0, 0.1)
            }
        ).lastWeights
    }
    // Batch norm in training sees its batch, so that the features differ a little.
    let (small, large) = (try trained(8, 2), try trained(16, 1))
    let alone = try trained(8, 1)
    func classifier(_ tensors: [Tensor]) -> [Float] {
        tensors.filter { $0.name.hasPrefix("fc.") }.flatMap(\.values)
    }
    func gap(_ a: [Tensor], _ b: [Tensor]) -> Float {
        zip(classifier(a), classifier(b)).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    #expect(gap(small, large) < 0.3 * gap(alone, large))
}

@Test func theAverageOfOneEpochIsItsWeights() throws {
    func last(_ kind: WeightAverage.Kind) throws -> [Tensor] {
        try train(settings { ($0.average, $0.averageEpochs) = (kind, 1) }).lastWeights
    }
    let (plain, averaged) = (try last(.none), try last(.swa))
    for (a, b) in zip(plain, averaged) where !a.name.contains("running") {
        #expect(a == b)
    }
    // Batch norm was measured anew.
    #expect(zip(plain, averaged).contains { $0.name.contains("running_mean") && $0 != $1 })
}

@Test func parametersOfARateOfTheirOwnAndWithoutDecay() throws {
    let shape = NetworkShape(
        frames: 2, height: 8, width: 8, channels: 1, filters: 1, classes: 2, dropout: 0,
        batchNormMomentum: 0.1)
    let network = Network(
        NetworkRegistry.plan("resnet18_lstm", shape), clips: 1,
        context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1), seed: 1)
    let chosen = settings {
        $0.decaysAll = false
        ($0.scaledParameters, $0.learningRateScale) = (["fc.*"], 10)
    }
    let groups = ParameterGroup.of(network.parameters, chosen)
    #expect(groups.first?.range.lowerBound == 0)
    #expect(groups.last?.range.upperBound == network.parameters.weights.count)
    #expect(
        zip(groups, groups.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound })
    for parameter in network.parameters.trained {
        let group = try #require(groups.first { $0.range.contains(parameter.range.lowerBound) })
        #expect(group.isDecayed == (parameter.shape.count > 1), "\(parameter.name)")
        #expect(group.scale == (parameter.name.hasPrefix("fc.") ? 10 : 1), "\(parameter.name)")
    }
    #expect(ParameterGroup.of(network.parameters, settings { _ in }).isEmpty)
}

@Test func cosineStepsEndAtTheirFloor() {
    var schedule = LearningRateSchedule(kind: .cosineSteps, warmupEpochs: 1)
    schedule.floor = 0.25
    let factors = (1...3).flatMap { epoch in
        (0..<4).map { schedule.factor(epoch: epoch, epochs: 3, step: $0, of: 4) }
    }
    #expect(factors.prefix(4).map { ($0 * 5).rounded() } == [1, 2, 3, 4])
    #expect(factors[4] == 1)
    #expect(abs(factors[8] - 0.625) < 1e-12)
    // One step more would reach it.
    #expect(abs(schedule.factor(epoch: 4, epochs: 3, step: 0, of: 4) - 0.25) < 1e-12)
}

/// As scikit-learn's `balanced_accuracy_score` and `f1_score(average="macro")` give them.
@Test func metricsThatCountClassesAlike() {
    let score = Evaluation.Score(
        loss: 0, accuracy: 0, confusion: [[8, 2, 0], [1, 1, 0], [0, 0, 0]])
    #expect(abs(score.balancedAccuracy - 0.65) < 1e-12)
    #expect(abs(score.macroF1 - (16.0 / 19 + 2.0 / 5) / 2) < 1e-12)
}

@Test func aBatchIsMixedWithOneShare() {
    var augmentation = Augmentation()
    augmentation.mixupBatch = 0.4
    let mixing = augmentation.batchMixing(seed: 1, epoch: 2, clips: [7, 3, 9, 4])
    #expect(mixing.partners.sorted() == [0, 1, 2, 3])
    #expect((0...1).contains(mixing.share))
    let other = augmentation.batchMixing(seed: 1, epoch: 3, clips: [7, 3, 9, 4])
    #expect(other.share != mixing.share)
}
