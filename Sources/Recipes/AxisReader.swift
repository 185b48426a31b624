import Foundation
import Search
import Studies
import Yams

/// Reads the values of an axis: a list, `{from, to, step}`, or `{distribution: …}`.
struct AxisReader {
    let settings: SettingsReader
    /// Whether values are drawn, so that a distribution needs no count.
    var isSampled = false
    /// Whether a list may hold a value twice: in axes that go together.
    var keepsRepeats = false

    private var source: SourceText { settings.source }
    private var mistakes: MistakeList { settings.mistakes }

    static let limit = 100_000

    /// Whether a node describes several values.
    static func isAxis(_ node: Node) -> Bool {
        node.sequence != nil || node.mapping != nil
    }

    /// Whether a mapping describes the values of an axis, rather than nested keys.
    static func isAxisMapping(_ node: Node) -> Bool {
        guard let names = node.mapping?.keys.map(\.string), !names.isEmpty else { return false }
        return names.allSatisfy { name in
            fields.values.joined().contains(name ?? "") || name == "distribution"
        }
    }

    /// What each form needs; `count` may be left out where values are drawn.
    private static let fields: [String: [String]] = [
        "range": ["from", "to", "step"], "uniform": ["min", "max", "count"],
        "log": ["min", "max", "count"],
        "int_uniform": ["min", "max", "count"], "normal": ["mean", "std", "count"],
        "choice": ["values"],
    ]

    private static let distributions = ["uniform", "log", "int_uniform", "normal", "choice"]

    func axis(_ key: Parameter, _ node: Node) -> AxisDraft? {
        func draft(_ domain: Domain) -> AxisDraft {
            AxisDraft(key: key.name, domain: domain, node: node, reader: settings)
        }
        switch node {
        case .sequence(let sequence): return list(key, node, sequence).map { draft(.values($0)) }
        case .mapping: return domain(key, node).map(draft)
        default:
            mistakes.add(
                settings.place(node),
                "\(key.name): found \(settings.described(node)); expected a list, {from, to, step} or "
                    + "{distribution: log, min, max, count}; a single value belongs under set:",
                in: source)
            return nil
        }
    }

    /// `seeds: 5` is short for `seed: [1, 2, 3, 4, 5]`.
    func seeds(_ node: Node) -> AxisDraft? {
        let key = ParameterSchema.seed
        guard case .scalar(let scalar) = node, scalar.style == .plain,
            let count = Int(scalar.string), count > 0,
            isBearable(Double(count), key, node)
        else {
            mistakes.add(
                settings.place(node),
                "seeds: found \(settings.described(node)); expected a number of seeds: seeds: 5 is seed: [1, 2, 3, 4, 5]",
                in: source)
            return nil
        }
        return AxisDraft(
            key: key.name, domain: .values((1...count).map { .integer($0) }), node: node,
            reader: settings)
    }

    private func list(_ key: Parameter, _ node: Node, _ sequence: Node.Sequence) -> [Value]? {
        guard !sequence.isEmpty else {
            mistakes.add(
                settings.place(node),
                "\(key.name): the list is empty: an axis needs at least one value", in: source)
            return nil
        }
        if let member = sequence.first(where: SettingsReader.refers) {
            mistakes.add(
                settings.place(member),
                "\(key.name): references are not resolved in lists and axes: write the value",
                in: source)
            return nil
        }
        let read = sequence.compactMap { node in settings.value(node, key).map { (node, $0) } }
        refuseTextAmongNumbers(key, read)
        let values = read.map(\.1)
        refuseEqualLabels(key, node, unique(values))
        return values.count == sequence.count ? (keepsRepeats ? values : unique(values)) : nil
    }

