import Studies

// What the keys of `ClipParameters` say: each type reads what it needs of a configuration.

extension ClipFormat {
    package init(_ configuration: Configuration) {
        self.init(
            frames: configuration.integer("len_video"),
            height: configuration.integer("size_lips.height"),
            width: configuration.integer("size_lips.width"),
            channels: configuration.integer("channels_lips"),
            padding: configuration.bool("padding_lips"))
        margin = configuration.integer("augment.crop")
        window = ClipWindow(rawValue: configuration.text("clip_window")) ?? .centre
        length = ClipLength(rawValue: configuration.text("length")) ?? .repeat
        normalization =
            ClipNormalization(rawValue: configuration.text("normalize")) ?? .none
        hasWordBoundary = configuration.bool("word_boundary")
        keepsAllFrames =
            window == .random || length == .resample || configuration.number("augment.speed") > 0
    }
}

extension Augmentation {
    package init(_ configuration: Configuration) {
        self.init()
        flip = configuration.bool("augment.flip")
        shift = configuration.integer("augment.shift")
        crop = configuration.integer("augment.crop")
        time = configuration.integer("augment.time")
        speed = configuration.number("augment.speed")
        variableLength = configuration.bool("augment.variable_length")
        mask = configuration.integer("augment.mask")
        randomWindow = configuration.text("clip_window") == ClipWindow.random.rawValue
        brightness = configuration.number("augment.brightness")
        contrast = configuration.number("augment.contrast")
        mixup = configuration.number("augment.mixup")
        mixupBatch = configuration.number("augment.mixup_batch")
        rotation = configuration.number("augment.rotation")
        scale = configuration.number("augment.scale")
        erase = configuration.number("augment.erase")
    }
}

extension DecodingSettings {
    package init(_ configuration: Configuration) {
        self.init()
        crop = CropBox(configuration.text("crop"))
        fps = configuration.number("fps")
        frames = configuration.text("frames")
        (lowest, highest) = (
            configuration.number("value_range.min"), configuration.number("value_range.max")
        )
    }
}

extension DataSource {
    package init(_ configuration: Configuration) {
        let path = configuration.text("path_to_dataset")
        self =
            path == VisemeSet.path
            ? .visemes(VisemeSet(configuration))
            : .folder(path: path, ClipFolderSettings(configuration))
    }
}

extension ClipFolderSettings {
    fileprivate init(_ configuration: Configuration) {
        self.init(
            splits: configuration.texts("subfolders"), classes: configuration.texts("classes"))
        rule.val = configuration.number("split.val")
        rule.test = configuration.number("split.test")
        rule.group = configuration.text("split.group")
        rule.folds = configuration.integer("split.folds")
        rule.fold = configuration.integer("split.fold")
        rule.seed = configuration.unsigned("split_seed")
        decoding = DecodingSettings(configuration)
        skipsUnreadable = configuration.text("on_error") == "skip"
        followsLinks = configuration.bool("follow_links")
        if configuration.bool("word_boundary") || configuration.bool("augment.variable_length") {
            words = .required
        }
    }
}

extension VisemeSet {
    fileprivate init(_ configuration: Configuration) {
        self.init()
        words = configuration.integer("builtin.words")
        trainSpeakers = configuration.integer("builtin.train_speakers")
        valSpeakers = configuration.integer("builtin.val_speakers")
        testSpeakers = configuration.integer("builtin.test_speakers")
        takes = configuration.integer("builtin.takes")
        difficulty = configuration.number("builtin.difficulty")
        seed = configuration.unsigned("builtin.seed")
    }
}
