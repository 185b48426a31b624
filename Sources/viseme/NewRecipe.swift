import ArgumentParser
import Clips
import Execution
import Foundation
import RunStore
import Studies

/// The text of a recipe to start from.
struct NewRecipe {
    let file: String

    /// Words separated by blanks outside of quotes.
    static func words(_ command: String) throws -> [String] {
        let words = command.matches(of: /(?:[^\s"']+|"[^"]*"|'[^']*')+/).map {
            String($0.0).replacing(/["']/, with: "")
        }
        guard !words.isEmpty else { throw ValidationError("--command: names no program") }
        let left = command.replacing(/(?:[^\s"']+|"[^"]*"|'[^']*')+/, with: "")
        guard left.allSatisfy(\.isWhitespace) else {
            throw ValidationError("--command: a quote is not closed")
        }
        return words
    }

    private var head: String { "# viseme sweep \(file)\n" }
    private let foot = """
        # keep: none                         # of the weights: best (unless said otherwise), last, none
        # report: {introduction: Why we ask.}

        """

    /// For a program.
    /// - Throws: `ValidationError` if the command has no program, or an open quote.
    func text(command: String) throws -> String {
        let words = try NewRecipe.words(command)
        // A command that names keys gets those it names.
        let given = command.contains(/\{[A-Za-z_]/) ? [] : ["lr", "seed"]
        let list = (words + given.flatMap { ["--\($0)", "{\($0)}"] }).map(NewRecipe.quoted)
        return head + """
            # The program appends one JSON object an epoch to the file $VISEME_METRICS: {"epoch": 1, "val_accuracy": 0.41}
            question: What does the learning rate do?
            trainer:
              command: [\(list.joined(separator: ", "))]
              # files: [src/*.py]                # what else decides the outcome
            # metrics: {exclude: [seconds]}      # metrics that differ from time to time
            set:
              epochs: 10                         # any keys: the program gets them as JSON in $VISEME_CONFIG
            sweep:
              lr: {distribution: log, min: 0.001, max: 0.1, count: 3}
              seeds: 3                           # seed: [1, 2, 3]
            # exclude: [{lr: ">0.05"}]           # runs that are left out
            metric: {name: val_accuracy, goal: maximize}

            """ + foot
    }

    /// For the built-in data set, as docs/tutorial.md explains it.
    var text: String {
        head + """
            # `viseme explain` lists the keys, `viseme explain lr` says what one means.
            question: Which learning rate reads lips best, and how far does the seed move it?
            set:
              path_to_dataset: "\(VisemeSet.path)"
              len_video: 12                      # frames of a clip
              size_lips: {width: 32, height: 32} # px
              filters: 8                         # 64 is the published network
              batch_size: 16
              epoch: 20
              epoch_stop: 0                      # stop after so many epochs without a better value; 0: never
            sweep:
              lr: {distribution: log, min: 0.0001, max: 0.01, count: 3}
              seeds: 3                           # seed: [1, 2, 3]
            # exclude: [{lr: ">0.05"}]           # runs that are left out
            metric: {name: val_accuracy, goal: maximize}

            """ + foot
    }

    /// For clips, by what reads best on small sets (docs/network.md, "Small sets").
    func text(_ clips: DataFacts) -> String {
        // Changes that help with new speakers reduce the accuracy for known ones.
        let augmentation =
            !clips.hasSpeakers
            ? "{mixup: 0.2, shift: 1}"
            : "{mixup: 0.2, shift: 1, flip: true, brightness: 0.2, contrast: 0.2}"
        let group =
            clips.group.isEmpty
            ? "" : "  split: {group: \(NewRecipe.quoted(clips.group))}\n"
        let words =
            clips.hasWords
            ? "  word_boundary: true                # the network sees when the word is spoken\n"
            : ""
        return head + """
            # `viseme explain` lists the keys, `viseme explain lr` says what one means.
            question: Which learning rate reads lips best, and how far does the seed move it?
            set:
              path_to_dataset: \(NewRecipe.quoted(clips.path))

            """ + group + words + """
                  len_video: \(clips.frames)                      # frames of a clip
                  length: \(clips.length)
                  size_lips: {width: \(clips.width), height: \(clips.height)} # px
                  normalize: clip                    # each clip to mean 0 and deviation 1
                  model: cnn3d_gru                   # small; docs/network.md lists the others
                  filters: 16
                  network: {backend: mstcn, layers: 2}
                  dropout: 0.1
                  augment: \(augmentation) # random changes to training clips
                  weight_average: ema                # judge and keep averaged weights
                  average_decay: 0.99
                  batch_size: 8
                  lr_schedule: cosine
                  epoch: \(clips.epochs)
                  epoch_stop: 0                      # stop after so many epochs without a better value; 0: never
                sweep:
                  lr: [0.0005, 0.001, 0.002]
                  seeds: 3                           # seed: [1, 2, 3]
                # The loss of few validation clips says more than their accuracy.
                metric: {name: val_loss, goal: minimize}

                """ + foot
    }

    /// As a YAML text in quotes.
    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}

/// What of clips decides the recipe to start from.
struct DataFacts {
    let path: String
    /// Regular expression whose first group is a clip's speaker; empty: none.
    let group: String
    /// Whether the clips of speakers are kept together.
    let hasSpeakers: Bool
    /// Of the network's clips; px.
    let frames, height, width: Int
    let epochs: Int
    /// Whether it is known of all clips when their words are spoken.
    let hasWords: Bool

    /// The value of the key `length`, and what it means. Clips with words in time have parts of
    /// other words too: squeezed, few frames would be left of their own.
    var length: String {
        hasWords
            ? "mask                       # the network sees how long a clip is"
            : "resample                   # longer and shorter clips are fitted as a whole"
    }

    /// What was found.
    let words: String

    /// Pictures have about so many pixels.
    private static let pixels = 40.0 * 40
    /// A run has about so many training steps of 8 clips: more steps do not help with ten classes.
    private static func steps(classes: Int) -> Double { max(2000, 120 * Double(classes)) }

    /// Decodes clips and looks at them.
    /// - Throws: `ClipError`, `StoreError`.
    static func look(_ path: String, group: String, cache: URL) async throws -> DataFacts {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ValidationError("--data: \(path): there is no such folder or file")
        }
        let whole = URL(filePath: path).standardizedFileURL.path
        let schema = VisualSpeechTrainer.schema
        let configuration = Configuration(
            ["path_to_dataset": .text(whole), "split.group": .text(group)], schema: schema)
        let progress = DecodingProgress()
        defer { progress.end() }
        let data = try await Interruption.guarding {
            try await DataSource(configuration).withKnownWords.prepare(cache: cache) {
                progress.show($0, $1)
            }
        }
        return DataFacts(whole, group, try data.survey())
    }

    private init(
        path: String, group: String, frames: Int, height: Int, width: Int, epochs: Int,
        hasWords: Bool, words: String
    ) {
        self.hasWords = hasWords
        (self.path, self.group, self.frames) = (path, group, frames)
        hasSpeakers = !group.isEmpty || DataSource.tableHasGroups(path)
        (self.height, self.width, self.words) = (height, width, words)
        self.epochs = epochs
    }

    private init(_ path: String, _ group: String, _ survey: DataSurvey) {
        func median(_ numbers: [Int]) -> Int {
            numbers.isEmpty ? 1 : numbers.sorted()[numbers.count / 2]
        }
        let length = median(survey.clips.map(\.frames))
        let (high, wide) = (
            Double(median(survey.clips.map(\.height))), Double(median(survey.clips.map(\.width)))
        )
        // The clips' own form, in multiples of four; never larger than they are.
        let scale = min(1, (DataFacts.pixels / (high * wide)).squareRoot())
        func side(_ pixels: Double) -> Int { max(16, Int((pixels * scale / 4).rounded()) * 4) }
        let hasWords = survey.clips.allSatisfy { $0.word != nil }
        let training = survey.clips.count { $0.split == .train }
        let steps = DataFacts.steps(classes: survey.classes.count)
        let epochs = (steps * 8 / Double(max(training, 1))).rounded()
        self.init(
            path: path, group: group, frames: max(8, min(hasWords ? 32 : 16, length)),
            height: side(high),
            width: side(wide), epochs: Int(max(15, min(120, epochs))),
            hasWords: hasWords,
            words:
                "\(survey.clips.count) clips of \(survey.classes.count) classes, \(training) to train with; \(length) frames of \(Int(wide))×\(Int(high)) px (medians)"
        )
    }
}
