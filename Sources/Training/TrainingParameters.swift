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

    package static let network: [Parameter] = [
        Parameter("model", .choice(NetworkRegistry.names), .text("resnet18_lstm"), "the network"),
        Parameter(
            "filters", .integer(1...256), .integer(64),
            "filters of the first stage; 64 is the published network"),
        Parameter(
            "network.backend", .choice([asModel] + NetworkParts.Backend.allCases.map(\.rawValue)),
            .text(asModel), "what follows the frames through time; model: as the model has it"),
        Parameter(
            "network.layers", .integer(0...16), .integer(0),
            "recurrent layers; 0: as the model has it"),
        Parameter(
            "network.width", .integer(0...4096), .integer(0),
            "numbers in the state of one direction; 0: as the model has it"),
        Parameter(
            "network.bidirectional", .choice([asModel, "true", "false"]), .text(asModel),
            "whether recurrent layers go through time both ways; model: as the model has it"),
        Parameter(
            "network.readout", .choice([asModel] + NetworkParts.Readout.allCases.map(\.rawValue)),
            .text(asModel),
            "how a clip's steps become one vector: the last, or their mean; model: as the model has it"
        ),
        Parameter("dropout", .number(0...1, belowUpper: true), .number(0.2), "dropout probability"),
        Parameter(
            "bn_momentum", .number(0...1), .number(0.1),
            "momentum of the batch-norm averages: the weight of the new batch"),
        Parameter(
            "init_from", .text, .text(""),
            "weights to start from: a run (its file, or results/<name>:3 by number, label or id) or a .safetensors file; the digest of the weights is part of the identity",
            decidesOutcome: false, path: Parameter.Path(),
            sweepRefusal: "can't be swept: write a recipe for each start"
        ),
        Parameter(
            "init_skip", .texts(count: nil), .list([]),
            "parameters that are drawn in spite of init_from, by name or pattern: fc.* for other classes"
        ),
        Parameter(
            "freeze", .texts(count: nil), .list([]),
            "parameters that are not trained, by name or pattern: resnet.*"),
    ]

    /// The value of a part that is not exchanged.
    private static let asModel = "model"

    /// Parts of a network that do not go together.
    package static func problems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        // Both models and swept keys may bring a mean.
        guard usage.values["network.bidirectional"] == .text("true"),
            !usage.swept.contains("network.readout"),
            usage.values["network.readout"] != .text(NetworkParts.Readout.mean.rawValue)
        else { return [] }
        return [
            ParameterSchema.Problem(
                key: "network.bidirectional",
                message:
                    "the last step knows the other direction after one frame only: set network.readout: mean"
            )
        ]
    }

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
            "schedule of the learning rate over the epochs"),
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
    ]

    /// Shares and cross-entropies have no unit. The learning rate is reported, and no study is
    /// judged by it.
    package static let metrics = MetricSet(
        names: TrainingRun.metricNames, unjudged: ["lr"], standard: .valAccuracy, unit: "1",
        ranges: [
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
        augmentation = Augmentation(configuration)
        frozen = configuration.texts("freeze")
        self.metric = metric
    }
}

extension NetworkParts {
    package init(_ configuration: Configuration) {
        self.init()
        backend = Backend(rawValue: configuration.text("network.backend"))
        let (layers, width) = (
            configuration.integer("network.layers"), configuration.integer("network.width")
        )
        if layers > 0 { self.layers = layers }
        if width > 0 { self.width = width }
        isBidirectional = Bool(configuration.text("network.bidirectional"))
        readout = Readout(rawValue: configuration.text("network.readout"))
    }
}
