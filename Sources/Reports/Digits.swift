import Foundation

/// How many digits of a metric are printed: two of its spread between seeds, as many in each place.
struct Digits {
    private let decimals: Int
    /// With a power of ten.
    private let isScientific: Bool

    /// - Parameters:
    ///   - values: those that will be printed.
    ///   - spread: between seeds; nil if it is not known.
    init(_ values: [Double], spread: Double?) {
        let largest = values.filter(\.isFinite).map(abs).max() ?? 0
        isScientific = largest != 0 && !(0.001..<1e7).contains(largest)
        guard let spread, spread > 0, spread.isFinite, largest > 0 else {
            decimals = isScientific ? 3 : 4
            return
        }
        // Of the last digit.
        let place = log10(spread).rounded(.down) - 1
        let wanted = isScientific ? log10(largest).rounded(.down) - place : -place
        decimals = Int(min(max(wanted, isScientific ? 1 : 0), 8))
    }

    func text(_ value: Double) -> String {
        guard value.isFinite else { return fixed(value, 0) }
        // Sums in another order differ in their last bits: both round alike.
        let value = Double(String(format: "%.12g", value)) ?? value
        return isScientific
            ? String(format: "%.\(decimals)e", value) : fixed(value, decimals)
    }

    /// For Python's `format`.
    var pythonFormat: String { ".\(decimals)\(isScientific ? "e" : "f")" }

    /// A spread: with one digit more where it would be zero.
    func spread(_ value: Double) -> String {
        let short = text(value)
        let isZero = value > 0 && !short.contains { $0 >= "1" && $0 <= "9" }
        return isZero ? String(format: "%.1g", value) : short
    }
}
