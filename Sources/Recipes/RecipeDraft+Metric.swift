import Studies
import Yams

// `metric`: the number that a study is judged by.
extension RecipeDraft {
    /// `[0, 1]`; `~` where there is no end.
    private func readRange(_ node: Node, _ reader: SettingsReader) -> MetricRange? {
        func end(_ node: Node) -> Double?? {
            if SettingsReader.isDeletion(node) { return .some(nil) }
            return SettingsReader.number(node).map { .some($0) }
        }
        if let ends = node.sequence, ends.count == 2, let lower = end(ends[0]),
            let upper = end(ends[1]), lower != nil || upper != nil,
            lower ?? -.infinity < upper ?? .infinity
        {
            return MetricRange(lower, upper)
        }
        reader.mistakes.add(
            reader.place(node),
            "metric: range: found \(reader.described(node)); expected the lowest and the highest value, as [0, 1], or [0, ~] without a highest one",
            in: reader.source)
        return nil
    }

    mutating func readMetric(_ node: Node, _ reader: SettingsReader) {
        namesMetric = true
        let names = declaration.metrics.judging
        let isOpen = declaration.metrics.isOpen
        var named = declaration.metrics.standard.name
        var goal: Metric.Goal?
        func refuse(_ node: Node?, _ text: String, _ known: [String]) {
            let hint =
                nearest(node?.string ?? "", in: known).map { ": did you mean \($0)?" } ?? ""
            reader.mistakes.add(reader.place(node), text + hint, in: reader.source)
        }
        func readName(_ value: Node) {
            if let text = value.string, isOpen ? !text.isEmpty : names.contains(text) {
                return named = text
            }
            let expected = isOpen ? "text" : "one of \(names.joined(separator: ", "))"
            refuse(
                value, "metric: name: found \(reader.described(value)); expected \(expected)",
                isOpen ? [] : names)
        }
        if case .scalar(let scalar) = node, !scalar.string.isEmpty {
            // The short form: metric: val_loss.
            readName(node)
        } else {
            reader.forEachKey(node) { name, keyNode, value in
                switch name {
                case "name": readName(value)
                case "goal":
                    if let known = value.string.flatMap({ Metric.Goal(rawValue: $0) }) {
                        return goal = known
                    }
                    refuse(
                        value,
                        "metric: goal: found \(reader.described(value)); expected maximize or minimize",
                        Metric.Goal.allCases.map(\.rawValue))
                case "range": report.range = readRange(value, reader)
                default:
                    reader.mistakes.add(
                        reader.place(keyNode),
                        "metric: there is no such key: \(name); it has name, goal and range",
                        in: reader.source)
                }
            }
        }
        metric = Metric(
            name: named, goal: goal ?? (named.hasSuffix("loss") ? .minimize : .maximize))
    }
}
