import Foundation
import Studies

/// Where a value lies between two others: 0 at `low`, 1 at `high`; halfway if they are equal. The
/// differences of huge numbers do not overflow.
package func share(_ value: Double, from low: Double, to high: Double) -> Double {
    high > low ? (value / 4 - low / 4) / (high / 4 - low / 4) : 0.5
}

/// The positions of numbers along a line.
package struct Scale {
    /// In units of `unit`.
    private let low, high: Double
    package let isLogarithmic: Bool
    /// Between two ticks, in units of `unit`.
    private let step: Double
    /// 1, but for numbers so large that their sums overflow.
    private let unit: Double

    private init(_ low: Double, _ high: Double, step: Double, isLogarithmic: Bool, unit: Double = 1)
    {
        (self.low, self.high, self.step) = (low, high, step)
        (self.isLogarithmic, self.unit) = (isLogarithmic, unit)
    }

    /// A linear one that begins and ends on round numbers.
    package init(lowest: Double, highest: Double) {
        let unit = max(abs(lowest), abs(highest)) > 1e300 ? 1e10 : 1
        let (lowest, highest) = (lowest / unit, highest / unit)
        // All equal, or a single number: some room on both sides.
        let room = highest > lowest ? 0 : max(abs(highest) * 0.1, 0.05)
        let step = Scale.niceStep((highest - lowest + 2 * room) / 5)
        self.init(
            ((lowest - room) / step).rounded(.down) * step,
            ((highest + room) / step).rounded(.up) * step, step: step, isLogarithmic: false,
            unit: unit)
    }

    /// A linear one that begins and ends on these numbers.
    init(exact low: Double, _ high: Double) {
        self.init(low, high, step: 1, isLogarithmic: false)
    }

    /// Of finite numbers; nil if there are none.
    init?(_ values: [Double]) {
        guard let lowest = values.min(), let highest = values.max() else { return nil }
        self.init(lowest: lowest, highest: highest)
    }

    /// Powers of ten.
    init(logarithmic values: [Double]) {
        self.init(values.min() ?? 1, values.max() ?? 10, step: 1, isLogarithmic: true)
    }

    /// 0 at the low end, 1 at the high end.
    package func share(_ value: Double) -> Double {
        let value = value / unit
        return isLogarithmic
            ? Reports.share(log(value), from: log(low), to: log(high))
            : Reports.share(value, from: low, to: high)
    }

    package var ticks: [Double] {
        let greatest = Double.greatestFiniteMagnitude
        return (0...max(0, min(Int(((high - low) / step).rounded()), 50))).map {
            max(-greatest, min(greatest, (low + Double($0) * step) * unit))
        }
    }

    func label(_ tick: Double) -> String {
        if abs(tick) >= 1e6 || (step < 1e-6 && tick != 0) {
            return String(format: "%.3g", tick)
        }
        let digits = max(0, Int(-log10(step).rounded(.down)))
        return fixed(abs(tick) < step / 1e6 ? 0 : tick, min(digits, 9))
    }

    /// 1, 2 or 5 times a power of ten, at least `rough`.
    static func niceStep(_ rough: Double) -> Double {
        guard rough > 0, rough.isFinite else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= rough * 0.999_999 } ?? 10
        return max(factor * power, .leastNormalMagnitude)
    }
}

/// The levels of a swept key along a line: numbers by size, on a logarithmic line where they span
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
            ? Scale(logarithmic: numbers) : Scale(exact: lowest, highest)
    }

    var isLogarithmic: Bool { scale?.isLogarithmic ?? false }

    /// 0…1.
    func share(_ value: Value) -> Double {
        if let scale, let number = value.double { return scale.share(number) }
        guard levels.count > 1, let index = levels.firstIndex(of: value) else { return 0.5 }
        return Double(index) / Double(levels.count - 1)
    }
}
