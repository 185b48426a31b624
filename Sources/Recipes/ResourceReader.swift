import Studies
import Yams

/// Reads `resources:`, noting every mistake.
struct ResourceReader {
    let settings: SettingsReader
    /// Whether the trainer is a command: the built-in one uses no graphics processors.
    let isCommand: Bool

    private static let keys = ["threads", "memory", "gpus", "time", "retries", "on_oom"]

    func read(_ node: Node) -> Resources {
        var resources = Resources()
        settings.forEachKey(node) { name, keyNode, value in
            switch name {
            case "threads": resources.threads = whole(value, name, 1...1024)
            case "gpus":
                guard isCommand else {
                    return add(
                        keyNode, "resources: gpus: the built-in trainer uses none: leave it out")
                }
                resources.gpus = whole(value, name, 0...1024)
            case "memory":
                resources.memory = value.string.flatMap(Quantity.bytes)
                if resources.memory == nil { refuse(value, name, "a size, as 800M or 4G") }
            case "time":
                resources.time = value.string.flatMap(Quantity.seconds)
                if resources.time == nil { refuse(value, name, "a time, as 90s, 10m or 2h") }
            case "retries": resources.retries = whole(value, name, 0...1000)
            case "on_oom": resources.memoryFactor = memoryFactor(value)
            default:
                let hint =
                    nearest(name, in: ResourceReader.keys).map { ": did you mean \($0)?" }
                    ?? "; it has \(ResourceReader.keys.joined(separator: ", "))"
                add(keyNode, "resources: there is no such key: \(name)\(hint)")
            }
        }
        if resources.memoryFactor != nil, resources.memory == nil {
            add(node, "resources: on_oom: there is no memory to raise: say memory, as 4G")
        }
        return resources
    }

    /// `{memory: x2}`.
    private func memoryFactor(_ node: Node) -> Double? {
        var factor: Double?
        settings.forEachKey(node) { name, keyNode, value in
            guard name == "memory" else {
                return add(keyNode, "resources: on_oom: found \(name); expected memory, as x2")
            }
            let text = value.string ?? ""
            factor = text.hasPrefix("x") ? Double(text.dropFirst()) : nil
            if let found = factor, !(found > 1 && found <= 16) { factor = nil }
            if factor == nil { refuse(value, "on_oom: memory", "a factor from x1 to x16, as x2") }
        }
        return factor
    }

    private func whole(_ node: Node, _ name: String, _ range: ClosedRange<Int>) -> Int? {
        let number = node.string.flatMap { Int($0) }
        guard let number, range.contains(number) else {
            refuse(
                node, name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    private func refuse(_ node: Node, _ name: String, _ expected: String) {
        add(
            node, "resources: \(name): found \(settings.described(node)); expected \(expected)")
    }

    private func add(_ node: Node, _ text: String) {
        settings.mistakes.add(settings.place(node), text, in: settings.source)
    }
}
