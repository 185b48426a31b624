import Foundation
import Search
import Studies
import Yams

/// A sweep file of Weights & Biases as a recipe. Values keep their places, so that mistakes point
/// into the file.
struct WandbSweep {
    /// The recipe.
    private(set) var recipe: Node
    /// What can't be translated and stops the sweep, and what is left out without harm.
    private(set) var losses: [(place: Node?, text: String)] = []
    private(set) var notes: [String] = []
    private var isGrid = false

    /// Whether a mapping is such a file.
    static func isOne(_ node: Node) -> Bool {
        guard let mapping = node.mapping else { return false }
        return mapping["parameters"]?.mapping != nil
            && (mapping["method"] != nil || mapping["program"] != nil || mapping["command"] != nil)
            && mapping["sweep"] == nil && mapping["set"] == nil
    }

    init(_ root: Node) {
        recipe = root
        guard let mapping = root.mapping else { return }
        var set: [(Node, Node)] = []
        var sweep: [(Node, Node)] = []
        var sampled = false
        isGrid = [nil, "grid"].contains(mapping["method"]?.string)
        parameters(mapping["parameters"], prefix: "", &set, &sweep)
        var parts: [(Node, Node)] = []
        func put(_ name: String, _ node: Node) {
            parts.append((.scalar(.init(name, .init(.implicit), .plain, node.mark)), node))
        }

        if let description = mapping["description"] ?? mapping["name"] {
            put("question", description)
        }
        let names = (set + sweep).compactMap { $0.0.string }
        if let command = command(mapping, names, (set + sweep).map(\.1)) { put("trainer", command) }
        switch mapping["method"]?.string {
        case "grid", nil: break
        case "random":
            sampled = true
            if let method = mapping["method"] { put("method", method) }
            if let cap = mapping["run_cap"] {
                put("samples", cap)
            } else {
                notes.append(
                    "method: random draws without end there; here samples says how many points, as samples=20 on the command line"
                )
            }
        case let other?:
            losses.append(
                (
                    mapping["method"],
                    "method: \(other) can't be translated: the points here do not depend on results; use grid or random"
                ))
        }
        if !sampled, let cap = mapping["run_cap"] { put("max_runs", cap) }
        if let metric = mapping["metric"] { put("metric", WandbSweep.withGoal(metric)) }
        if !set.isEmpty {
            put("set", .mapping(.init(set, .init(.implicit), .any, mapping["parameters"]?.mark)))
        }
        if !sweep.isEmpty {
            put(
                "sweep", .mapping(.init(sweep, .init(.implicit), .any, mapping["parameters"]?.mark))
            )
        }
        let known = [
            "parameters", "description", "name", "program", "command", "method", "run_cap",
            "metric",
        ]
        for (key, _) in mapping {
            guard let name = key.string, !known.contains(name) else { continue }
            if ["early_terminate", "parallel", "launch", "imageuri"].contains(name) {
                losses.append((key, "\(name): can't be translated: leave it out"))
            } else {
                notes.append("\(name): ignored: not needed here")
            }
        }
        recipe = .mapping(.init(parts, .init(.implicit), .any, mapping.mark))
    }

    /// Theirs is to minimise where nothing is said.
    private static func withGoal(_ metric: Node) -> Node {
        guard let mapping = metric.mapping, mapping["goal"] == nil else { return metric }
        let word = { (text: String) in
            Node.scalar(.init(text, .init(.implicit), .plain, metric.mark))
        }
        let pairs = mapping.map { ($0.key, $0.value) } + [(word("goal"), word("minimize"))]
        return .mapping(.init(pairs, .init(.implicit), .any, metric.mark))
    }

    private mutating func parameters(
        _ node: Node?, prefix: String, _ set: inout [(Node, Node)], _ sweep: inout [(Node, Node)]
    ) {
        guard let mapping = node?.mapping else { return }
        for (key, value) in mapping {
            guard let name = key.string else { continue }
            let full = Node.scalar(.init(prefix + name, .init(.implicit), .plain, key.mark))
            guard let fields = value.mapping else {
                losses.append(
                    (
                        value,
                        "\(prefix + name): expected a mapping with value, values, or min and max"
                    ))
                continue
            }
            if let nested = fields["parameters"] {
                parameters(nested, prefix: prefix + name + ".", &set, &sweep)
            } else if let one = fields["value"] {
                set.append((full, WandbSweep.withNone(one)))
            } else if fields["probabilities"] != nil {
                losses.append(
                    (
                        key,
                        "\(prefix + name): probabilities can't be translated: all values have the same probability here"
                    ))
            } else if let values = fields["values"] {
                sweep.append((full, WandbSweep.withNone(values)))
            } else if let axis = spread(prefix + name, key, fields) {
                sweep.append((full, axis))
            }
        }
    }

    /// Nothing is what their programs receive as `None`.
    private static func withNone(_ node: Node) -> Node {
        if let members = node.sequence {
            return .sequence(
                .init(members.map(withNone), .init(.implicit), members.style, members.mark))
        }
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        else { return node }
        return .scalar(.init("None", .init(.implicit), .doubleQuoted, scalar.mark))
    }

    /// Whether a truth value is among some nodes.
    private static func holdsTruth(_ nodes: [Node]) -> Bool {
        nodes.contains { node in
            if let members = node.sequence { return holdsTruth(Array(members)) }
            guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
            return ["true", "false"].contains(scalar.string.lowercased())
        }
    }

