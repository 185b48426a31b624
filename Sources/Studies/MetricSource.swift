/// Where the metrics of a command come from, besides `$VISEME_METRICS`.
package enum MetricSource: Sendable, Hashable, Codable {
    /// What it prints: a named format, or regular expressions with named groups.
    case output(format: String?, patterns: [String])
    /// Files that it writes, by a pattern from its working folder; `format` is nil where the name
    /// says it.
    case file(pattern: String, format: FileFormat?)

    package enum FileFormat: String, Sendable, Codable, CaseIterable {
        case csv, json, jsonl, tensorboard
        case trainerState = "trainer_state"

        /// The format that a file's name says; nil if it says none.
        package init?(name: String) {
            let name = name.split(separator: "/").last.map(String.init) ?? name
            if name == "trainer_state.json" {
                self = .trainerState
            } else if name.contains("tfevents") {
                self = .tensorboard
            } else {
                let endings: [String: FileFormat] = [
                    "csv": .csv, "tsv": .csv, "json": .json, "jsonl": .jsonl, "ndjson": .jsonl,
                ]
                guard let found = endings[name.split(separator: ".").last.map(String.init) ?? ""]
                else { return nil }
                self = found
            }
        }
    }

    /// As a recipe would name it.
    package var name: String {
        switch self {
        case .output(let format?, _): "stdout (\(format))"
        case .output(nil, _): "stdout"
        case .file(let pattern, _): pattern
        }
    }
}
