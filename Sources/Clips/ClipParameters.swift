import Studies

/// The configuration keys that say which clips a run uses, and in which form. `ClipConfiguration`
/// reads them.
package enum ClipParameters {
    /// The form in which clips enter the network.
    package static let format: [Parameter] = [
        Parameter("len_video", .integer(1...240), .integer(29), "frames in one clip"),
        Parameter(
            "size_lips.width", .integer(8...512), .integer(112), "width of the lip image, px"),
        Parameter(
            "size_lips.height", .integer(8...512), .integer(112), "height of the lip image, px"),
        Parameter(
            "padding_lips", .bool, .bool(true),
            "true: keep the aspect ratio and pad; false: stretch to the size"),
        Parameter(
            "channels_lips", .integers([(1, "grey"), (3, "RGB")]), .integer(1),
            "channels of the lip image"),
        Parameter(
            "clip_window", .choice(ClipWindow.allCases.map(\.rawValue)),
            .text(ClipWindow.centre.rawValue),
            "where clips of more than len_video frames are cut; random: training clips anywhere, drawn anew each epoch, the others in the middle"
        ),
        Parameter(
            "length", .choice(ClipLength.allCases.map(\.rawValue)),
            .text(ClipLength.repeat.rawValue),
            "how clips become len_video frames long; repeat: longer ones are cut, shorter ones repeat their last frame; resample: each is stretched or squeezed as a whole, to its nearest frames; mask: longer ones are cut, of shorter ones the network sees the true length"
        ),
        Parameter(
            "normalize", .choice(ClipNormalization.allCases.map(\.rawValue)),
            .text(ClipNormalization.none.rawValue),
            "pixels minus a mean, divided by a standard deviation; clip: the clip's own; dataset: those of all training clips; none: black is 0, white is 1"
        ),
        Parameter(
            "word_boundary", .bool, .bool(false),
            "the network sees in which frames the word is spoken: a number more behind the features of each, 1 in the word and 0 outside; the times are those of a table, or of the .txt that LRW has beside each clip"
        ),
    ]

    /// Random changes to training clips.
    package static let augmentation: [Parameter] = [
        Parameter(
            "augment.flip", .bool, .bool(false),
            "mirror half of the training clips, drawn anew each epoch"),
        Parameter(
            "augment.shift", .integer(0...64), .integer(0),
            "move training clips by up to this many px each way"),
        Parameter(
            "augment.crop", .integer(0...256), .integer(0),
            "frame clips this many px larger and cut the picture out of them: training clips anywhere, others in the middle; usual: a twelfth of the size"
        ),
        Parameter(
            "augment.time", .integer(0...30), .integer(0),
            "move training clips by up to this many frames in time"),
        Parameter(
            "augment.brightness", .number(0...1), .number(0),
            "multiply brightness by up to 1 ± this"),
        Parameter(
            "augment.contrast", .number(0...1), .number(0),
            "multiply the distance from the clip's mean by up to 1 ± this"),
        Parameter(
            "augment.speed", .number(0...0.9), .number(0),
            "play training clips faster or slower, by up to 1 ± this; usual: 0.1"),
        Parameter(
            "augment.variable_length", .bool, .bool(false),
            "cut training clips anywhere before the word and anywhere behind it; needs the times of the words, as word_boundary does"
        ),
        Parameter(
            "augment.mask", .integer(0...240), .integer(0),
            "replace up to this many frames in a row by the clip's mean; usual: up to half of len_video"
        ),
        Parameter(
            "augment.mixup", .number(0...10), .number(0),
            "mix each training clip with another; the shares are drawn from Beta(α, α); 0: off; usual: 0.2 to 1"
        ),
        Parameter(
            "augment.mixup_batch", .number(0...10), .number(0),
            "mix each training clip with another of its batch, with one share for the batch, drawn from Beta(α, α); 0: off; usual: 0.4"
        ),
        Parameter(
            "augment.rotation", .number(0...45), .number(0),
            "turn training clips by up to this many degrees each way; usual: 5"),
        Parameter(
            "augment.scale", .number(0...0.5), .number(0),
            "enlarge or shrink training clips by up to 1 ± this; usual: 0.1"),
        Parameter(
            "augment.erase", .number(0...1), .number(0),
            "in half of the training clips, replace a rectangle of up to this share of the picture by the clip's mean; usual: 0.3"
        ),
    ]

    /// Which clips. None of these is part of a run's identity: the digest of the data is.
    package static let source: [Parameter] = [
        Parameter(
            "path_to_dataset", .text, nil, "folder of the data set, or \(VisemeSet.path)",
            decidesOutcome: false,
            path: Parameter.Path(otherThan: "builtin:"),
            requirement:
                "missing: give the folder of the data set, or \(VisemeSet.path), here or as path_to_dataset=… on the command line"
        ),
        Parameter(
            "subfolders", .texts(count: 3), .list([.text("train"), .text("val"), .text("test")]),
            "folders of the training, validation and test clips", decidesOutcome: false),
        Parameter(
            "classes", .texts(count: nil), .list([]),
            "classes to use, in this order; empty: all, sorted",
            decidesOutcome: false),
        Parameter(
            "crop",
            .format(
                Parameter.TextFormat(
                    rule: CropBox.rule, pattern: "^(lrw|[0-9]+x[0-9]+[+][0-9]+[+][0-9]+)$",
                    accepts: { CropBox($0) != nil })), .text(""),
            "a fixed box of every picture, before all else: \(CropBox.rule); empty: the whole picture",
            decidesOutcome: false),
        Parameter(
            "fps", .number(0...1000), .number(0),
            "frames a second that videos are converted to, by their time stamps; 0: every frame as it is. Pictures and arrays carry no time and stay as they are",
            decidesOutcome: false),
        Parameter(
            "frames", .text, .text(""),
            "which pictures of a folder of pictures are its frames, as a pattern (color_*.png); empty: all, which have to be one series",
            decidesOutcome: false),
        Parameter(
            "on_error", .choice(["fail", "skip"]), .text("fail"),
            "what happens to clips that can't be read: fail refuses the data set and names them all; skip leaves them out, and the report counts them",
            decidesOutcome: false),
        Parameter(
            "follow_links", .bool, .bool(false), "clips may be links that lead out of the data set",
            decidesOutcome: false),
        Parameter(
            "split.val", .number(0...1), .number(0.15),
            "share of the validation clips in every class, if there are no folders of splits (<class>/<clip>)",
            decidesOutcome: false),
        Parameter(
            "split.test", .number(0...1), .number(0.15),
            "share of the test clips in every class, if there are no folders of splits",
            decidesOutcome: false),
        Parameter(
            "split.group", .text, .text(""),
            "regular expression over the clips' names: those with the same first group stay in one split, so that no speaker is in two",
            decidesOutcome: false),
        Parameter(
            "split.folds", .integer(0...1000), .integer(0),
            "cross-validation in this many folds, 3 or more: one is the test split, the next the validation split, the others are for training; 0: by shares",
            decidesOutcome: false),
        Parameter(
            "split.fold", .integer(0...999), .integer(0), "the fold that is the test split, from 0",
            decidesOutcome: false),
        Parameter(
            "split_seed", .integer64(isSigned: false), .integer(0),
            "seed of the split; it changes nothing else",
            decidesOutcome: false),
        Parameter(
            "value_range.min", .number(-1e6...1e6), .number(0),
            "value of float arrays that is black",
            decidesOutcome: false),
        Parameter(
            "value_range.max", .number(-1e6...1e6), .number(1),
            "value of float arrays that is white",
            decidesOutcome: false),
        Parameter(
            "builtin.words", .integer(2...VisemeSet.wordLimit), .integer(10),
            "words of \(VisemeSet.path)",
            decidesOutcome: false),
        Parameter(
            "builtin.train_speakers", .integer(1...500), .integer(16),
            "speakers of the training split",
            decidesOutcome: false),
        Parameter(
            "builtin.val_speakers", .integer(1...500), .integer(6),
            "speakers of the validation split",
            decidesOutcome: false),
        Parameter(
            "builtin.test_speakers", .integer(0...500), .integer(6), "speakers of the test split",
            decidesOutcome: false
        ),
        Parameter(
            "builtin.takes", .integer(1...60), .integer(2), "how often each speaker says each word",
            decidesOutcome: false),
        Parameter(
            "builtin.difficulty", .number(0...1), .number(0.5),
            "0: studio; 1: poor camera, bad light, careless speech",
            decidesOutcome: false),
        Parameter(
            "builtin.seed", .integer64(isSigned: false), .integer(1),
            "seed of the speakers and their recordings",
            decidesOutcome: false),
    ]

    /// Whether a key says which clips of a data set are used for what: it means nothing for another.
    package static func belongsToOneSet(_ key: String) -> Bool {
        choosesData(key)
            && !["crop", "fps", "frames", "value_range.min", "value_range.max"].contains(key)
    }

    private static let sourceKeys = Set(source.map(\.name))

    /// Whether a key says which data are used.
    package static func choosesData(_ key: String) -> Bool { sourceKeys.contains(key) }

    /// Whether a key decides if the times of words are read, which are data too.
    package static func readsWords(_ key: String) -> Bool {
        key == "word_boundary" || key == "augment.variable_length"
    }

    /// Keys that have no effect on the data that a recipe names, and built-in data that do not
    /// exist.
    package static func problems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        lengthProblems(usage) + cutProblems(usage) + mixupProblems(usage) + dataProblems(usage)
    }

    /// Clips are mixed in one way or the other.
    private static func mixupProblems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        let keys = ["augment.mixup", "augment.mixup_batch"]
        guard keys.allSatisfy({ usage.values[$0] != nil }) else { return [] }
        return [
            ParameterSchema.Problem(
                key: keys[1],
                message: "clips are mixed by augment.mixup already: leave one of the two out")
        ]
    }

    /// Resampled clips are not cut.
    private static func lengthProblems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem]
    {
        guard usage.values["length"] == .text(ClipLength.resample.rawValue),
            usage.keys.contains("clip_window")
        else { return [] }
        return [
            ParameterSchema.Problem(
                key: "clip_window",
                message: "has no effect with length: resample, which cuts no clip: leave it out")
        ]
    }

    /// Resampled clips have no length of their own.
    private static func cutProblems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        guard usage.values["length"] == .text(ClipLength.resample.rawValue),
            usage.values["augment.variable_length"] == .bool(true)
        else { return [] }
        return [
            ParameterSchema.Problem(
                key: "augment.variable_length",
                message:
                    "can't be used with length: resample, which stretches what is left to the same length: set length: mask or repeat"
            )
        ]
    }

    private static func dataProblems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        guard case .text(let path)? = usage.values["path_to_dataset"] else { return [] }
        if path == VisemeSet.path {
            return usage.keys.filter { $0 == "classes" }.map {
                ParameterSchema.Problem(
                    key: $0,
                    message:
                        "selects folders of clips; the number of words of \(VisemeSet.path) is builtin.words"
                )
            }
        }
        if path.hasPrefix("builtin:") {
            return [
                ParameterSchema.Problem(
                    key: "path_to_dataset",
                    message: "the built-in data set is \(VisemeSet.path), there is no \(path)")
            ]
        }
        guard DataSource.isPrepared(path) else { return [] }
        let ignored = usage.keys.filter {
            choosesData($0) && $0 != "classes" && $0 != "path_to_dataset"
                && !$0.hasPrefix("builtin.")
        }
        return ignored.map {
            ParameterSchema.Problem(
                key: $0,
                message:
                    "has no effect on a prepared file, and \(path) is one: give it to viseme data prepare"
            )
        }
    }
}
