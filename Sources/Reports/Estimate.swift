import Foundation
import Studies

/// What the seeds say of a mean.
package enum Estimate: Sendable, Equatable {
    /// One value, or none.
    case unknown
    /// Two values: from the lower to the higher.
    case range(Double, Double)
    /// Three values or more that are equal up to rounding: nothing can be estimated from them.
    case equal(count: Int)
    /// The 95 % interval of the mean.
    case interval(Double, Double)

    /// - Parameters:
    ///   - values: one for each seed, finite.
    ///   - range: where the metric can be; nil if that is not known.
    package init(_ values: [Double], in range: MetricRange?) {
        guard values.count > 1, let low = values.min(), let high = values.max(),
            let mean = Statistics.mean(values), let half = Statistics.halfInterval(values)
        else {
            self = .unknown
            return
        }
        if half == 0 {
            self = .equal(count: values.count)
        } else if values.count == 2 {
            self = .range(low, high)
        } else {
            let ends = Estimate.ends(
                mean, half, values.allSatisfy { range?.contains($0) ?? false } ? range : nil)
            self =
                ends.low.isFinite && ends.high.isFinite ? .interval(ends.low, ends.high) : .unknown
        }
    }

    /// mean ± half; of a metric with a range, the same on the scale that takes the range to all
    /// numbers (logit for two ends, logarithm for one), by the delta method: the interval stays
    /// where the metric can be. docs/report.md compares how often they cover the true mean.
    private static func ends(_ mean: Double, _ half: Double, _ range: MetricRange?) -> (
        low: Double, high: Double
    ) {
        switch (range?.lower, range?.upper) {
        case (let lower?, let upper?) where lower < mean && mean < upper:
            let width = upper - lower
            let share = (mean - lower) / width
            let reach = half / width / (share * (1 - share))
            let middle = log(share / (1 - share))
            func back(_ x: Double) -> Double { lower + width / (1 + exp(-x)) }
            return (back(middle - reach), back(middle + reach))
        case (let lower?, nil) where lower < mean:
            let factor = exp(half / (mean - lower))
            return (lower + (mean - lower) / factor, lower + (mean - lower) * factor)
        case (nil, let upper?) where mean < upper:
            let factor = exp(half / (upper - mean))
            return (upper - (upper - mean) * factor, upper - (upper - mean) / factor)
        default: return (mean - half, mean + half)
        }
    }

    /// The ends that a figure shows; nil where there are none.
    var ends: (low: Double, high: Double)? {
        switch self {
        case .interval(let low, let high), .range(let low, let high): (low, high)
        case .unknown, .equal: nil
        }
    }
}
