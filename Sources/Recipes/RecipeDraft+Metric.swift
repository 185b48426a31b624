import Studies
import Yams

// `metric`: the number that a study is judged by.
extension RecipeDraft {
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
                default:
                    reader.mistakes.add(
                        reader.place(keyNode),
                        "metric: there is no such key: \(name); it has name and goal",
                        in: reader.source)
                }
            }
        }
        metric = Metric(
            name: named, goal: goal ?? (named.hasSuffix("loss") ? .minimize : .maximize))
    }
}
