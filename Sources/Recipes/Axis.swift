import Foundation
import Tensors
import Yams

/// One swept key and its values.
public struct Axis: Sendable, Equatable {
    public var key: String
    public var values: [Value]
}

/// Reads the values of an axis: a list, `{from, to, step}`, or `{distribution: log | uniform, min, max, count}`.
struct AxisReader {
    let settings: SettingsReader

    private var source: SourceText { settings.source }
    private var mistakes: MistakeList { settings.mistakes }

    static let limit = 100_000

    /// Whether a node stands for several values.
    static func isAxis(_ node: Node) -> Bool {
        node.sequence != nil || node.mapping != nil
    }

    /// Whether a mapping describes the values of an axis, rather than nested keys.
    static func isAxisMapping(_ node: Node) -> Bool {
        guard let names = node.mapping?.keys.map(\.string), !names.isEmpty else { return false }
        return names.allSatisfy { ["from", "to", "step", "distribution", "min", "max", "count"].contains($0) }
    }

    func axis(_ key: ConfigurationKey, _ node: Node) -> Axis? {
        switch node {
        case .sequence(let sequence):
            guard !sequence.isEmpty else {
                mistakes.add(
                    settings.place(node), "\(key.name): the list is empty: an axis needs at least one value", in: source
                )
                return nil
            }
            let read = sequence.compactMap { node in settings.value(node, key).map { (node, $0) } }
            refuseTextAmongNumbers(key, read)
            let values = read.map(\.1)
            refuseEqualLabels(key, node, unique(values))
            return values.count == sequence.count ? Axis(key: key.name, values: unique(values)) : nil
        case .mapping(let mapping):
            return points(key, node, mapping).map { Axis(key: key.name, values: unique($0)) }
        default:
            mistakes.add(
                settings.place(node),
                "\(key.name): here stands \(settings.described(node)); an axis is a list, {from, to, step} or "
                    + "{distribution: log, min, max, count}; a single value belongs under set:", in: source)
            return nil
        }
    }

    /// Labels tell runs apart: `[1, "1"]` would give two runs one.
    private func refuseEqualLabels(_ key: ConfigurationKey, _ node: Node, _ values: [Value]) {
        var seen: Set<String> = []
        for value in values {
            let label = Axis.Point(key: key.name, value: value).label
            guard !seen.insert(label).inserted else { continue }
            mistakes.add(settings.place(node), "\(key.name): two values are both called \(label)", in: source)
        }
    }

