import Clips
import Networks
import Training

/// One key of a configuration: what it means, what it may be, and whether it decides a run's outcome.
package struct ConfigurationKey: Sendable {
    package enum Kind: Sendable {
        case bool
        case integer(ClosedRange<Int>)
        /// `belowUpper`: the upper end itself is not allowed.
        case number(ClosedRange<Double>, belowUpper: Bool = false)
        case text
        case choice([String])
        case texts(count: Int?)
        /// A `CropBox`.
        case box
        /// A number, a truth value, text, or a list of them: a key of somebody else's trainer.
        case any
    }

    /// Nested keys are written with dots: `size_lips.width`.
    package let name: String
    package let kind: Kind
    /// Nil where the recipe must say it.
    package let defaultValue: Value?
    package let meaning: String
    /// Whether it is part of a run's identity. Paths are not: the digest of the data is.
    package let decidesOutcome: Bool

    init(_ name: String, _ kind: Kind, _ defaultValue: Value?, _ meaning: String, decidesOutcome: Bool = true) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.meaning = meaning
        self.decidesOutcome = decidesOutcome
    }

    /// All keys, in the order of the documentation. A new key's default keeps the behaviour of old runs.
    package static let all: [ConfigurationKey] = [
        // The page's keys.
        ConfigurationKey(
            "hide_metadata", .bool, .bool(false), "do not print the program's name, version, licence and home",
            decidesOutcome: false),
        ConfigurationKey(
            "hide_libs_vers", .bool, .bool(false), "do not print the versions of the libraries in use",
            decidesOutcome: false),
        ConfigurationKey(
            "path_to_dataset", .text, nil, "folder of the data set, or \(VisemeSet.path)", decidesOutcome: false),
        ConfigurationKey("len_video", .integer(1...240), .integer(29), "frames in one clip"),
        ConfigurationKey("size_lips.width", .integer(8...512), .integer(112), "width of the lip image, px"),
        ConfigurationKey("size_lips.height", .integer(8...512), .integer(112), "height of the lip image, px"),
        ConfigurationKey(
            "padding_lips", .bool, .bool(true), "true: keep the aspect ratio and pad; false: stretch to the size"),
        ConfigurationKey("seed", .integer(0...Int.max), .integer(42), "initialises everything random"),
        ConfigurationKey("batch_size", .integer(1...4096), .integer(8), "training clips in one batch"),
        ConfigurationKey(
            "clip_window", .choice(ClipWindow.allCases.map(\.rawValue)), .text(ClipWindow.centre.rawValue),
            "where clips of more than len_video frames are cut; random: training clips anywhere, drawn anew each epoch, the others in the middle"
        ),
        ConfigurationKey("channels_lips", .integer(1...3), .integer(1), "1 grey, 3 RGB"),
        ConfigurationKey("lr", .number(0...Double.greatestFiniteMagnitude), .number(0.0001), "learning rate"),
        ConfigurationKey("epoch", .integer(1...10000), .integer(100), "epochs at most"),
        ConfigurationKey(
            "checkpoint_every", .number(0...86_400), .number(600),
            "seconds between two checkpoints within an epoch; at the end of an epoch the last one is at most 5 s old",
            decidesOutcome: false),
        ConfigurationKey(
            "epoch_stop", .integer(0...50), .integer(5),
            "stop when the metric has not risen for this many epochs; 0: never stop early"),
        // The network.
        ConfigurationKey("model", .choice(["resnet18_lstm"]), .text("resnet18_lstm"), "the network"),
        ConfigurationKey(
            "filters", .integer(1...256), .integer(64), "filters of the first stage; 64 is the published network"),
        ConfigurationKey("dropout", .number(0...1, belowUpper: true), .number(0.2), "share of values dropped"),
        ConfigurationKey(
            "bn_momentum", .number(0...1), .number(0.1), "weight of the new batch in the batch-norm averages"),
        ConfigurationKey(
            "init_from", .text, .text(""),
            "weights to start from: a run (its file, or results/<name>:3 by number, label or id) or a .safetensors file; the digest of the weights is part of the identity",
            decidesOutcome: false),
        ConfigurationKey(
            "init_skip", .texts(count: nil), .list([]),
            "parameters that start afresh all the same, by name or pattern: fc.* for other classes"),
        ConfigurationKey(
            "freeze", .texts(count: nil), .list([]),
            "parameters that stay as they start, by name or pattern: resnet.*"),
        // The optimiser.
        ConfigurationKey(
            "optimizer", .choice(OptimizerKind.allCases.map(\.rawValue)), .text("adam"), "how gradients move weights"),
        ConfigurationKey("weight_decay", .number(0...Double.greatestFiniteMagnitude), .number(0), "weight decay"),
        ConfigurationKey("momentum", .number(0...1, belowUpper: true), .number(0.9), "momentum of sgd"),
        ConfigurationKey(
            "lr_schedule", .choice(LearningRateSchedule.Kind.allCases.map(\.rawValue)), .text("constant"),
            "how the learning rate changes from epoch to epoch"),
        ConfigurationKey("lr_warmup", .integer(0...10000), .integer(0), "epochs over which the learning rate rises"),
        ConfigurationKey("lr_step", .integer(1...10000), .integer(10), "epochs between two drops of the step schedule"),
        ConfigurationKey("lr_gamma", .number(0...1), .number(0.1), "factor of one drop of the step schedule"),
        ConfigurationKey(
            "clip_norm", .number(0...Double.greatestFiniteMagnitude), .number(0),
            "greatest norm of the gradient; 0: no limit"),
        // Changes to training clips.
        ConfigurationKey(
            "augment.flip", .bool, .bool(false), "mirror half of the training clips, drawn anew each epoch"),
        ConfigurationKey(
            "augment.shift", .integer(0...64), .integer(0), "move training clips by up to so many px each way"),
        ConfigurationKey(
            "augment.crop", .integer(0...256), .integer(0),
            "frame clips so many px larger and cut the picture out of them, anywhere for training clips, else in the middle; usual: a twelfth of the size"
        ),
        ConfigurationKey(
            "augment.time", .integer(0...30), .integer(0), "move training clips by up to so many frames in time"),
        ConfigurationKey(
            "augment.brightness", .number(0...1), .number(0), "multiply brightness by up to 1 ± so much"),
        ConfigurationKey(
            "augment.contrast", .number(0...1), .number(0),
            "multiply the distance from the clip's mean by up to 1 ± so much"),
        ConfigurationKey(
            "augment.speed", .number(0...0.9), .number(0),
            "play training clips by up to 1 ± so much faster; usual: 0.1"),
        ConfigurationKey(
            "augment.mask", .integer(0...240), .integer(0),
            "replace up to so many frames in a row by the clip's mean; usual: up to half of len_video"),
        ConfigurationKey(
            "augment.mixup", .number(0...10), .number(0),
            "mix each training clip with another; the shares are drawn from Beta(α, α); 0: not; usual: 0.2…1"),
        // The data.
        ConfigurationKey(
            "subfolders", .texts(count: 3), .list([.text("train"), .text("val"), .text("test")]),
            "folders of the training, validation and test clips", decidesOutcome: false),
        ConfigurationKey(
            "classes", .texts(count: nil), .list([]), "classes to use, in this order; empty: all, sorted",
            decidesOutcome: false),
        ConfigurationKey(
            "crop", .box, .text(""),
            "a fixed box of every picture, before all else: \(CropBox.rule); empty: the whole picture",
            decidesOutcome: false),
        ConfigurationKey(
            "fps", .number(0...1000), .number(0),
            "frames a second that videos are brought to, by their time stamps; 0: every frame as it is. Pictures and arrays carry no time and stay as they are",
            decidesOutcome: false),
        ConfigurationKey(
            "on_error", .choice(["fail", "skip"]), .text("fail"),
            "what becomes of clips that can't be read: fail refuses the data set and names them all; skip leaves them out, and the report counts them",
            decidesOutcome: false),
        ConfigurationKey(
            "follow_links", .bool, .bool(false), "clips may be links that lead out of the data set",
            decidesOutcome: false),
        ConfigurationKey(
            "split.val", .number(0...1), .number(0.15),
            "share of the clips that validate, where they lie in no folders of splits (<class>/<clip>); in every class alike",
            decidesOutcome: false),
        ConfigurationKey(
            "split.test", .number(0...1), .number(0.15), "share of the clips that test, likewise", decidesOutcome: false
        ),
        ConfigurationKey(
            "split.group", .text, .text(""),
            "regular expression over the clips' names: those with the same first group stay in one split, so that no speaker stands in two",
            decidesOutcome: false),
        ConfigurationKey(
            "split.folds", .integer(0...1000), .integer(0),
            "cross-validation in so many folds, 3 or more: one tests, the next validates, the others train; 0: by shares",
            decidesOutcome: false),
        ConfigurationKey(
            "split.fold", .integer(0...999), .integer(0), "the fold that tests, from 0", decidesOutcome: false),
        ConfigurationKey(
            "split_seed", .integer(0...Int.max), .integer(0), "moves that split, and nothing else",
            decidesOutcome: false),
        ConfigurationKey(
            "value_range.min", .number(-1e6...1e6), .number(0), "number of float arrays that is black",
            decidesOutcome: false),
        ConfigurationKey(
            "value_range.max", .number(-1e6...1e6), .number(1), "number of float arrays that is white",
            decidesOutcome: false),
        ConfigurationKey(
            "builtin.words", .integer(2...VisemeSet.wordLimit), .integer(10), "words of \(VisemeSet.path)",
            decidesOutcome: false),
        ConfigurationKey(
            "builtin.train_speakers", .integer(1...500), .integer(16), "speakers that train", decidesOutcome: false),
        ConfigurationKey(
            "builtin.val_speakers", .integer(1...500), .integer(6), "speakers that validate", decidesOutcome: false),
        ConfigurationKey(
            "builtin.test_speakers", .integer(0...500), .integer(6), "speakers that test", decidesOutcome: false),
        ConfigurationKey(
            "builtin.takes", .integer(1...60), .integer(2), "how often each speaker says each word",
            decidesOutcome: false),
        ConfigurationKey(
            "builtin.difficulty", .number(0...1), .number(0.5), "0: studio; 1: poor camera, bad light, careless speech",
            decidesOutcome: false),
        ConfigurationKey(
            "builtin.seed", .integer(0...Int.max), .integer(1), "draws the speakers and their takes",
            decidesOutcome: false),
    ]

    /// The default of a key, where the built-in trainer has one.
    package static func standard(_ key: String, of trainer: Trainer) -> Value? {
        trainer == .visualSpeech ? byName[key]?.defaultValue : nil
    }

    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The rule in words, for messages.
    package var rule: String {
        switch kind {
        case .bool: "true or false"
        case .integer where name == "channels_lips": "1 (grey) or 3 (RGB)"
        case .integer(let range) where range.upperBound == Int.max: "a whole number, \(range.lowerBound) or more"
        case .integer(let range): "a whole number, \(range.lowerBound)…\(range.upperBound)"
        case .number(let range, _) where range.upperBound >= 1e6: "a number, \(shortest(range.lowerBound)) or more"
        case .number(let range, let belowUpper):
            "a number, \(shortest(range.lowerBound))…\(shortest(range.upperBound))"
                + (belowUpper ? " (\(shortest(range.upperBound)) itself not)" : "")
        case .text: "text"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .box: CropBox.rule
        case .texts(let count): count.map { "a list of \($0) names" } ?? "a list of names"
        case .any: "a number, true or false, text, or a list of them"
        }
    }

    /// All keys as the rows of a Markdown table: key, value and default, meaning, and whether it is left out of identity.
    package static var documentation: String {
        all.map { key in
            let standard = key.defaultValue.map { "; default " + ($0.label.isEmpty ? "empty" : $0.label) } ?? ""
            return "| `\(key.name)` | \(key.rule)\(standard) | \(key.meaning) | \(key.decidesOutcome ? "" : "—") |\n"
        }.joined()
    }
}
