import Foundation
import Studies

/// Names of metrics as names of HDF5 variables. A command's metrics may be called anything
/// (`val/loss`, `précision`); other tools want letters, digits and `_`. The metric's own name stays
/// beside it, in the attribute `metric_name`.
struct VariableNames {
    /// In the order of the metrics.
    let variables: [String]

    /// Names of swept keys as names of variables. A key that is one already keeps its name; another
    /// gets `_` for what is not allowed, and `set_` in front if that is taken; then a number.
    /// - Parameter taken: what the keys may not be called.
    static func ofKeys(_ keys: [String], taken: Set<String>) -> [String] {
        var used = taken
        var names: [String: String] = [:]
        for key in keys where plain(key) == key && used.insert(key).inserted { names[key] = key }
        for key in keys where names[key] == nil {
            var name = plain(key)
            if used.contains(name) { name = "set_" + name }
            let stem = name
            var number = 1
            while !used.insert(name).inserted {
                number += 1
                name = "\(stem)_\(number)"
            }
            names[key] = name
        }
        return keys.map { names[$0] ?? $0 }
    }

    /// - Parameter taken: what the metrics may not be called.
    init(_ metrics: [String], taken: Set<String>) {
        var used = taken
        var names: [String] = []
        for metric in metrics {
            var name = VariableNames.plain(metric)
            if used.contains(name) { name = "metric_" + name }
            let stem = name
            var number = 1
            while used.contains(name) {
                number += 1
                name = "\(stem)_\(number)"
            }
            used.insert(name)
            names.append(name)
        }
        variables = names
    }

    static func plain(_ metric: String) -> String {
        let characters = metric.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                || scalar == "_"
                ? Character(scalar) : "_"
        }
        let name = String(characters.prefix(100))
        return name.first?.isNumber == false ? name : "_" + name
    }
}
