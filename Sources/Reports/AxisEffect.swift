import Studies

/// What one swept key does: the mean of the metric in each of its groups. Of a key with levels over
/// the same settings of all other keys; of a continuous key over the settings in each quarter.
struct AxisEffect {
    struct Group {
        /// `0.01`, or `0.0012 … 0.013`.
        let label: String
        /// The lowest value and the highest; the same for a level.
        let ends: (low: Value, high: Value)
        let mean: Double
        /// Over the seeds that have all settings; of a continuous key over the settings.
        let estimate: Estimate
        let settings: Int
        let runs: Int
    }

    let key: SweptKey
    let groups: [Group]
    /// Whether the groups hold the same settings of the other keys.
    let isMatched: Bool

    /// Between the best and the worst group.
    var range: Double { (groups.map(\.mean).max() ?? 0) - (groups.map(\.mean).min() ?? 0) }

    static func all(_ trials: [TrialSummary], _ keys: [SweptKey], in range: MetricRange?)
        -> [AxisEffect]
    {
        keys.map { key in
            key.kind == .continuous
                ? AxisEffect(quarters: key, trials, range) : AxisEffect(levels: key, trials, range)
        }
    }

    private init(quarters key: SweptKey, _ trials: [TrialSummary], _ range: MetricRange?) {
        self.key = key
        isMatched = false
        let groupOfValue = key.groupOfValue
        var members = [[TrialSummary]](repeating: [], count: key.groups.count)
        for trial in trials.sorted(by: { $0.trial < $1.trial }) where trial.mean != nil {
            guard let group = trial.setting[key.name].flatMap({ groupOfValue[$0] }) else {
                continue
            }
            members[group].append(trial)
        }
        groups = zip(key.groups, members).map { values, trials in
            Group(
                label: key.label(values), ends: (values[0], values[values.count - 1]),
                mean: Statistics.mean(trials.compactMap(\.mean)) ?? .nan,
                estimate: Estimate(trials.compactMap(\.mean), in: range), settings: trials.count,
                runs: trials.reduce(0) { $0 + $1.values.count })
        }
    }

    private init(levels key: SweptKey, _ trials: [TrialSummary], _ range: MetricRange?) {
        self.key = key
        // Level → (other keys and seed) → value.
        var values: [Value: [String: (seed: String, value: Double)]] = [:]
        for trial in trials.sorted(by: { $0.trial < $1.trial }) where !trial.values.isEmpty {
            guard let level = trial.setting[key.name] else { continue }
            let others = Setting(trial.setting.filter { $0.key != key.name }).label
            for (seed, value) in trial.bySeed {
                values[level, default: [:]][others + "\u{0}" + seed] = (seed, value)
            }
        }
        let everywhere = key.values.dropFirst().reduce(
            Set(values[key.values[0]]?.keys ?? [:].keys)
        ) { common, level in common.intersection(values[level]?.keys ?? [:].keys) }
        let settings = Set(everywhere.map { $0.prefix { $0 != "\u{0}" } }).count
        isMatched = settings > 0
        groups = key.values.map { level in
            let found = values[level] ?? [:]
            let used = everywhere.isEmpty ? Set(found.keys) : everywhere
            let cells = used.sorted().compactMap { found[$0] }
            // For each seed that has all settings, their mean; the spread is that of the seeds.
            let bySeed = Dictionary(grouping: cells, by: \.seed)
            let means = bySeed.sorted { $0.key < $1.key }.filter { $0.value.count == settings }
                .compactMap { Statistics.mean($0.value.map(\.value)) }
            return Group(
                label: level.label.isEmpty ? "\"\"" : level.label, ends: (level, level),
                mean: Statistics.mean(cells.map(\.value)) ?? .nan,
                estimate: settings > 0 ? Estimate(means, in: range) : .unknown,
                settings: settings, runs: cells.count)
        }
    }
}
