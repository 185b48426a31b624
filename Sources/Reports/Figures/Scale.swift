import Foundation
import Studies

/// The positions of numbers along a line.
struct Scale {
    let low, high: Double
    let isLogarithmic: Bool
    fileprivate let step: Double

    /// A linear one that begins and ends on round numbers.
    init(lowest: Double, highest: Double) {
        // All equal, or a single number: some room on both sides.
        let room = highest > lowest ? 0 : max(abs(highest) * 0.1, 0.05)
        let rough = (highest - lowest + 2 * room) / 5
        step = Scale.niceStep(rough.isFinite ? rough : highest / 5 - lowest / 5)
        low = ((lowest - room) / step).rounded(.down) * step
        high = ((highest + room) / step).rounded(.up) * step
        isLogarithmic = false
    }

    /// Of finite numbers; nil if there are none.
    init?(_ values: [Double]) {
        guard let lowest = values.min(), let highest = values.max() else { return nil }
        self.init(lowest: lowest, highest: highest)
    }

    /// Powers of ten.
    init(logarithmic values: [Double]) {
        (low, high) = (values.min() ?? 1, values.max() ?? 10)
        (step, isLogarithmic) = (1, true)
    }

    /// 0 at the low end, 1 at the high end.
    func share(_ value: Double) -> Double {
        guard high > low else { return 0.5 }
        return isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
    }

    var ticks: [Double] {
        (0...max(0, min(Int(((high - low) / step).rounded()), 50))).map { low + Double($0) * step }
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
                && (Statistics.median(numbers) ?? 0) < (lowest + highest) / 4
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

extension Scale {
    fileprivate init(exact low: Double, _ high: Double) {
        (self.low, self.high, step, isLogarithmic) = (low, high, 1, false)
    }
}
