import Execution
import Foundation
import Studies

/// A recipe for a script as it is: options of its command line that look like hyperparameters are
/// swept, and metrics are taken from where they were found.
struct ScriptRecipe {
    /// An option of the command line with its value.
    struct Option: Equatable {
        /// As a key of a recipe.
        var key: String
        var value: String
        /// The place of the value in the words, and what comes before it in its word.
        var place: Int
        var prefix: String
    }

    let words: [String]
    let options: [Option]
    let probe: ScriptProbe?
    private let help: [String]

    private static let rates = ["lr", "learning_rate", "eta", "learning_rate_init", "step_size"]
    private static let seeds = ["seed", "random_state", "random_seed", "manual_seed"]
    private static let others = [
        "batch_size", "bs", "weight_decay", "wd", "dropout", "momentum", "alpha", "beta", "gamma",
        "depth", "max_depth", "layers", "num_layers", "hidden", "hidden_size", "width", "units",
        "epochs", "num_epochs", "max_epochs", "num_leaves", "n_estimators", "l2", "temperature",
    ]

    /// - Parameter help: options that the script's help lists.
    init(_ words: [String], probe: ScriptProbe?, help: [String] = []) {
        (self.words, self.probe, self.help) = (words, probe, help)
        options = ScriptRecipe.options(words)
    }

    /// Options with a number: `--lr 0.1`, `--lr=0.1`, `-lr 0.1`, and `lr=0.1` as Hydra has it.
    static func options(_ words: [String]) -> [Option] {
        var found: [Option] = []
        for (place, word) in words.enumerated().dropFirst() {
            if let equals = word.firstIndex(of: "="), equals != word.startIndex {
                let value = String(word[word.index(after: equals)...])
                let name = key(String(word[..<equals]))
                guard Double(value) != nil, isName(name) else { continue }
                found.append(
                    Option(key: name, value: value, place: place, prefix: String(word[...equals])))
            } else if word.hasPrefix("-"), Double(word) == nil, place + 1 < words.count,
                Double(words[place + 1]) != nil
            {
                found.append(
                    Option(key: key(word), value: words[place + 1], place: place + 1, prefix: ""))
            }
        }
        return found.filter { (rates + seeds + others).contains(leaf($0.key)) }
    }

    private static func isHyperparameter(_ option: String) -> Bool {
        (rates + seeds + others).contains(leaf(key(option)))
    }

    private static func key(_ option: String) -> String {
        String(option.drop { $0 == "-" || $0 == "+" }).replacing("-", with: "_")
    }

    private static func isName(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.]*/) != nil
    }

    private static func leaf(_ key: String) -> String {
        key.split(separator: ".").last.map(String.init) ?? key
    }

    private var rate: Option? {
        options.first { ScriptRecipe.rates.contains(ScriptRecipe.leaf($0.key)) }
    }
    private var seed: Option? {
        options.first { ScriptRecipe.seeds.contains(ScriptRecipe.leaf($0.key)) }
    }

    func text(file: String) -> String {
        var command = words
        var (sweep, set, notes): ([String], [String], [String]) = ([], [], [])
        for option in options {
            let name = option == seed ? "seed" : option.key
            command[option.place] = "\(option.prefix){\(name)}"
            if option == seed { continue }
            if option == rate, let value = Double(option.value) {
                let values = [value / 3, value, value * 3].map {
                    String(format: "%.2g", $0)
                }
                sweep.append("  \(name): [\(values[0]), \(option.value), \(values[2])]")
            } else {
                set.append("  \(name): \(option.value)")
            }
        }
        if sweep.isEmpty, let first = options.first(where: { $0 != seed }),
            let value = Double(first.value)
        {
            set.removeAll { $0.hasPrefix("  \(first.key):") }
            let whole = Int(exactly: value).map { [max(1, $0 / 2), $0, 2 * $0].map(String.init) }
            let values = whole ?? [value / 2, value, value * 2].map { "\($0)" }
            sweep.append("  \(first.key): [\(values.joined(separator: ", "))]")
        }
        // An option for the seed that is not on the command line.
        let known = help.first { ScriptRecipe.seeds.contains(ScriptRecipe.key($0)) }
        if seed == nil, let known { command += ["--\(known)", "{seed}"] }
        let others = help.filter { option in
            ScriptRecipe.isHyperparameter(option)
                && !options.contains { $0.key == ScriptRecipe.key(option) } && option != known
        }
        if !others.isEmpty {
            notes.append("# It also has \(others.map { "--" + $0 }.joined(separator: ", ")).")
        }
        if seed == nil, known == nil {
            notes.append(
                "# The command names no seed: runs of one setting may differ by chance alone. If the script has such an"
            )
            notes.append(
                "# option, add it, as --seed \"{seed}\"; $VISEME_SEED holds the same number.")
        }
        if sweep.isEmpty {
            notes.append(
                "# No option looks like a hyperparameter: put {name} in its place, and the name under sweep:."
            )
        }
        sweep.append("  seeds: 3")
        var lines = ["# viseme sweep \(file)"] + notes
        lines += [
            "trainer:", "  command: [\(command.map(ScriptRecipe.quoted).joined(separator: ", "))]",
        ]
        lines += metricLines()
        if !set.isEmpty { lines += ["set:"] + set }
        lines += ["sweep:"] + sweep
        let judge = probe?.metrics.first
        let goal = judge.map { ScriptProbe.isMinimized($0) ? "minimize" : "maximize" } ?? "maximize"
        let rest = probe?.metrics.dropFirst().prefix(8).joined(separator: ", ") ?? ""
        lines.append(
            "metric: {name: \(ScriptRecipe.quoted(judge ?? "val_accuracy")), goal: \(goal)}"
                + (judge == nil
                    ? "   # unsure: the metric that judges"
                    : rest.isEmpty ? "" : "   # it also reports \(rest)"))
        return lines.joined(separator: "\n") + "\n"
    }

    private func metricLines() -> [String] {
        switch probe?.found {
        case .reported: []
        case .output(let format, let axis):
            ["metrics: {stdout: \(ScriptRecipe.quoted(format))\(words(axis))}"]
        case .file(let pattern, let axis):
            ["metrics: {file: \(ScriptRecipe.quoted(pattern))\(words(axis))}"]
        case nil:
            (probe.map(\.problem).flatMap { $0.isEmpty ? nil : ["# not read: \($0)"] } ?? []) + [
                "# unsure: where metrics are. One of \(OutputFormat.all.map(\.name).joined(separator: ", ")),",
                "# an expression, as 'loss: (?<loss>\\S+)', or {file: metrics.csv}; `viseme new --probe` runs it once.",
                "metrics: {stdout: key=value}",
            ]
        }
    }

    private func words(_ axis: MetricAxis) -> String { axis == .step ? ", axis: step" : "" }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || "_./-=".contains($0) }
        // A word like no or 1 would be no text.
        if isPlain, text.first?.isLetter == true,
            !["yes", "no", "true", "false", "on", "off", "null", "y", "n"].contains(
                text.lowercased())
        {
            return text
        }
        return "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
