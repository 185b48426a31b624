import Foundation
import Tensors

/// Where the values of an axis come from when they are drawn, or spread evenly.
package enum Distribution: Sendable, Equatable {
    case uniform(Double, Double)
    case log(Double, Double)
    case wholeNumbers(Int, Int)
    case normal(mean: Double, deviation: Double)

    /// Whether its values are whole numbers by their type.
    package var isWhole: Bool {
        if case .wholeNumbers = self { true } else { false }
    }

    /// The value below which the share u lies, 0 ≤ u < 1; six significant digits, whole numbers as
    /// they are.
    package func value(at u: Double) -> Double {
        switch self {
        case .uniform(let low, let high):
            rounded(
                low + u * (high - low),
                digits: digits(apart: high - low, upTo: max(abs(low), abs(high))))
        case .log(let low, let high):
            sixDigits(
                PortableMath.exp(
                    PortableMath.log(low) + u * (PortableMath.log(high) - PortableMath.log(low))))
        case .wholeNumbers(let low, let high):
            Double(low) + (u * (Double(high) - Double(low) + 1)).rounded(.down)
        case .normal(let mean, let deviation):
            // The ends of the unit interval lie infinitely far out.
            sixDigits(mean + deviation * normalQuantile(min(max(u, 0x1p-31), 1 - 0x1p-31)))
        }
    }

    /// `count` values spread evenly, both ends included; of a normal distribution, at the shares (i
    /// + ½)/count.
    package func spread(_ count: Int) -> [Double] {
        (0..<count).map { index in
            let part = count == 1 ? 0 : Double(index) / Double(count - 1)
            switch self {
            case .uniform, .log: return value(at: part)
            case .wholeNumbers(let low, let high):
                return (Double(low) + part * Double(high - low)).rounded()
            case .normal: return value(at: (Double(index) + 0.5) / Double(count))
            }
        }
    }
}

/// A number rounded to six significant digits, so that 0.1 is 0.1 everywhere.
package func sixDigits(_ value: Double) -> Double { rounded(value, digits: 6) }

package func rounded(_ value: Double, digits: Int) -> Double {
    Double(String(format: "%.\(digits - 1)e", value)) ?? value
}

/// Six, or as many as distinguish points that are this close: 1000000.5 and 1000001.5.
package func digits(apart distance: Double, upTo greatest: Double) -> Int {
    guard distance > 0, greatest > distance else { return 6 }
    return max(6, min(17, Int(log10(greatest / distance).rounded(.up)) + 4))
}