    /// Labels must differ: `[1, "1"]` would give two runs the same label.
    private func refuseEqualLabels(_ key: Parameter, _ node: Node, _ values: [Value]) {
        // Two Unicode forms of one text are one `String`.
        var seen: Set<String> = []
        for value in values {
            let label = Assignment(key: key.name, value: value).label
            let (isNew, first) = seen.insert(label)
            guard !isNew else { continue }
            mistakes.add(
                settings.place(node),
                first.hasSameBytes(as: label)
                    ? "\(key.name): two values are both called \(label)"
                    : "\(key.name): two values differ only in their Unicode form (composed and decomposed letters): \(label)",
                in: source)
        }
    }

    /// `[0.1, 1e-3x]` is rather a number misspelt than a choice.
    private func refuseTextAmongNumbers(_ key: Parameter, _ values: some Sequence<(Node, Value)>) {
        guard values.contains(where: { $0.1.double != nil }) else { return }
        for (node, value) in values where settings.isPlainText(value, node) {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(value.label) is text among numbers: correct it, or put it into quotes",
                in: source)
        }
    }

    private func domain(_ key: Parameter, _ node: Node) -> Domain? {
        let names = node.mapping?.keys.compactMap(\.string) ?? []
        let isRange = names.contains("from") || names.contains("to") || names.contains("step")
        let kind = isRange ? "range" : node.mapping?["distribution"]?.string ?? "uniform"
        guard let wanted = AxisReader.fields[kind] else {
            let hint =
                nearest(kind, in: AxisReader.distributions).map { ": did you mean \($0)?" } ?? ""
            mistakes.add(
                settings.place(node.mapping?["distribution"]),
                "\(key.name): distribution is one of \(AxisReader.distributions.joined(separator: ", ")), not \(kind)\(hint)",
                in: source)
            return nil
        }
        var fields: [String: Node] = [:]
        var sound = true
        settings.forEachKey(node) { name, keyNode, value in
            // W&B's names of a normal distribution's parts.
            let name = kind == "normal" ? ["mu": "mean", "sigma": "std"][name] ?? name : name
            if wanted.contains(name) || (name == "distribution" && !isRange) {
                fields[name] = value
            } else {
                let hint =
                    nearest(name, in: wanted).map { ": did you mean \($0)?" }
                    ?? "; it has \(wanted.joined(separator: ", "))"
                mistakes.add(
                    settings.place(keyNode), "\(key.name): an axis has no \(name)\(hint)",
                    in: source)
                sound = false
            }
        }
        var missing = (isRange ? wanted : ["distribution"] + wanted).filter { fields[$0] == nil }
        if isSampled { missing.removeAll { $0 == "count" } }
        if !missing.isEmpty {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(missing.joined(separator: ", ")) missing: write "
                    + (isRange ? "{from: 1, to: 5, step: 1}" : AxisReader.example(kind))
                    + (missing == ["count"] ? ", or draw values by method: random" : ""), in: source
            )
            return nil
        }
        guard sound else { return nil }
        if isRange {
            let isWhole = fields.values.allSatisfy { SettingsReader.isWhole($0.string ?? "") }
            return range(key, fields, node).map {
                .values(unique($0.compactMap { checked($0, key, node, isWhole: isWhole) }))
            }
        }
        if kind == "choice" {
            guard let values = fields["values"], case .sequence(let sequence) = values else {
                mistakes.add(
                    settings.place(fields["values"]), "\(key.name): values: expected a list",
                    in: source)
                return nil
            }
            return list(key, values, sequence).map { .values(unique($0)) }
        }
        guard let distribution = distribution(kind, key, fields, node) else { return nil }
        guard fields["count"] != nil else { return .distribution(distribution, key) }
        guard let count = number("count", key, fields) else { return nil }
        guard count == count.rounded(), count >= 1, isBearable(count, key, node) else {
            mistakes.add(
                settings.place(node), "\(key.name): count: expected a whole number, 1 or more",
                in: source)
            return nil
        }
        // With a count, a sampled sweep chooses among the values.
        return .values(
            unique(
                distribution.spread(Int(count)).compactMap {
                    checked($0, key, node, isWhole: distribution.isWhole)
                }))
    }

    private static func example(_ kind: String) -> String {
        switch kind {
        case "normal": "{distribution: normal, mean: 0, std: 1, count: 5}"
        case "choice": "{distribution: choice, values: [a, b]}"
        case "int_uniform": "{distribution: int_uniform, min: 1, max: 9, count: 3}"
        default: "{distribution: \(kind == "range" ? "log" : kind), min: 0.001, max: 0.1, count: 3}"
        }
    }

    private func distribution(
        _ kind: String, _ key: Parameter, _ fields: [String: Node], _ node: Node
    ) -> Distribution? {
        func mistake(_ text: String) -> Distribution? {
            mistakes.add(settings.place(node), "\(key.name): \(text)", in: source)
            return nil
        }
        if kind == "normal" {
            guard let mean = number("mean", key, fields), let deviation = number("std", key, fields)
            else { return nil }
            return deviation > 0
                ? .normal(mean: mean, deviation: deviation)
                : mistake("std: expected a number above 0")
        }
        guard let low = number("min", key, fields), let high = number("max", key, fields) else {
            return nil
        }
        guard low < high || (low == high && fields["count"] != nil) else {
            return mistake("min has to be below max; found \(shortest(low)) and \(shortest(high))")
        }
        switch kind {
        case "log":
            return low > 0
                ? .log(low, high) : mistake("found min \(shortest(low)); a log axis begins above 0")
        case "int_uniform":
            guard let first = Int(exactly: low), let last = Int(exactly: high) else {
                return mistake("min and max of int_uniform are whole numbers")
            }
            return .wholeNumbers(first, last)
        default: return .uniform(low, high)
        }
    }

    /// Both ends included, as far as whole steps reach.
    private func range(_ key: Parameter, _ fields: [String: Node], _ node: Node) -> [Double]? {
        guard let from = number("from", key, fields), let to = number("to", key, fields),
            let step = number("step", key, fields)
        else { return nil }
        guard step != 0, (to - from) * step >= 0 else {
            mistakes.add(
                settings.place(node),
                "\(key.name): no step of \(shortest(step)) leads from \(shortest(from)) to \(shortest(to))",
                in: source)
            return nil
        }
        let count = ((to - from) / step + 1e-9).rounded(.down) + 1
        guard isBearable(count, key, node) else { return nil }
        // Whole numbers are exact; others are rounded.
        let isWhole = [from, to, step].allSatisfy { $0 == $0.rounded() && abs($0) < 0x1p53 }
        let digits = digits(apart: abs(step), upTo: max(abs(from), abs(to)))
        return (0..<Int(count)).map {
            isWhole ? from + Double($0) * step : rounded(from + Double($0) * step, digits: digits)
        }
    }

    private func isBearable(_ count: Double, _ key: Parameter, _ node: Node) -> Bool {
        guard count <= Double(AxisReader.limit) else {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(shortest(count)) values; an axis has at most \(AxisReader.limit)",
                in: source)
            return false
        }
        return true
    }

    private func number(_ name: String, _ key: Parameter, _ fields: [String: Node]) -> Double? {
        guard let node = fields[name] else { return nil }
        guard let value = SettingsReader.number(node),
            abs(value) < 0x1p53 || value.truncatingRemainder(dividingBy: 1) != 0
        else {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(name): found \(settings.described(node)); expected a number below 2⁵³",
                in: source)
            return nil
        }
        return value
    }

    /// A computed point as the key's type; a point outside its range is a mistake.
    private func checked(_ number: Double, _ key: Parameter, _ node: Node, isWhole: Bool) -> Value?
    {
        if let value = key.value(number, isWhole: isWhole) { return value }
        mistakes.add(
            settings.place(node),
            "\(key.name): the axis gives \(shortest(number)); expected \(key.rule)", in: source)
        return nil
    }

    /// `0.1` and `0.10` are one value.
    private func unique(_ values: [Value]) -> [Value] {
        var seen: Set<Value> = []
        return values.filter { seen.insert($0).inserted }
    }
}
