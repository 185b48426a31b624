import Clips
import Foundation
import Training

/// One complete setting of all keys.
public struct Configuration: Sendable, Equatable {
    /// Every key of `ConfigurationKey.all` that has a value.
    public private(set) var values: [String: Value]

    /// - Parameter values: what differs from the defaults.
    public init(_ values: [String: Value]) {
        self.values = values
        for key in ConfigurationKey.all where values[key.name] == nil {
            self.values[key.name] = key.defaultValue
        }
    }

    public subscript(key: String) -> Value? { values[key] }

    /// The keys that decide the outcome and differ from their defaults: the part of the identity that is configuration.
    public var identity: [String: Value] {
        values.filter { name, value in
            guard let key = ConfigurationKey.byName[name], key.decidesOutcome else { return false }
            return key.defaultValue != value
        }
    }

    /// Keys and values as YAML, in the order of the documentation.
    public var yaml: String {
        ConfigurationKey.all.compactMap { key in
            values[key.name].map { "\(key.name): \($0.json)" }
        }.joined(separator: "\n") + "\n"
    }

    /// Canonical JSON, keys sorted.
    public var json: String { canonicalJSON(values.mapValues(\.json)) }

    func integer(_ key: String) -> Int {
        guard case .integer(let value)? = values[key] else { preconditionFailure("\(key) is a whole number") }
        return value
    }

    func number(_ key: String) -> Double {
        guard let value = values[key]?.double else { preconditionFailure("\(key) is a number") }
        return value
    }

    func bool(_ key: String) -> Bool {
        guard case .bool(let value)? = values[key] else { preconditionFailure("\(key) is true or false") }
        return value
    }

    func text(_ key: String) -> String {
        guard case .text(let value)? = values[key] else { preconditionFailure("\(key) is text") }
        return value
    }

    func texts(_ key: String) -> [String] {
        guard case .list(let values)? = values[key] else { preconditionFailure("\(key) is a list") }
        return values.map(\.label)
    }

    /// Seconds between two checkpoints within an epoch.
    public var checkpointInterval: Double { number("checkpoint_every") }
    public var hidesMetadata: Bool { bool("hide_metadata") }
    public var hidesLibraryVersions: Bool { bool("hide_libs_vers") }
    public var seed: Int { integer("seed") }

    public var clipFormat: ClipFormat {
        ClipFormat(
            frames: integer("len_video"), height: integer("size_lips.height"), width: integer("size_lips.width"),
            channels: integer("channels_lips"), padding: bool("padding_lips"))
    }

    public var dataSource: DataSource {
        let path = text("path_to_dataset")
        guard path == VisemeSet.path else {
            return .folder(path: path, splits: texts("subfolders"), classes: texts("classes"))
        }
        var set = VisemeSet()
        set.words = integer("builtin.words")
        set.trainSpeakers = integer("builtin.train_speakers")
        set.valSpeakers = integer("builtin.val_speakers")
        set.testSpeakers = integer("builtin.test_speakers")
        set.takes = integer("builtin.takes")
        set.difficulty = number("builtin.difficulty")
        set.seed = UInt64(integer("builtin.seed"))
        return .visemes(set)
    }

    public func trainingSettings(metric: Metric) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.seed = UInt64(seed)
        settings.filters = integer("filters")
        settings.dropout = number("dropout")
        settings.batchNormMomentum = number("bn_momentum")
        settings.batchSize = integer("batch_size")
        settings.epochs = integer("epoch")
        settings.patience = integer("epoch_stop")
        settings.lr = number("lr")
        settings.schedule = LearningRateSchedule(
            kind: LearningRateSchedule.Kind(rawValue: text("lr_schedule")) ?? .constant,
            warmupEpochs: integer("lr_warmup"), stepEpochs: integer("lr_step"), stepFactor: number("lr_gamma"))
        settings.optimizer = OptimizerKind(rawValue: text("optimizer")) ?? .adam
        settings.weightDecay = number("weight_decay")
        settings.momentum = number("momentum")
        settings.clipNorm = number("clip_norm")
        settings.augmentation.flip = bool("augment.flip")
        settings.augmentation.shift = integer("augment.shift")
        settings.augmentation.time = integer("augment.time")
        settings.augmentation.brightness = number("augment.brightness")
        settings.augmentation.mixup = number("augment.mixup")
        settings.metric = metric
        return settings
    }
}

/// An object of canonical JSON: keys in the order of their UTF-8 bytes, no spaces.
public func canonicalJSON(_ fields: [String: String]) -> String {
    let sorted = fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return "{" + sorted.map { jsonString($0.key) + ":" + $0.value }.joined(separator: ",") + "}"
}
