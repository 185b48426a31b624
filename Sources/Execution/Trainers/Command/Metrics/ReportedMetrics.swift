import Studies

/// All metrics of a command's run, from `$VISEME_METRICS` and from declared sources, row by row.
package struct ReportedMetrics: Sendable {
    package let axis: MetricAxis
    /// All epochs up to the last, or the steps that were reported.
    private var rows: [Int]
    /// By row; a metric that ends earlier has no value in the others.
    private var values: [String: [Double]]
    package private(set) var outcome: Outcome
    private let metric: Metric

    /// - Parameter last: the last value of each metric.
    init(
        axis: MetricAxis, rows: [Int], values: [String: [Double]], last: [String: Double],
        _ metric: Metric
    ) {
        (self.axis, self.rows, self.values, self.metric) = (axis, rows, values, metric)
        outcome = .trained
        note(last)
    }

    /// The number of each row.
    package var numbers: [Int] { rows }

    /// Sorted by name; NaN in rows without a value. Of steps, these are the history `step`.
    package var histories: [History] {
        var all = values.mapValues {
            $0 + [Double](repeating: .nan, count: rows.count - $0.count)
        }
        if axis == .step, !all.isEmpty { all[MetricAxis.steps] = rows.map(Double.init) }
        return all.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
            History(name: $0, values: $1)
        }
    }

    package var best: BestEpoch? {
        metric.bestEpoch(of: values[metric.name] ?? [], steps: axis == .step ? rows : nil)
    }

    /// Adds what declared sources have given.
    /// - Throws: `MetricSources.Problem` where the command reported one of the metrics too.
    mutating func take(_ given: [Int: [String: Double]]) throws {
        let own = values
        let numbers =
            axis == .step
            ? Set(rows).union(given.keys).sorted()
            : Array(1..<max(given.keys.max() ?? 0, rows.last ?? 0) + 1)
        let place = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
        let empty = [Double](repeating: .nan, count: numbers.count)
        values = own.mapValues { history in
            zip(rows, history).reduce(into: empty) { all, value in
                if let row = place[value.0] { all[row] = value.1 }
            }
        }
        rows = numbers
        var last: [String: Double] = [:]
        for number in given.keys.sorted() {
            guard let row = place[number] else { continue }
            for (name, value) in given[number] ?? [:] {
                guard own[name] == nil else {
                    throw MetricSources.Problem(
                        description:
                            "its metrics: \(name) comes from two sources, $VISEME_METRICS and metrics:"
                    )
                }
                values[name, default: empty][row] = value
                last[name] = value
            }
        }
        note(last)
    }

    /// A run diverges if the judged metric, or a loss, ends as no finite number.
    private mutating func note(_ last: [String: Double]) {
        let isLost = last.contains { name, value in
            !value.isFinite && (name == metric.name || name.lowercased().hasSuffix("loss"))
        }
        if isLost { outcome = .diverged }
    }
}
