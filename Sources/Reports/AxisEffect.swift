import Studies

/// What one swept key does: the mean of the metric at each of its levels, over the same settings of
/// all other keys.
struct AxisEffect {
    struct Level {
        let value: Value
        let mean: Double
        /// Over the seeds that have all settings.
        let estimate: Estimate
        let runs: Int
    }

    let key: String
    let levels: [Level]
    /// Settings of the other keys that were run at every level; 0: none was, and levels are means
    /// of what there is.
    let settings: Int

    /// Between the best and the worst level.
    var range: Double { (levels.map(\.mean).max() ?? 0) - (levels.map(\.mean).min() ?? 0) }

    /// Keys of one level have no effect to speak of.
    static func all(_ trials: [TrialSummary], _ keys: [String], in range: MetricRange?)
        -> [AxisEffect]
    {
        keys.filter { $0 != "seed" }.compactMap { AxisEffect($0, trials, range) }
    }

    /// - Returns: nil where the key has fewer than two levels with a value.
    private init?(_ key: String, _ trials: [TrialSummary], _ range: MetricRange?) {
        self.key = key
        var order: [Value] = []
        // Level → (other keys and seed) → value.
        var values: [Value: [String: (seed: String, value: Double)]] = [:]
        for trial in trials.sorted(by: { $0.trial < $1.trial }) where !trial.values.isEmpty {
            guard let level = trial.setting[key] else { continue }
            if values[level] == nil { order.append(level) }
            let others = Setting(trial.setting.filter { $0.key != key }).label
            for (seed, value) in trial.bySeed {
                values[level, default: [:]][others + "\u{0}" + seed] = (seed, value)
            }
        }
        guard order.count > 1 else { return nil }
        let everywhere = order.dropFirst().reduce(Set(values[order[0]]?.keys ?? [:].keys)) {
            common, level in
            common.intersection(values[level]?.keys ?? [:].keys)
        }
        settings = Set(everywhere.map { $0.prefix { $0 != "\u{0}" } }).count
        let all = settings
        levels = order.map { level in
            let found = values[level] ?? [:]
            let used = everywhere.isEmpty ? Set(found.keys) : everywhere
            let cells = used.sorted().compactMap { found[$0] }
            // For each seed that has all settings, their mean; the spread is that of the seeds.
            let bySeed = Dictionary(grouping: cells, by: \.seed)
            let means = bySeed.sorted { $0.key < $1.key }.filter { $0.value.count == all }
                .compactMap {
                    Statistics.mean($0.value.map(\.value))
                }
            return Level(
                value: level, mean: Statistics.mean(cells.map(\.value)) ?? .nan,
                estimate: all > 0 ? Estimate(means, in: range) : .unknown, runs: cells.count)
        }
    }
}
