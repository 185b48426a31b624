import Studies
import Yams

/// What `exclude`, `include` and `when` ask of a configuration: every key of the mapping has to
/// fit.
struct Pattern: Sendable, Equatable {
    enum Condition: Sendable, Equatable {
        case equal(Value)
        case unequal(Value)
        case below(Double), atMost(Double), above(Double), atLeast(Double)

        func holds(_ value: Value) -> Bool {
            switch self {
            case .equal(let wanted): value == wanted
            case .unequal(let unwanted): value != unwanted
            case .below(let limit): value.double.map { $0 < limit } ?? false
            case .atMost(let limit): value.double.map { $0 <= limit } ?? false
            case .above(let limit): value.double.map { $0 > limit } ?? false
            case .atLeast(let limit): value.double.map { $0 >= limit } ?? false
            }
        }
    }

    /// `lr above 0.01 and optimizer is sgd`.
    var inWords: String {
        wanted.sorted { $0.key < $1.key }.map { key, conditions in
            key + " "
                + conditions.map { condition in
                    switch condition {
                    case .equal(let value): "is \(value.json)"
                    case .unequal(let value): "is not \(value.json)"
                    case .below(let limit): "below \(shortest(limit))"
                    case .atMost(let limit): "at most \(shortest(limit))"
                    case .above(let limit): "above \(shortest(limit))"
                    case .atLeast(let limit): "at least \(shortest(limit))"
                    }
                }.joined(separator: " or ")
        }.joined(separator: " and ")
    }

    /// Of one key, one of several has to hold.
    var wanted: [String: [Condition]] = [:]

    func matches(_ configuration: Configuration) -> Bool {
        wanted.allSatisfy { key, conditions in
            configuration[key].map { value in conditions.contains { $0.holds(value) } } ?? false
        }
    }
}

/// Reads patterns: values, lists of values, and comparisons such as `">0.01"`.
struct PatternReader {
    let reader: SettingsReader
    /// The recipe's key, for messages.
    let name: String
    /// Whether a key of a command's recipe is there.
    let isKnown: (String) -> Bool
    let unknown: (String) -> String
    /// The values of swept keys, where they are known.
    let swept: [String: [Value]]

    func pattern(_ node: Node) -> Pattern? {
        var pattern = Pattern()
        reader.forEachKey(node) { key, keyNode, value in
            guard let known = reader.schema.parameter(key) else {
                return reader.add(unknown: key, at: keyNode)
            }
            if reader.schema.isOpen, !isKnown(key) {
                return reader.mistakes.add(
                    reader.place(keyNode), "\(name): \(unknown(key))", in: reader.source)
            }
            let isSeveral = value.sequence != nil && !known.isList
            let conditions = (isSeveral ? value.sequence.map(Array.init) ?? [] : [value]).compactMap
            {
                condition($0, known)
            }
            guard !conditions.isEmpty, !isNever(conditions, known, value) else { return }
            pattern.wanted[key] = conditions
        }
        return pattern.wanted.isEmpty ? nil : pattern
    }

    /// A pattern that asks for values the axis does not have would pass in silence.
    private func isNever(_ conditions: [Pattern.Condition], _ key: Parameter, _ node: Node) -> Bool
    {
        let wanted = conditions.compactMap { if case .equal(let value) = $0 { value } else { nil } }
        guard let values = swept[key.name], wanted.count == conditions.count,
            !wanted.contains(where: values.contains)
        else {
            return false
        }
        let shown =
            values.prefix(8).map(\.json).joined(separator: ", ") + (values.count > 8 ? ", …" : "")
        let hint =
            nearest(wanted[0].label, in: values.map(\.label)).map { ": did you mean \($0)?" } ?? ""
        let asked = wanted.map(\.json).joined(separator: ", ")
        reader.mistakes.add(
            reader.place(node),
            "\(name): \(key.name) never has the value \(asked); its values are \(shown)\(hint)",
            in: reader.source)
        return true
    }

    private func condition(_ node: Node, _ key: Parameter) -> Pattern.Condition? {
        if case .scalar(let scalar) = node,
            let sign = ["<=", ">=", "!=", "<", ">"].first(where: scalar.string.hasPrefix)
        {
            let rest = scalar.string.dropFirst(sign.count).trimmingCharacters(in: .whitespaces)
            if sign == "!=" {
                return reader.value(
                    .scalar(.init(rest, .init(.implicit), .plain, scalar.mark)), key
                ).map {
                    .unequal($0)
                }
            }
            guard let limit = plainNumber(rest) else {
                reader.mistakes.add(
                    reader.place(node),
                    "\(name): \(key.name): found \(rest.isEmpty ? "nothing" : rest) after \(sign); expected a number, as in \"\(sign)0.01\"",
                    in: reader.source)
                return nil
            }
            guard key.isNumber else {
                reader.mistakes.add(
                    reader.place(node),
                    "\(name): \(key.name) is not a number: \(sign) does not apply",
                    in: reader.source)
                return nil
            }
            if let values = swept[key.name], !values.contains(where: { $0.double != nil }) {
                reader.mistakes.add(
                    reader.place(node),
                    "\(name): no value of \(key.name) is a number: \(sign) does not apply",
                    in: reader.source)
                return nil
            }
            return switch sign {
            case "<=": .atMost(limit)
            case ">=": .atLeast(limit)
            case "<": .below(limit)
            default: .above(limit)
            }
        }
        guard let value = reader.value(node, key) else { return nil }
        return .equal(value)
    }
}
