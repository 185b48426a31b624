import Studies

/// How much each swept key matters, beside the seed.
struct KeyImportance {
    struct Row {
        let key: String
        /// Importance for being among the best trials, by PED-ANOVA; the keys' sum is 1. Nil with
        /// too few trials.
        let importance: Double?
        /// Of the sum of squares over all runs; nil where the key is not tested.
        let variance: Double?
    }

    /// The most important first.
    let rows: [Row]
    /// Of the best trials among all, for PED-ANOVA.
    let quantile: Double
    /// Of the sum of squares: within the settings, and what neither the keys' main effects nor the
    /// seed explain.
    let seedVariance, otherVariance: Double?
    /// Whether quarters stand for the values of a key: what they do not show is part of the rest.
    let hasQuarters: Bool

    /// With fewer trials, the best of them say nothing of all.
    private static let leastTrials = 10
    /// Among the best are at least so many (as Optuna's documentation advises).
    private static let leastBest = 5.0

    /// - Returns: nil for fewer than two keys, or where nothing can be said.
    init?(_ trials: [TrialSummary], _ keys: [SweptKey], _ tests: [KeyTest], _ goal: Metric.Goal) {
        let measured = trials.filter { $0.mean != nil }.sorted { $0.trial < $1.trial }
        guard keys.count > 1, measured.count > 2 else { return nil }
        quantile = max(0.1, KeyImportance.leastBest / Double(measured.count))
        let losses = measured.map { (goal == .maximize ? -1 : 1) * ($0.mean ?? 0) }
        let isSpread = losses.contains { !Statistics.isTie($0, losses[0]) }
        let importances: [Double]? =
            measured.count >= KeyImportance.leastTrials && isSpread
            ? PedAnova.importances(
                losses, keys.map { KeyImportance.parameter($0, measured) }, quantile: quantile)
            : nil
        rows = keys.enumerated().map { place, key in
            Row(
                key: key.name, importance: importances?[place],
                variance: tests.first { $0.key == key.name }?.test.share)
        }.enumerated().sorted {
            let (a, b) = ($0.element, $1.element)
            return (-(a.importance ?? 0), -(a.variance ?? 0), $0.offset)
                < (-(b.importance ?? 0), -(b.variance ?? 0), $1.offset)
        }.map(\.element)
        guard importances != nil || rows.contains(where: { $0.variance != nil }) else { return nil }
        let within = KeyImportance.withinShare(measured)
        seedVariance = within
        let together =
            rows.allSatisfy { $0.variance != nil }
            ? KeyTest.explained(measured, keys) : nil
        otherVariance = together.flatMap { together in within.map { max(0, 1 - $0 - together) } }
        hasQuarters = keys.contains { $0.kind == .continuous }
    }

    private static func parameter(_ key: SweptKey, _ trials: [TrialSummary]) -> PedAnova.Parameter {
        let values = trials.map { $0.setting[key.name] }
        let numbers = key.values.compactMap(\.double)
        guard key.kind == .continuous, let low = numbers.min(), let high = numbers.max() else {
            return .category(
                values.map { $0.flatMap { key.values.firstIndex(of: $0) } },
                count: key.values.count)
        }
        return .numeric(
            values.map { $0?.double }, low: low, high: high,
            isLogarithmic: LevelScale(key.values).isLogarithmic)
    }

    /// The sum of squares within the trials as a share of that of all runs; nil unless all trials
    /// have two seeds or more.
    private static func withinShare(_ trials: [TrialSummary]) -> Double? {
        guard trials.allSatisfy({ $0.values.count > 1 }),
            let middle = Statistics.mean(trials.flatMap(\.values))
        else { return nil }
        var (within, total) = (0.0, 0.0)
        for trial in trials {
            for value in trial.values {
                within += (value - (trial.mean ?? 0)) * (value - (trial.mean ?? 0))
                total += (value - middle) * (value - middle)
            }
        }
        let share = within / total
        return share.isFinite ? share : nil
    }
}
