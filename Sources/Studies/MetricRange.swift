/// Where a metric's values can be: an accuracy in 0…1, a loss at 0 or above.
package struct MetricRange: Sendable, Equatable, Codable {
    /// Nil: without an end on that side.
    package var lower, upper: Double?

    package init(_ lower: Double?, _ upper: Double?) { (self.lower, self.upper) = (lower, upper) }

    package func contains(_ value: Double) -> Bool {
        value >= lower ?? -.infinity && value <= upper ?? .infinity
    }
}
