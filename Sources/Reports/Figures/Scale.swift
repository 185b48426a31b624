import Foundation
import Studies

/// Where a value lies between two others: 0 at `low`, 1 at `high`; halfway if they are equal. The
/// differences of huge numbers do not overflow.
package func share(_ value: Double, from low: Double, to high: Double) -> Double {
    high > low ? (value / 4 - low / 4) / (high / 4 - low / 4) : 0.5
}

/// The positions of numbers along a line, with a few round ones named.
package struct Scale {
    private let low, high: Double
    package let isLogarithmic: Bool
    /// Few and round, in order.
    package let ticks: [Double]
    /// Decimals of their names; nil for the shortest name of each.
    private let decimals: Int?

    /// A linear one that begins and ends on round numbers.
    /// - Parameter range: where values can be; the line ends there.
    package init(lowest: Double, highest: Double, in range: MetricRange? = nil) {
        let unit = max(abs(lowest), abs(highest)) > 1e300 ? 1e10 : 1
        let (lowest, highest) = (lowest / unit, highest / unit)
        // All equal, or a single number: some room on both sides.
        let room = highest > lowest ? 0 : max(abs(highest) * 0.1, highest == 0 ? 0.05 : 0)
        let step = Scale.niceStep((highest - lowest + 2 * room) / 5)
        var first = ((lowest - room) / step).rounded(.down)
        var last = ((highest + room) / step).rounded(.up)
        // The line of a metric ends where the metric does.
        if let lower = range?.lower, first * step < lower, lowest >= lower {
            first = (lower / step).rounded(.up)
        }
        if let upper = range?.upper, last * step > upper, highest <= upper {
            last = (upper / step).rounded(.down)
        }
        if last <= first || first * step > lowest || last * step < highest {
            (first, last) = ((lowest / step).rounded(.down), (highest / step).rounded(.up))
            if last <= first { last = first + 1 }
        }
        let greatest = Double.greatestFiniteMagnitude
        // Steps below the precision of the numbers would give no end of ticks.
        let count = min(50, max(1, (last - first).isFinite ? Int(last - first) : 1))
        ticks = (0...count).map {
            max(-greatest, min(greatest, (first + Double($0)) * step * unit))
        }
        (low, high) = (ticks[0], max(ticks[count], ticks[0]))
        isLogarithmic = false
        decimals = Scale.decimals(step * unit, ticks)
    }

    /// Of finite numbers; nil if there are none.
    init?(_ values: [Double], in range: MetricRange? = nil) {
        guard let lowest = values.min(), let highest = values.max() else { return nil }
        self.init(lowest: lowest, highest: highest, in: range)
    }

    /// A linear one that begins and ends on these numbers.
    init(exact low: Double, _ high: Double, ticks count: Double = 7) {
        (self.low, self.high, isLogarithmic) = (low, high, false)
        let step = Scale.niceStep((high / 4 - low / 4) / count * 4)
        let first = (low / step).rounded(.up)
        let steps = min(50, max(0, ((high / step).rounded(.down) - first)))
        ticks = (0...(steps.isFinite ? Int(steps) : 0)).map { (first + Double($0)) * step }
            .filter { $0 >= low && $0 <= high }
        decimals = Scale.decimals(step, ticks)
    }

    /// One of equal factors, that begins and ends on these positive numbers.
    init(logarithmic low: Double, _ high: Double) {
        (self.low, self.high, isLogarithmic, decimals) = (low, high, true, nil)
        let (first, last) = (Int(log10(low).rounded(.down)), Int(log10(high).rounded(.up)))
        let marks = [[1.0, 2, 5], [1.0, 3], [1.0]].map { factors in
            (first...max(first, last)).flatMap { power in
                factors.map { $0 * pow(10, Double(power)) }
            }
            .filter { $0 >= low * 0.999_999 && $0 <= high * 1.000_001 }
        }
        let few = marks.first { $0.count <= 7 } ?? marks[2]
        let every = max(1, (few.count + 6) / 7)
        ticks = few.enumerated().filter { $0.offset % every == 0 }.map(\.element)
    }

    /// 0 at the low end, 1 at the high end.
    package func share(_ value: Double) -> Double {
        isLogarithmic
            ? Reports.share(log(value), from: log(low), to: log(high))
            : Reports.share(value, from: low, to: high)
    }

    func label(_ tick: Double) -> String {
        guard let decimals else { return Scale.short(tick) }
        return fixed(tick, decimals)
    }

    /// `0.001`, `1e-05`, `1.2e+06`.
    static func short(_ number: Double) -> String { String(format: "%.3g", number) }

    /// Decimals that tell the ticks apart; nil where that takes too many, or the numbers are long.
    private static func decimals(_ step: Double, _ ticks: [Double]) -> Int? {
        let largest = ticks.map(abs).max() ?? 0
        guard largest < 1e6, step >= 1e-6 else { return nil }
        return max(0, min(9, Int(-log10(step * 1.000_001).rounded(.down))))
    }

    /// 1, 2 or 5 times a power of ten, at least `rough`.
    static func niceStep(_ rough: Double) -> Double {
        guard rough > 0, rough.isFinite else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= rough * 0.999_999 } ?? 10
        return max(factor * power, .leastNormalMagnitude)
    }
}

/// The values of a swept key along a line: numbers by size, on a logarithmic line where they span
/// decades and crowd at the low end, anything else in the order of the recipe.
struct LevelScale {
    let levels: [Value]
    private let scale: Scale?

    init(_ levels: [Value]) {
        let numbers = levels.compactMap(\.double)
        guard numbers.count == levels.count, let lowest = numbers.min(),
            let highest = numbers.max(), highest > lowest
        else {
            self.levels = levels
            scale = nil
            return
        }
        self.levels = levels.sorted { ($0.double ?? 0) < ($1.double ?? 0) }
        scale =
            lowest > 0 && highest / lowest >= 20
                && (Statistics.median(numbers) ?? 0) < lowest / 4 + highest / 4
            ? Scale(logarithmic: lowest, highest) : Scale(exact: lowest, highest)
    }

    var isLogarithmic: Bool { scale?.isLogarithmic ?? false }
    /// Whether the values are numbers, along a line of numbers.
    var isNumeric: Bool { scale != nil }

    /// 0…1.
    func share(_ value: Value) -> Double {
        if let scale, let number = value.double { return scale.share(number) }
        guard levels.count > 1, let index = levels.firstIndex(of: value) else { return 0.5 }
        return Double(index) / Double(levels.count - 1)
    }

    /// What is named along the line: each level where there are few, else a few round numbers.
    func marks(atMost count: Int) -> [(share: Double, text: String)] {
        guard let scale, levels.count > count else {
            return levels.map { (share($0), $0.label.isEmpty ? "\"\"" : $0.label) }
        }
        return scale.ticks.map { (scale.share($0), scale.label($0)) }
    }
}