    /// `[0.1, 1e-3x]` is rather a number misspelt than a choice.
    private func refuseTextAmongNumbers(_ key: ConfigurationKey, _ values: some Sequence<(Node, Value)>) {
        guard values.contains(where: { $0.1.double != nil }) else { return }
        for (node, value) in values where settings.isPlainText(value, node) {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(value.label) is text among numbers: mend it, or put it into quotes if it is meant",
                in: source)
        }
    }

    private func points(_ key: ConfigurationKey, _ node: Node, _ mapping: Node.Mapping) -> [Value]? {
        let names = Set(mapping.keys.compactMap(\.string))
        let isRange = names.contains("from") || names.contains("to") || names.contains("step")
        let wanted = isRange ? ["from", "to", "step"] : ["distribution", "min", "max", "count"]
        var fields: [String: Node] = [:]
        var sound = true
        settings.forEachKey(node) { name, keyNode, value in
            if wanted.contains(name) {
                fields[name] = value
            } else {
                let hint =
                    nearest(name, in: wanted).map { ": did you mean \($0)?" }
                    ?? "; it has \(wanted.joined(separator: ", "))"
                mistakes.add(settings.place(keyNode), "\(key.name): an axis has no \(name)\(hint)", in: source)
                sound = false
            }
        }
        let missing = wanted.filter { fields[$0] == nil }
        if !missing.isEmpty {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(missing.joined(separator: ", ")) missing: write "
                    + (isRange ? "{from: 1, to: 5, step: 1}" : "{distribution: log, min: 0.001, max: 0.1, count: 3}"),
                in: source)
            return nil
        }
        guard sound else { return nil }
        let numbers = isRange ? range(key, fields, node) : spread(key, fields, node)
        return numbers?.compactMap { checked($0, key, node) }
    }

    /// Both ends included, as far as whole steps reach.
    private func range(_ key: ConfigurationKey, _ fields: [String: Node], _ node: Node) -> [Double]? {
        guard let from = number("from", key, fields), let to = number("to", key, fields),
            let step = number("step", key, fields)
        else { return nil }
        guard step != 0, (to - from) * step >= 0 else {
            mistakes.add(
                settings.place(node),
                "\(key.name): a step of \(shortest(step)) never leads from \(shortest(from)) to \(shortest(to))",
                in: source)
            return nil
        }
        let count = ((to - from) / step + 1e-9).rounded(.down) + 1
        guard isBearable(count, key, node) else { return nil }
        // Whole numbers are exact; others are rounded.
        let isWhole = [from, to, step].allSatisfy { $0 == $0.rounded() && abs($0) < 0x1p53 }
        return (0..<Int(count)).map { isWhole ? from + Double($0) * step : sixDigits(from + Double($0) * step) }
    }

    /// Evenly spaced, or evenly spaced in the logarithm.
    private func spread(_ key: ConfigurationKey, _ fields: [String: Node], _ node: Node) -> [Double]? {
        let kind = fields["distribution"]?.string ?? ""
        guard ["log", "uniform"].contains(kind) else {
            if let place = fields["distribution"] {
                mistakes.add(
                    settings.place(place),
                    "\(key.name): distribution is log or uniform, not \(settings.described(place))", in: source)
            }
            return nil
        }
        guard let low = number("min", key, fields), let high = number("max", key, fields),
            let count = number("count", key, fields)
        else { return nil }
        guard count == count.rounded(), count >= 1, low < high || count == 1, isBearable(count, key, node) else {
            mistakes.add(settings.place(node), "\(key.name): count has to be 1 or more and min below max", in: source)
            return nil
        }
        guard kind == "uniform" || low > 0 else {
            mistakes.add(
                settings.place(node), "\(key.name): a log axis has to begin above 0, not at \(shortest(low))",
                in: source)
            return nil
        }
        return (0..<Int(count)).map { index in
            let part = count == 1 ? 0 : Double(index) / (count - 1)
            guard kind == "log" else { return sixDigits(low + part * (high - low)) }
            let (first, last) = (PortableMath.log(low), PortableMath.log(high))
            return sixDigits(PortableMath.exp(first + part * (last - first)))
        }
    }

    private func isBearable(_ count: Double, _ key: ConfigurationKey, _ node: Node) -> Bool {
        guard count <= Double(AxisReader.limit) else {
            mistakes.add(
                settings.place(node), "\(key.name): \(shortest(count)) values; an axis has at most \(AxisReader.limit)",
                in: source)
            return false
        }
        return true
    }

    private func number(_ name: String, _ key: ConfigurationKey, _ fields: [String: Node]) -> Double? {
        guard let node = fields[name] else { return nil }
        guard let value = SettingsReader.number(node),
            abs(value) < 0x1p53 || value.truncatingRemainder(dividingBy: 1) != 0
        else {
            mistakes.add(
                settings.place(node),
                "\(key.name): \(name) has to be a number below 2⁵³, not \(settings.described(node))",
                in: source)
            return nil
        }
        return value
    }

    /// A computed point as the key's type; a point outside its range is a mistake.
    private func checked(_ number: Double, _ key: ConfigurationKey, _ node: Node) -> Value? {
        let whole = Int(exactly: number)
        switch key.kind {
        case .integer(let range):
            if let whole, range.contains(whole), key.name != "channels_lips" || whole != 2 { return .integer(whole) }
        case .number(let range, let belowUpper):
            if range.contains(number), !belowUpper || number < range.upperBound { return .number(number) }
        case .any: return whole.map { .integer($0) } ?? .number(number)
        default: break
        }
        mistakes.add(
            settings.place(node), "\(key.name): the axis comes to \(shortest(number)); it has to be \(key.rule)",
            in: source)
        return nil
    }

    /// `0.1` and `0.10` are one value.
    private func unique(_ values: [Value]) -> [Value] {
        var seen: Set<Value> = []
        return values.filter { seen.insert($0).inserted }
    }
}

/// A number rounded to six significant digits, so that 0.1 is 0.1 everywhere.
func sixDigits(_ value: Double) -> Double {
    Double(String(format: "%.5e", value)) ?? value
}
