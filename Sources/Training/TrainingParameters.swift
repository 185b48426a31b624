import Clips
import Networks
import Studies

/// The configuration keys that say how a network is trained, the metrics that come of it, and how a
/// configuration becomes `TrainingSettings`.
package enum TrainingParameters {
    /// The length of a run.
    package static let course: [Parameter] = [
        ParameterSchema.seed,
        Parameter("batch_size", .integer(1...4096), .integer(8), "training clips in one batch"),
        Parameter(
            "lr", .number(0...Double.greatestFiniteMagnitude), .number(0.0001), "learning rate"),
        Parameter("epoch", .integer(1...10000), .integer(100), "epochs at most"),
        Parameter(
            "epoch_stop", .integer(0...50), .integer(5),
            "stop when the metric has not improved for this many epochs; 0: never stop early"),
    ]

    package static let optimizer: [Parameter] = [
        Parameter(
            "optimizer", .choice(OptimizerKind.allCases.map(\.rawValue)), .text("adam"),
            "the optimiser"),
        Parameter(
            "weight_decay", .number(0...Double.greatestFiniteMagnitude), .number(0), "weight decay"),
        Parameter("momentum", .number(0...1, belowUpper: true), .number(0.9), "momentum of sgd"),
        Parameter(
            "lr_schedule", .choice(LearningRateSchedule.Kind.allCases.map(\.rawValue)),
            .text("constant"),
            "schedule of the learning rate; cosine_steps changes it in every step, the others in every epoch"
        ),
        Parameter(
            "lr_warmup", .integer(0...10000), .integer(0),
            "epochs over which the learning rate rises"),
        Parameter(
            "lr_step", .integer(1...10000), .integer(10),
            "epochs between two drops of the step schedule"),
        Parameter(
            "lr_gamma", .number(0...1), .number(0.1), "factor of one drop of the step schedule"),
        Parameter(
            "clip_norm", .number(0...Double.greatestFiniteMagnitude), .number(0),
            "greatest norm of the gradient; 0: no limit"),
        Parameter(
            "lr_floor", .number(0...Double.greatestFiniteMagnitude), .number(0),
            "learning rate that the cosine schedules end at"),
        Parameter(
            "lr_scale", .number(0...1000), .number(1),
            "factor of the learning rate of the parameters in lr_scaled"),
        Parameter(
            "lr_scaled", .texts(count: nil), .list([]),
            "parameters with a learning rate of their own, by name or pattern: resnet.*"),
        Parameter(
            "decay_all", .bool, .bool(true),
            "false: biases, norms and slopes are not decayed"),
        Parameter(
            "accumulate", .integer(1...1000), .integer(1),
            "batches whose gradients make one step: the step is that of a larger batch, batch norm sees each by itself"
        ),
        Parameter(
            "label_smoothing", .number(0...1, belowUpper: true), .number(0),
            "share of each target that all classes have in equal parts; usual: 0.1"),
        Parameter(
            "class_weights", .choice(["none", "balanced"]), .text("none"),
            "balanced: the loss of a clip counts clips/(classes · clips of its class)"),
        Parameter(
            "weight_average", .choice(WeightAverage.Kind.allCases.map(\.rawValue)),
            .text(WeightAverage.Kind.none.rawValue),
            "judge and keep averaged weights; ema: an exponential average over the steps; swa: the mean over the ends of the last average_epochs epochs. Batch norm is measured anew for them"
        ),
        Parameter(
            "average_decay", .number(0...1, belowUpper: true), .number(0.999),
            "share of the exponential average that is kept in a step"),
        Parameter(
            "average_epochs", .integer(1...10000), .integer(10),
            "epochs at the end of `epoch` whose weights swa averages"),
        Parameter(
            "flip_average", .bool, .bool(false),
            "judge each clip by the mean probabilities of it and its mirror image"),
        Parameter(
            "class_metrics", .bool, .bool(false),
            "record val_balanced_accuracy and val_macro_f1 too, which count all classes alike",
            sweepRefusal: "changes what is recorded, not how a run trains"),
    ]

    /// Keys that have no effect without others.
    package static func problems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        func needs(_ key: String, _ other: String, _ value: Value, _ text: String)
            -> [ParameterSchema.Problem]
        {
            guard usage.keys.contains(key), !usage.swept.contains(other),
                usage.values[other] != value
            else { return [] }
            return [
                ParameterSchema.Problem(
                    key: key, message: "has no effect without \(other): \(text)")
            ]
        }
        return needs(
            "average_decay", "weight_average", .text("ema"), "set it to ema, or leave this out")
            + needs(
                "average_epochs", "weight_average", .text("swa"), "set it to swa, or leave this out"
            )
            + (usage.keys.contains("lr_scale") && !usage.keys.contains("lr_scaled")
                ? [
                    ParameterSchema.Problem(
                        key: "lr_scale",
                        message: "has no effect without lr_scaled: name the parameters there")
                ] : [])
    }

    /// Shares and cross-entropies have no unit. The learning rate is reported, and no study is
    /// judged by it.
    package static let metrics = MetricSet(
        names: TrainingRun.metricNames(withClasses: true), unjudged: ["lr"],
        standard: .valAccuracy, unit: "1",
        ranges: [
            "val_balanced_accuracy": MetricRange(0, 1), "val_macro_f1": MetricRange(0, 1),
            "train_loss": MetricRange(0, nil), "val_loss": MetricRange(0, nil),
            "train_accuracy": MetricRange(0, 1), "val_accuracy": MetricRange(0, 1),
        ])
}

extension TrainingSettings {
    package init(_ configuration: Configuration, metric: Metric) {
        self.init()
        seed = configuration.unsigned("seed")
        model = configuration.text("model")
        filters = configuration.integer("filters")
        parts = NetworkParts(configuration)
        dropout = configuration.number("dropout")
        batchNormMomentum = configuration.number("bn_momentum")
        batchSize = configuration.integer("batch_size")
        epochs = configuration.integer("epoch")
        patience = configuration.integer("epoch_stop")
        lr = configuration.number("lr")
        schedule = LearningRateSchedule(
            kind: LearningRateSchedule.Kind(rawValue: configuration.text("lr_schedule"))
                ?? .constant,
            warmupEpochs: configuration.integer("lr_warmup"),
            stepEpochs: configuration.integer("lr_step"),
            stepFactor: configuration.number("lr_gamma"))
        optimizer = OptimizerKind(rawValue: configuration.text("optimizer")) ?? .adam
        weightDecay = configuration.number("weight_decay")
        momentum = configuration.number("momentum")
        clipNorm = configuration.number("clip_norm")
        schedule.floor = lr > 0 ? min(1, configuration.number("lr_floor") / lr) : 0
        accumulate = configuration.integer("accumulate")
        labelSmoothing = configuration.number("label_smoothing")
        balancesClasses = configuration.text("class_weights") == "balanced"
        average = WeightAverage.Kind(rawValue: configuration.text("weight_average")) ?? .none
        averageDecay = configuration.number("average_decay")
        averageEpochs = configuration.integer("average_epochs")
        decaysAll = configuration.bool("decay_all")
        scaledParameters = configuration.texts("lr_scaled")
        learningRateScale = configuration.number("lr_scale")
        averagesFlips = configuration.bool("flip_average")
        recordsClassMetrics =
            configuration.bool("class_metrics") || TrainingRun.classMetrics.contains(metric.name)
        augmentation = Augmentation(configuration)
        frozen = configuration.texts("freeze")
        self.metric = metric
    }
}
