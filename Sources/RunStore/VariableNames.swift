import Foundation
import Studies

/// Names of metrics as names of HDF5 variables. A command's metrics may be called anything
/// (`val/loss`, `précision`); other tools want letters, digits and `_`. The metric's own name stays
/// beside it, in the attribute `metric_name`.
struct VariableNames {
    /// In the order of the metrics.
    let variables: [String]

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

    private static func plain(_ metric: String) -> String {
        let characters = metric.unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                || scalar == "_"
                ? Character(scalar) : "_"
        }
        let name = String(characters.prefix(100))
        return name.first?.isNumber == false ? name : "_" + name
    }
}
