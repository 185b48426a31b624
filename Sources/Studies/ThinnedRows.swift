/// Which rows of a long history are held where many runs lie side by side.
///
/// A metric that is reported often keeps every k-th of its values, one that is reported rarely keeps
/// all of them. The first, the last, the highest and the lowest value of each metric are kept, so that
/// the best of a run is the same, by whichever metric it is judged.
package enum ThinnedRows {
    /// Rows that a run may have in a sweep file.
    package static let limit = 10_000

    /// - Returns: the indices of the rows to keep, ascending; at most `limit`, unless the first, last
    ///   and extreme values of very many metrics are more.
    package static func kept(_ histories: [History], limit: Int = limit) -> [Int] {
        let count = histories.first?.values.count ?? 0
        guard count > limit else { return Array(0..<count) }
        let known = histories.map { history in
            history.values.indices.filter { !history.values[$0].isNaN }
        }
        var marked = [Bool](repeating: false, count: count)
        marked[0] = true
        marked[count - 1] = true
        for (history, rows) in zip(histories, known) {
            for row in extremes(history.values, rows) { marked[row] = true }
        }
        var budget = Double(limit)
        while true {
            var all = marked
            for rows in known where !rows.isEmpty {
                let every = max(1, Int((Double(rows.count) / budget).rounded(.up)))
                for at in stride(from: 0, to: rows.count, by: every) { all[rows[at]] = true }
            }
            let kept = all.indices.filter { all[$0] }
            if kept.count <= limit || budget < 2 { return kept }
            budget *= 0.8
        }
    }

    private static func extremes(_ values: [Double], _ rows: [Int]) -> [Int] {
        var (low, high): (Int?, Int?)
        for row in rows where values[row].isFinite {
            if low.map({ values[row] < values[$0] }) ?? true { low = row }
            if high.map({ values[row] > values[$0] }) ?? true { high = row }
        }
        return [rows.first, rows.last, low, high].compactMap { $0 }
    }
}

extension RunResult {
    /// The same run with at most `limit` rows; a run whose rows are epochs stays as it is.
    package func thinned(to limit: Int = ThinnedRows.limit) -> RunResult {
        guard axis == .step, epochs > limit else { return self }
        // The steps themselves only ascend: their ends are those of the rows.
        let rows = ThinnedRows.kept(histories.filter { $0.name != MetricAxis.steps }, limit: limit)
        var result = self
        result.histories = histories.map { history in
            History(name: history.name, values: rows.map { history.values[$0] })
        }
        result.elapsed = elapsed.isEmpty ? [] : rows.map { elapsed[$0] }
        if let best {
            result.best?.epoch = (rows.firstIndex(of: best.epoch - 1) ?? 0) + 1
        }
        return result
    }
}
