import Clips
import Foundation
import Training

/// One complete setting of all keys: what the runs of a recipe share, and the point of the sweep where this one stands.
package struct Configuration: Sendable, Equatable {
    private let shared: [String: Value]
    package let point: [Axis.Point]
    /// Whether the keys are those of a command, which we know nothing of.
    private let isForeign: Bool

    private init(shared: [String: Value], point: [Axis.Point], isForeign: Bool) {
        self.shared = shared
        self.point = point
        self.isForeign = isForeign
    }

    /// Of the built-in trainer.
    /// - Parameter values: what differs from the defaults.
    package init(_ values: [String: Value]) {
        let defaults = ConfigurationKey.all.compactMap { key in key.defaultValue.map { (key.name, $0) } }
        self.init(
            shared: Dictionary(defaults, uniquingKeysWith: { first, _ in first }).merging(values) { $1 }, point: [],
            isForeign: false)
    }

    /// Of any trainer. A command's keys have no defaults but the seed's.
    package init(_ values: [String: Value], of trainer: Trainer) {
        guard case .command = trainer else {
            self.init(values)
            return
        }
        let seed = values["seed"] ?? ConfigurationKey.byName["seed"]?.defaultValue ?? .integer(42)
        self.init(shared: values.merging(["seed": seed]) { $1 }, point: [], isForeign: true)
    }

    /// The same with the values of a point of the sweep.
    package func at(_ point: [Axis.Point]) -> Configuration {
        Configuration(shared: shared, point: point, isForeign: isForeign)
    }

    package subscript(key: String) -> Value? {
        point.first { $0.key == key }?.value ?? shared[key]
    }

    /// Every key that has a value.
    package var values: [String: Value] {
        point.reduce(into: shared) { $0[$1.key] = $1.value }
    }

    /// Whether a key with this value is part of the identity: one that decides the outcome and is not at its default.
    func isIdentifying(_ name: String, _ value: Value) -> Bool {
        if isForeign { return true }
        guard let key = ConfigurationKey.byName[name], key.decidesOutcome else { return false }
        return key.defaultValue != value
    }

    /// Keys and values as YAML: ours in the order of the documentation, a command's sorted.
    package var yaml: String {
        let values = values
        let names = isForeign ? values.keys.sorted() : ConfigurationKey.all.map(\.name)
        return names.compactMap { name in values[name].map { "\(name): \($0.json)" } }.joined(separator: "\n") + "\n"
    }

    /// Canonical JSON, keys sorted.
    package var json: String { canonicalJSON(values.mapValues(\.json)) }

    /// JSON with nested keys as objects in objects, as a trainer reads it.
    package var nestedJSON: String {
        Configuration.nested(values.map { ($0.key.split(separator: ".").map(String.init)[...], $0.value) })
    }

    private static func nested(_ values: [(path: ArraySlice<String>, value: Value)]) -> String {
        let members = Dictionary(grouping: values) { $0.path.first ?? "" }
        return canonicalJSON(
            members.mapValues { group in
                if let leaf = group.first(where: { $0.path.count == 1 }) { return leaf.value.json }
                return nested(group.map { ($0.path.dropFirst(), $0.value) })
            })
    }

    func integer(_ key: String) -> Int {
        guard case .integer(let value)? = self[key] else { preconditionFailure("\(key) is a whole number") }
        return value
    }

    func number(_ key: String) -> Double {
        guard let value = self[key]?.double else { preconditionFailure("\(key) is a number") }
        return value
    }

    func bool(_ key: String) -> Bool {
        guard case .bool(let value)? = self[key] else { preconditionFailure("\(key) is true or false") }
        return value
    }

    func text(_ key: String) -> String {
        guard case .text(let value)? = self[key] else { preconditionFailure("\(key) is text") }
        return value
    }

    func texts(_ key: String) -> [String] {
        guard case .list(let values)? = self[key] else { preconditionFailure("\(key) is a list") }
        return values.map(\.label)
    }

    /// Seconds between two checkpoints within an epoch.
    package var checkpointInterval: Double { number("checkpoint_every") }
    package var hidesMetadata: Bool { bool("hide_metadata") }
    package var hidesLibraryVersions: Bool { bool("hide_libs_vers") }
    package var seed: Int { integer("seed") }
    /// The file of the weights to start from; nil where they are drawn.
    package var initialWeights: String? {
        let path = text("init_from")
        return path.isEmpty ? nil : path
    }
    package var filters: Int { integer("filters") }
    package var frozenParameters: [String] { texts("freeze") }
    package var skippedInitialWeights: [String] { texts("init_skip") }

    package var clipFormat: ClipFormat {
        var format = ClipFormat(
            frames: integer("len_video"), height: integer("size_lips.height"), width: integer("size_lips.width"),
            channels: integer("channels_lips"), padding: bool("padding_lips"))
        format.margin = integer("augment.crop")
        format.window = ClipWindow(rawValue: text("clip_window")) ?? .centre
        format.keepsAllFrames = format.window == .random || number("augment.speed") > 0
        return format
    }

    package var dataSource: DataSource {
        let path = text("path_to_dataset")
        guard path == VisemeSet.path else {
            var settings = ClipFolderSettings(splits: texts("subfolders"), classes: texts("classes"))
            settings.rule.val = number("split.val")
            settings.rule.test = number("split.test")
            settings.rule.group = text("split.group")
            settings.rule.folds = integer("split.folds")
            settings.rule.fold = integer("split.fold")
            settings.rule.seed = UInt64(integer("split_seed"))
            settings.decoding = decodingSettings
            settings.skipsUnreadable = text("on_error") == "skip"
            settings.followsLinks = bool("follow_links")
            return .folder(path: path, settings)
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

    /// How clips become pictures.
    package var decodingSettings: DecodingSettings {
        var settings = DecodingSettings()
        settings.crop = CropBox(text("crop"))
        settings.fps = number("fps")
        (settings.lowest, settings.highest) = (number("value_range.min"), number("value_range.max"))
        return settings
    }

    package func trainingSettings(metric: Metric) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.seed = UInt64(seed)
        settings.filters = filters
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
        settings.augmentation.crop = integer("augment.crop")
        settings.augmentation.time = integer("augment.time")
        settings.augmentation.speed = number("augment.speed")
        settings.augmentation.mask = integer("augment.mask")
        settings.augmentation.randomWindow = text("clip_window") == ClipWindow.random.rawValue
        settings.augmentation.brightness = number("augment.brightness")
        settings.augmentation.contrast = number("augment.contrast")
        settings.augmentation.mixup = number("augment.mixup")
        settings.frozen = frozenParameters
        settings.metric = metric
        return settings
    }
}

extension DataSource {
    /// Whether a configuration key says which data are used.
    package static func keys(_ name: String) -> Bool {
        [
            "path_to_dataset", "subfolders", "classes", "split_seed", "crop", "fps", "on_error", "follow_links",
        ].contains(name)
            || ["builtin.", "split.", "value_range."].contains { name.hasPrefix($0) }
    }
}

/// An object of canonical JSON: keys in the order of their UTF-8 bytes, no spaces.
package func canonicalJSON(_ fields: [String: String]) -> String {
    let sorted = fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return "{" + sorted.map { jsonString($0.key) + ":" + $0.value }.joined(separator: ",") + "}"
}
