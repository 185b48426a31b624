import Foundation

/// How much each key matters for being among the best trials: PED-ANOVA (Watanabe, Bansal and
/// Hutter 2023, https://arxiv.org/abs/2304.10255), with keys that only some trials have as in its
/// conditional form (https://arxiv.org/abs/2601.20800). It agrees with Optuna's
/// `PedAnovaImportanceEvaluator`.
package enum PedAnova {
    /// The values of one key, for each trial; nil where a trial does not have it.
    package enum Parameter {
        /// Numbers from `low` to `high`; those of a `log` key are positive.
        case numeric([Double?], low: Double, high: Double, isLogarithmic: Bool)
        /// Categories from 0.
        case category([Int?], count: Int)
    }

    /// A numeric key is counted on so many points.
    private static let steps = 50
    private static let priorWeight = 1.0

    /// - Parameters:
    ///   - losses: of each trial, the lower the better; finite.
    ///   - quantile: which share of the trials are the best, 0…1.
    /// - Returns: a share of 1 for each parameter; equal shares where nothing can be said.
    package static func importances(
        _ losses: [Double], _ parameters: [Parameter], quantile: Double
    ) -> [Double] {
        let equal = [Double](
            repeating: 1 / Double(max(parameters.count, 1)), count: parameters.count)
        guard losses.count > 1 else { return equal }
        let cut = losses.sorted()[
            max(0, Int((quantile * Double(losses.count)).rounded(.up)) - 1)]
        let best = losses.map { $0 <= cut }
        let bestCount = Double(best.count { $0 })
        guard best.contains(false) else { return equal }
        let share = bestCount / Double(losses.count)
        let values = parameters.map { parameter -> Double in
            let (isActive, count) = active(parameter)
            let all = isActive.count { $0 }
            let top = zip(isActive, best).count { $0 && $1 }
            // Fewer than two trials with the key say nothing of it.
            guard count > 1, all >= 2, top > 0 else { return 0 }
            let topShare = Double(top) / bestCount
            let allShare = Double(all) / Double(losses.count)
            return share * share * topShare * topShare / allShare
                * divergence(
                    density(parameter) { isActive[$0] && best[$0] },
                    density(parameter) { isActive[$0] })
        }
        let total = values.reduce(0, +)
        return total > 0 ? values.map { $0 / total } : equal
    }

    /// Pearson's χ² divergence of the best trials' distribution from that of all.
    private static func divergence(_ top: [Double], _ all: [Double]) -> Double {
        zip(top, all).reduce(0) { sum, pair in
            let (top, all) = (pair.0 + 1e-12, pair.1 + 1e-12)
            return sum + all * (top / all - 1) * (top / all - 1)
        }
    }

    /// Which trials have the key, and how many values it can take.
    private static func active(_ parameter: Parameter) -> ([Bool], Int) {
        switch parameter {
        case .numeric(let values, let low, let high, _):
            (values.map { $0 != nil }, high > low ? steps : 1)
        case .category(let values, let count): (values.map { $0 != nil }, count)
        }
    }

    /// The distribution of some trials' values over a grid, by a Parzen estimator.
    private static func density(_ parameter: Parameter, _ isIn: (Int) -> Bool) -> [Double] {
        switch parameter {
        case .category(let values, let count):
            var counts = [Int](repeating: 0, count: count)
            for (trial, value) in values.enumerated() where isIn(trial) {
                if let value { counts[value] += 1 }
            }
            return categories(counts)
        case .numeric(let values, let low, let high, let isLogarithmic):
            let place = { (value: Double) in isLogarithmic ? log(value) : value }
            let step = (place(high) - place(low)) / Double(steps - 1)
            var counts = [Int](repeating: 0, count: steps)
            for (trial, value) in values.enumerated() where isIn(trial) {
                guard let value else { continue }
                let index = ((place(value) - place(low)) / step - 0.5).rounded(.up)
                counts[max(0, min(steps - 1, Int(index)))] += 1
            }
            return numbers(counts)
        }
    }

    /// A kernel for each category that occurs, and an even one.
    private static func categories(_ counts: [Int]) -> [Double] {
        let seen = counts.indices.filter { counts[$0] > 0 }
        let kernels = Double(seen.count + 1)
        let total = Double(counts.reduce(0, +)) + priorWeight
        // Each kernel gives every category a little, and its own the rest.
        let little = priorWeight / kernels
        let sum = 1 + little * Double(counts.count)
        return counts.indices.map { category in
            let own = seen.reduce(0.0) { density, other in
                density + Double(counts[other]) / total
                    * ((other == category ? 1 : 0) + little) / sum
            }
            return own + priorWeight / total / Double(counts.count)
        }
    }

    /// A truncated normal kernel for each point of the grid that occurs, its width by Scott's rule
    /// (1992), and a wide one.
    private static func numbers(_ counts: [Int]) -> [Double] {
        let seen = counts.indices.filter { counts[$0] > 0 }
        let weights = seen.map { counts[$0] }
        let total = weights.reduce(0, +)
        let size = Double(total)
        let mean = zip(seen, weights).reduce(0.0) { $0 + Double($1.0 * $1.1) } / size
        let squares = zip(seen, weights).reduce(0.0) {
            $0 + (Double($1.0) - mean) * (Double($1.0) - mean) * Double($1.1)
        }
        let deviation = (squares / max(1, size - 1)).squareRoot()
        var sums: [Int] = []
        for weight in weights { sums.append((sums.last ?? 0) + weight) }
        let first = sums.firstIndex { $0 >= total / 4 } ?? 0
        let third = sums.firstIndex { $0 > total * 3 / 4 } ?? seen.count
        let quartiles = Double(seen[min(seen.count - 1, third)] - seen[first])
        let width = max(
            1.059 * min(quartiles / 1.34, deviation) * pow(size, -0.2), 0.5 / 1.64)
        let all = size + priorWeight
        let last = Double(counts.count - 1)
        var density = counts.indices.map { priorWeight / all * mass($0, last / 2, last + 1, last) }
        for (centre, weight) in zip(seen, weights) {
            for point in density.indices {
                density[point] +=
                    Double(weight) / all * mass(point, Double(centre), width, last)
            }
        }
        return density
    }

    /// What a normal distribution, truncated to the grid, has at one of its points.
    private static func mass(_ point: Int, _ mean: Double, _ deviation: Double, _ last: Double)
        -> Double
    {
        let scale = deviation * 2.0.squareRoot()
        func between(_ low: Double, _ high: Double) -> Double {
            let (a, b) = ((low - mean) / scale, (high - mean) / scale)
            // The difference of two tails keeps its digits where that of two sums loses them.
            return a > 0 ? (erfc(a) - erfc(b)) / 2 : (erfc(-b) - erfc(-a)) / 2
        }
        return between(Double(point) - 0.5, Double(point) + 0.5) / between(-0.5, last + 0.5)
    }
}
