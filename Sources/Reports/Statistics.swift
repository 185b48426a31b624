import Foundation
import Studies
import Tensors

/// Statistics of samples. Every definition is in the report's last section; the tests compare with
/// scipy.
package enum Statistics {
    /// Nil for none. The values are finite.
    package static func mean(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sum = values.reduce(0, +)
        guard !sum.isFinite, let low = values.min(), let high = values.max() else {
            return sum / Double(values.count)
        }
        // The sum of huge values overflows; their mean does not.
        return min(high, max(low, values.reduce(0) { $0 + $1 / Double(values.count) }))
    }

    /// Numbers that differ by no more than this may be the same number, computed in two ways: four
    /// units in the last place of the greatest.
    package static func rounding(_ values: [Double]) -> Double {
        4 * Double.ulpOfOne * (values.map(abs).max() ?? 0)
    }

    /// Whether two numbers are the same up to rounding.
    package static func isTie(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= rounding([a, b]) }

    /// The sample's standard deviation (n − 1). Zero if the values differ by rounding alone.
    /// - Returns: nil for fewer than two values, or if it is larger than a `Double`.
    package static func standardDeviation(_ values: [Double]) -> Double? {
        guard values.count > 1, let low = values.min(), let high = values.max(),
            let mean = mean(values)
        else { return nil }
        guard high - low > rounding(values) else { return 0 }
        func deviation(_ values: [Double], _ mean: Double) -> Double {
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(values.count - 1)).squareRoot()
        }
        let direct = deviation(values, mean)
        // Squares of huge values overflow, those of tiny ones vanish.
        guard !direct.isFinite || direct == 0 else { return direct }
        let unit = max(abs(low), abs(high))
        let scaled = deviation(values.map { $0 / unit }, mean / unit) * unit
        return scaled.isFinite ? scaled : nil
    }

    package static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1
            ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2
    }

    /// Half the width of the 95 % interval of the mean, t(0.975, n − 1)·s/√n; nil for fewer than
    /// two values.
    package static func halfInterval(_ values: [Double]) -> Double? {
        guard let deviation = standardDeviation(values) else { return nil }
        return StudentT(freedom: values.count - 1).quantile(0.975) * deviation
            / Double(values.count).squareRoot()
    }

    /// The two-sided paired t-test.
    package struct PairedTest: Sendable, Equatable {
        /// Mean of the differences.
        package let difference: Double
        /// Half the width of its 95 % interval.
        package let half: Double
        package let t: Double
        package let pairs: Int
        package let p: Double
    }

    /// - Returns: nil for fewer than two pairs, or where all differences are equal up to rounding:
    ///   without spread there is nothing to test by, however large they are.
    package static func pairedTest(_ a: [Double], _ b: [Double]) -> PairedTest? {
        precondition(a.count == b.count, "pairs")
        let differences = zip(a, b).map { $0 - $1 }
        guard differences.allSatisfy(\.isFinite), let low = differences.min(),
            let high = differences.max(), high - low > rounding(a + b),
            let mean = mean(differences), let deviation = standardDeviation(differences),
            let half = halfInterval(differences), deviation > 0
        else { return nil }
        let t = mean / (deviation / Double(a.count).squareRoot())
        let p = 2 * StudentT(freedom: a.count - 1).upperTail(abs(t))
        return PairedTest(difference: mean, half: half, t: t, pairs: a.count, p: p)
    }

    /// Holm's correction (1979) for several tests: `max over j ≤ i of (m − j + 1)·p(j)`, at most 1,
    /// in the order given.
    package static func holm(_ ps: [Double]) -> [Double] {
        var adjusted = [Double](repeating: 0, count: ps.count)
        var greatest = 0.0
        for (rank, index) in ps.indices.sorted(by: { ps[$0] < ps[$1] }).enumerated() {
            greatest = max(greatest, min(1, Double(ps.count - rank) * ps[index]))
            adjusted[index] = greatest
        }
        return adjusted
    }

    /// How often the first candidate has the best mean when the seeds are drawn anew, with
    /// replacement (the bootstrap; Efron 1979). Ties share.
    /// - Parameters:
    ///   - candidates: values of each; those of the same seeds in the same order where `isPaired`,
    ///     all of one count.
    ///   - isPaired: the same seeds are drawn for all, as all were trained with the same.
    ///   - draws: how many times.
    package static func shareOfBest(
        _ candidates: [[Double]], maximize: Bool, isPaired: Bool, draws: Int = 10_000
    ) -> Double {
        precondition(candidates.allSatisfy { !$0.isEmpty }, "values")
        var stream = RandomStream(seed: 0, purpose: .bootstrap)
        var places = [Int](repeating: 0, count: candidates.map(\.count).max() ?? 0)
        // Sums in another order differ by rounding.
        let largest = rounding(candidates.flatMap { $0 })
        let tie = largest * Double(places.count)
        var won = 0.0
        for _ in 0..<draws {
            if isPaired {
                for at in places.indices { places[at] = Int(stream.below(UInt32(places.count))) }
            }
            var first = 0.0
            var (best, ties) = (-Double.infinity, 0.0)
            for (number, values) in candidates.enumerated() {
                var sum = 0.0
                if isPaired {
                    for place in places { sum += values[place] }
                } else {
                    for _ in values { sum += values[Int(stream.below(UInt32(values.count)))] }
                }
                let mean = (maximize ? sum : -sum) / Double(values.count)
                if number == 0 { first = mean }
                if mean > best + tie {
                    (best, ties) = (mean, 1)
                } else if mean >= best - tie {
                    (best, ties) = (max(best, mean), ties + 1)
                }
            }
            if first >= best - tie { won += 1 / ties }
        }
        return won / Double(draws)
    }
}

/// Student's t distribution.
package struct StudentT: Sendable {
    private let freedom: Double

    /// - Parameter freedom: degrees of freedom, 1 or more.
    package init(freedom: Int) {
        precondition(freedom > 0, "degrees of freedom")
        self.freedom = Double(freedom)
    }

    /// P(T > t) for t ≥ 0: half the regularised incomplete beta function of ν/(ν + t²) at (ν/2,
    /// 1/2).
    package func upperTail(_ t: Double) -> Double {
        t.isInfinite ? 0 : 0.5 * incompleteBeta(freedom / 2, 0.5, at: freedom / (freedom + t * t))
    }

    /// The t below which lies the share p ≥ 0.5, by bisection.
    package func quantile(_ p: Double) -> Double {
        precondition((0.5..<1).contains(p), "a share of at least a half")
        var (low, high) = (0.0, 1.0)
        while upperTail(high) > 1 - p { high *= 2 }
        while true {
            let middle = (low + high) / 2
            if middle == low || middle == high { return middle }
            if upperTail(middle) > 1 - p { low = middle } else { high = middle }
        }
    }
}
