import ArgumentParser
import Clips
import Foundation
import Recipes
import RunStore

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at the data of a recipe before training.",
        subcommands: [Info.self, Preview.self])

    /// The data of a recipe's first run.
    struct Options: ParsableArguments {
        @Argument(help: "The recipe, a YAML file.")
        var recipe: String
        @Argument(help: "Changes to the recipe, as key=value: path_to_dataset=folder split.test=0.2.")
        var overrides: [String] = []
        @Option(help: ArgumentHelp("Folder of all results, whose cache is used.", valueName: "folder"))
        var results = "results"

        func prepared() async throws -> (data: PreparedData, configuration: Configuration) {
            let recipe = try Recipe(path: recipe, overrides: overrides)
            guard recipe.trainer == .visualSpeech, let run = recipe.expand().first else {
                throw ValidationError("\(self.recipe): a program is the trainer: it reads its data itself")
            }
            let display = ProgressDisplay()
            defer { display.clear() }
            let cache = URL(filePath: results).appending(path: ".cache")
            let data = try await run.configuration.dataSource.prepare(cache: cache) { done, count in
                display.show("decoding clips", Double(done) / Double(max(count, 1)), "\(done) of \(count)")
            }
            return (data, run.configuration)
        }
    }

    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Classes, counts, lengths, sizes; clips that stand in two splits or two classes, or show nothing."
        )

        @OptionGroup var options: Options

        func run() async throws {
            let (data, _) = try await options.prepared()
            let survey = try data.survey()
            let counts = Dictionary(grouping: survey.clips) {
                [$0.label, Split.allCases.firstIndex(of: $0.split) ?? 0]
            }
            let rows = survey.classes.enumerated().map { label, name in
                [name] + Split.allCases.indices.map { "\(counts[[label, $0]]?.count ?? 0)" }
            }
            let totals = ["all"] + Split.allCases.map { split in "\(survey.clips.count { $0.split == split })" }
            print(table(["class", "train", "val", "test"], rows + [totals]))
            print("")
            print(facts(survey, data))
            let findings = problems(survey)
            if !findings.isEmpty { print("\n" + findings.joined(separator: "\n")) }
        }

        private func facts(_ survey: DataSurvey, _ data: PreparedData) -> String {
            let lengths = survey.clips.map(\.frames).sorted()
            let sizes = Dictionary(grouping: survey.clips) {
                "\($0.width)×\($0.height), \($0.channels == 1 ? "grey" : "RGB")"
            }
            let shown = sizes.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(5)
            let train = survey.classes.indices.map { label in
                survey.clips.count { $0.label == label && $0.split == .train }
            }
            let (least, most) = (train.min() ?? 0, train.max() ?? 0)
            return [
                "frames    \(lengths.first ?? 0) … \(lengths.last ?? 0), median \(lengths.isEmpty ? 0 : lengths[lengths.count / 2])",
                "sizes     " + shown.map { "\($0.key): \($0.value.count)" }.joined(separator: "; ")
                    + (sizes.count > 5 ? "; and \(sizes.count - 5) more" : ""),
                "balance   \(least) to \(most) training clips a class"
                    + (least > 0 && most >= 2 * least
                        ? ": the largest has \(decimals(Double(most) / Double(least), 1)) times the smallest" : ""),
                "digest    \(data.digest)",
            ].joined(separator: "\n")
        }

        private func problems(_ survey: DataSurvey) -> [String] {
            func listed(_ text: String, _ names: [String]) -> [String] {
                names.isEmpty
                    ? []
                    : ["\(names.count) \(text):"] + names.prefix(10).map { "  \($0)" }
                        + (names.count > 10 ? ["  … and \(names.count - 10) more"] : [])
            }
            let together = { (clips: [DataSurvey.Clip]) in
                clips.map { "\($0.name) (\($0.split.rawValue))" }.joined(separator: " = ")
            }
            return listed("clips stand in more than one split, the same to the last pixel", survey.leaks.map(together))
                + listed(
                    "clips stand in more than one class, the same to the last pixel",
                    survey.contradictions.map(together))
                + listed("clips show nothing, all of one brightness", survey.clips.filter(\.isBlank).map(\.name))
                + listed("clips are nearly black", survey.clips.filter { $0.isDark && !$0.isBlank }.map(\.name))
                + listed("clips have pictures of different sizes", survey.clips.filter { !$0.isEven }.map(\.name))
        }
    }

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A contact sheet: for each class some training clips, framed as the network sees them.")

        @OptionGroup var options: Options
        @Option(name: [.short, .long], help: ArgumentHelp("The picture to write.", valueName: "file.png"))
        var output: String
        @Option(help: "Clips of each class.")
        var each = 4
        @Option(help: "Frames of each clip.")
        var frames = 4

        func validate() throws {
            guard output.hasSuffix(".png") else { throw ValidationError("-o: \(output) has to end in .png") }
            guard (1...50).contains(each), (1...50).contains(frames) else {
                throw ValidationError("--each and --frames are 1…50")
            }
        }

        func run() async throws {
            try OutputFile.refuseStudies(output)
            let (data, configuration) = try await options.prepared()
            let cache = URL(filePath: options.results).appending(path: ".cache")
            let clips = try data.load(configuration.clipFormat, cache: cache)
            let sheet = ContactSheet(clips, each: each, frames: frames)
            do { try sheet.png.write(to: URL(filePath: output), options: .atomic) } catch {
                throw StoreError.unwritable(path: output, reason: "the folder is not there, or may not be written")
            }
            print("written: \(output)\nrows, from the top: \(clips.classes.joined(separator: ", "))")
        }
    }
}

/// Clips of each class in a row, frames side by side.
private struct ContactSheet {
    let png: Data

    init(_ splits: ClipSplits, each: Int, frames: Int) {
        let format = splits.train.format
        let (gap, count) = (6, min(frames, format.frames))
        let clipWidth = count * format.width
        let width = gap + each * (clipWidth + gap)
        let height = gap + splits.classes.count * (format.height + gap)
        var pixels = [UInt8](repeating: 255, count: width * height * format.channels)
        let times = (0..<count).map { count == 1 ? 0 : $0 * (format.frames - 1) / (count - 1) }
        for label in splits.classes.indices {
            let own = (0..<splits.train.count).filter { splits.train.label($0) == label }.prefix(each)
            for (column, clip) in own.enumerated() {
                splits.train.withFrames(of: clip) { time, frame in
                    guard let place = times.firstIndex(of: time) else { return }
                    for row in 0..<format.height {
                        let x = gap + column * (clipWidth + gap) + place * format.width
                        let y = gap + label * (format.height + gap) + row
                        for at in 0..<format.width * format.channels {
                            pixels[(y * width + x) * format.channels + at] =
                                frame[row * format.width * format.channels + at]
                        }
                    }
                }
            }
        }
        png = PNG.data(pixels, width: width, height: height, channels: format.channels)
    }
}
