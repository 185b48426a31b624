import ArgumentParser
import Clips
import Foundation
import Studies

extension DataCommand {
    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Classes, counts, lengths, sizes; clips that are in two splits or two classes, or are blank."
        )

        @OptionGroup var options: Options

        func run() async throws {
            let (data, configuration) = try await options.prepared()
            let survey = try data.survey()
            let counts = Dictionary(grouping: survey.clips) {
                [$0.label, $0.split.order]
            }
            let rows = survey.classes.enumerated().map { label, name in
                [name] + Split.allCases.indices.map { "\(counts[[label, $0]]?.count ?? 0)" }
            }
            let totals =
                ["all"]
                + Split.allCases.map { split in "\(survey.clips.count { $0.split == split })" }
            print(table(["class", "train", "val", "test"], rows + [totals]))
            print("")
            print(facts(survey, data))
            if options.isRecipe { print(fit(survey, ClipFormat(configuration))) }
            let findings = problems(survey, data)
            if !findings.isEmpty { print("\n" + findings.joined(separator: "\n")) }
        }

        /// How the clips become as long as the recipe's network wants them.
        private func fit(_ survey: DataSurvey, _ format: ClipFormat) -> String {
            let longer = survey.clips.count { $0.frames > format.frames }
            let shorter = survey.clips.count { $0.frames < format.frames }
            let words =
                switch format.length {
                case .resample: "\(longer) clips are squeezed, \(shorter) stretched"
                case .repeat: "\(longer) clips are cut, \(shorter) repeat their last frame"
                case .mask: "\(longer) clips are cut, \(shorter) end before it"
                }
            let outside = survey.clips.count { $0.isWordCut(by: format) }
            return "fit       len_video \(format.frames): \(words)"
                + (outside > 0 ? "; of \(outside) part of the word is cut off" : "")
        }

        private func facts(_ survey: DataSurvey, _ data: PreparedData) -> String {
            let lengths = survey.clips.map(\.frames).sorted()
            let sizes = Dictionary(grouping: survey.clips) {
                "\($0.width)×\($0.height), \($0.channels == 1 ? "grey" : "RGB")"
            }
            let shown = sizes.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(
                5)
            let train = survey.classes.indices.map { label in
                survey.clips.count { $0.label == label && $0.split == .train }
            }
            let (least, most) = (train.min() ?? 0, train.max() ?? 0)
            return [
                "frames    \(lengths.first ?? 0) … \(lengths.last ?? 0), median \(lengths.isEmpty ? 0 : lengths[lengths.count / 2])",
                "sizes     " + shown.map { "\($0.key): \($0.value.count)" }.joined(separator: "; ")
                    + (sizes.count > 5 ? "; and \(sizes.count - 5) more" : ""),
                words(survey),
                "balance   \(least) to \(most) training clips a class"
                    + (least > 0 && most >= 2 * least
                        ? ": the largest has \(decimals(Double(most) / Double(least), 1)) times the smallest"
                        : ""),
                "digest    \(data.digest)",
                data.skipped.isEmpty
                    ? nil : "left out  \(data.skipped.count) clips that can't be read",
                data.leftOut.count == 0
                    ? nil
                    : "no clips  \(data.leftOut.count) files: \(data.leftOut.words)",
            ].compactMap { $0 }.joined(separator: "\n")
        }

        /// How long the words are, where the times of words are used.
        private func words(_ survey: DataSurvey) -> String? {
            let lengths = survey.clips.compactMap(\.word?.count).sorted()
            guard let first = lengths.first, let last = lengths.last else { return nil }
            return "words     \(first) … \(last) frames, median \(lengths[lengths.count / 2])"
        }

        private func problems(_ survey: DataSurvey, _ data: PreparedData) -> [String] {
            func listed(_ text: String, _ names: [String], most: Int = 10) -> [String] {
                names.isEmpty
                    ? []
                    : ["\(names.count) \(text):"] + names.prefix(most).map { "  \($0)" }
                        + (names.count > most ? ["  … and \(names.count - most) more"] : [])
            }
            let together = { (clips: [DataSurvey.Clip]) in
                clips.map { "\($0.name) (\($0.split.rawValue))" }.joined(separator: " = ")
            }
            let skipped = data.skipped.map { "\($0.name): \($0.reason)" }
            let others = data.leftOut.kinds.flatMap { kind in
                kind.examples.map { "\($0) (\(kind.name))" }
                    + (kind.count > kind.examples.count
                        ? ["… and \(kind.count - kind.examples.count) more (\(kind.name))"] : [])
            }
            let none =
                others.isEmpty
                ? [] : ["files that are no clips, left out:"] + others.map { "  \($0)" }
            return none + listed("clips can't be read, and are left out", skipped, most: .max)
                + listed(
                    "clips with identical pixels are in more than one split",
                    survey.leaks.map(together))
                + listed(
                    "clips with identical pixels are in more than one class",
                    survey.contradictions.map(together))
                + listed(
                    "clips have only one picture",
                    survey.clips.filter { $0.frames == 1 }.map(\.name))
                + listed(
                    "clips are blank: all pixels have one brightness",
                    survey.clips.filter(\.isBlank).map(\.name))
                + listed(
                    "clips are nearly black",
                    survey.clips.filter { $0.isDark && !$0.isBlank }.map(\.name))
                + listed(
                    "clips have pictures of different sizes",
                    survey.clips.filter { !$0.isEven }.map(\.name))
        }
    }
}