    /// min, max and distribution.
    private mutating func spread(_ name: String, _ key: Node, _ fields: Node.Mapping) -> Node? {
        func scalar(_ text: String, _ like: Node?) -> Node {
            .scalar(.init(text, .init(.implicit), .plain, like?.mark ?? key.mark))
        }
        func axis(_ distribution: String, _ members: [(String, Node?)]) -> Node {
            let pairs =
                [(scalar("distribution", key), scalar(distribution, key))]
                + members.compactMap { name, node in
                    node.map { (scalar(name, $0), $0) }
                }
            return .mapping(.init(pairs, .init(.implicit), .any, fields.mark ?? key.mark))
        }
        let (low, high) = (fields["min"], fields["max"])
        let isWhole = [low, high].allSatisfy { Int($0?.string ?? "") != nil }
        let kind = fields["distribution"]?.string
        // A grid over whole numbers is all of them.
        if isGrid, isWhole, kind == nil || kind == "int_uniform" || kind == "constant" {
            let pairs = [("from", low), ("to", high), ("step", scalar("1", key))].compactMap {
                name, node in node.map { (scalar(name, key), $0) }
            }
            return .mapping(.init(pairs, .init(.implicit), .flow, fields.mark ?? key.mark))
        }
        switch kind ?? (isWhole ? "int_uniform" : "uniform") {
        case "uniform": return axis("uniform", [("min", low), ("max", high)])
        case "int_uniform": return axis("int_uniform", [("min", low), ("max", high)])
        case "log_uniform_values": return axis("log", [("min", low), ("max", high)])
        case "normal":
            return axis(
                "normal",
                [
                    ("mean", fields["mu"] ?? scalar("0", key)),
                    ("std", fields["sigma"] ?? scalar("1", key)),
                ])
        case "log_uniform":
            // Its limits are natural logarithms.
            guard let first = low.flatMap(SettingsReader.number),
                let last = high.flatMap(SettingsReader.number)
            else {
                return nil
            }
            let limits = [first, last].map { shortest(sixDigits(exp($0))) }
            notes.append(
                "\(name): min and max of log_uniform are exponents of e: \(shortest(first)) and \(shortest(last)) mean \(limits[0]) and \(limits[1]); log_uniform_values has the values themselves"
            )
            return axis(
                "log",
                [
                    ("min", scalar(shortest(sixDigits(exp(first))), low)),
                    ("max", scalar(shortest(sixDigits(exp(last))), high)),
                ])
        case let other:
            losses.append(
                (
                    fields["distribution"] ?? key,
                    "\(name): the distribution \(other) can't be translated; there are uniform, log, int_uniform, normal and choice"
                ))
            return nil
        }
    }

    /// `command`, with W&B's macros filled in; by default `python3 <program> --key=value …`.
    private mutating func command(_ mapping: Node.Mapping, _ names: [String], _ values: [Node])
        -> Node?
    {
        let program = mapping["program"]
        guard program != nil || mapping["command"] != nil else { return nil }
        func word(_ text: String, _ like: Node?) -> Node {
            .scalar(.init(text, .init(.implicit), .doubleQuoted, like?.mark))
        }
        let given =
            mapping["command"]?.sequence.map(Array.init)
            ?? ["${env}", "${interpreter}", "${program}", "${args}"].map { word($0, program) }
        var words: [Node] = []
        for node in given {
            switch node.string ?? "" {
            case "${env}": break
            case "${interpreter}": words.append(word("python3", node))
            case "${program}": words.append(word(program?.string ?? "", program ?? node))
            case "${args}": words += names.map { word("--\($0)={\($0)}", node) }
            case "${args_no_hyphens}": words += names.map { word("\($0)={\($0)}", node) }
            case let text where text.contains("${"):
                losses.append(
                    (
                        node,
                        "command: \(text) can't be translated; write {key} where a value belongs"
                    ))
            case let text: words.append(word(text, node))
            }
        }
        let key = Node.scalar(.init("command", .init(.implicit), .plain, program?.mark))
        let list = Node.sequence(
            .init(words, .init(.implicit), .flow, (mapping["command"] ?? program)?.mark))
        var pairs = [(key, list)]
        if WandbSweep.holdsTruth(values) {
            let word = { (text: String) in
                Node.scalar(.init(text, .init(.implicit), .plain, program?.mark))
            }
            pairs.append((word("booleans"), word("python")))
        }
        return .mapping(
            .init(pairs, .init(.implicit), .any, (mapping["command"] ?? program)?.mark))
    }
}

/// Translates a sweep file of Weights & Biases into the text of a recipe.
package enum WandbImport {
    /// - Returns: the recipe, and what could not be translated.
    /// - Throws: `RecipeMistakes` or `UnreadableFile`.
    package static func recipe(_ path: String) throws -> (text: String, losses: [String]) {
        let mistakes = MistakeList()
        let source = try SourceText(file: URL(filePath: path), name: path)
        guard let root = source.parse(mistakes), WandbSweep.isOne(root) else {
            if mistakes.mistakes.isEmpty {
                mistakes.add(
                    Place(file: path, line: 1, column: 1),
                    "this is no sweep file of Weights & Biases: it has method and parameters",
                    in: source)
            }
            try mistakes.throwIfAny()
            return ("", [])
        }
        let sweep = WandbSweep(root)
        let losses = sweep.losses.map { loss in
            "line \(source.place(loss.place?.mark).line): \(loss.text)"
        }
        let head =
            "# Made by viseme import of \(URL(filePath: path).lastPathComponent).\n"
            + (losses + sweep.notes).map { "# \($0)\n" }.joined()
        return (
            head + (try Yams.serialize(node: sweep.recipe, width: -1, allowUnicode: true)), losses
        )
    }
}
