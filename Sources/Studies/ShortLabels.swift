/// Labels of some settings in fewer columns, each distinct as long as the settings are.
package struct ShortLabels: Sendable {
    private let byID: [String: [String]]
    private let count: Int

    /// - Parameter runs: among which labels have to be distinct.
    package init(_ runs: [Run]) {
        let forms = ShortLabels.forms(runs.map(\.setting))
        count = forms.count
        byID = Dictionary(
            runs.enumerated().map { place, run in (run.id, forms.map { $0[place] }) }
        ) { first, _ in first }
    }

    /// All forms of the labels of some of the runs.
    package func forms(_ runs: [Run]) -> [[String]] {
        (0..<count).map { form in runs.map { byID[$0.id]?[form] ?? $0.label } }
    }

    /// The longest form that fits all runs, or the shortest; by run id.
    package func fitting(_ room: Int) -> [String: String] {
        let form = (0..<count).first { form in
            byID.values.allSatisfy { $0[form].displayColumns <= room }
        }
        return byID.mapValues { $0[form ?? count - 1] }
    }

    /// From the longest to the shortest: the labels; without keys that have one value; with
    /// abbreviated keys; values alone. Forms in which two different settings would read the same
    /// are left out.
    static func forms(_ settings: [Setting]) -> [[String]] {
        var values: [String: Set<Value>] = [:]
        var counts: [String: Int] = [:]
        for assignment in settings.joined() {
            values[assignment.key, default: []].insert(assignment.value)
            counts[assignment.key, default: 0] += 1
        }
        // A key that only some settings have tells them apart.
        let varied = Set(
            values.filter { $0.value.count > 1 || counts[$0.key] != settings.count }.map(\.key))
        let short = abbreviations(of: varied)
        let labels = settings.map(\.label)
        func form(_ text: (Assignment) -> String) -> [String] {
            settings.map { setting in
                setting.filter { varied.contains($0.key) }.map(text).joined(separator: ",")
            }
        }
        let others = [
            form(\.label),
            form { Assignment(key: short[$0.key] ?? $0.key, value: $0.value).label },
            form { Assignment(key: "", value: $0.value).label.dropFirst().description },
        ]
        let distinct = Set(labels).count
        return [labels]
            + others.filter { !$0.contains("") && Set($0).count == distinct }
    }

    /// The shortest beginnings of two letters or more that are distinct.
    private static func abbreviations(of keys: Set<String>) -> [String: String] {
        keys.reduce(into: [:]) { short, key in
            let own = (2..<max(3, key.count)).map { key.prefix($0) }.first { beginning in
                !keys.contains { $0 != key && $0.hasPrefix(beginning) }
            }
            short[key] = own.map(String.init) ?? key
        }
    }
}
