/// What the rows of a run's metrics are counted by.
package enum MetricAxis: String, Sendable, Codable {
    case epoch, step

    /// `epoch 5`, `step 1200`.
    package func place(_ number: Int) -> String { "\(rawValue) \(number)" }

    /// `epochs`, `steps`.
    package var plural: String { rawValue + "s" }

    /// The history that holds the step of each row, where rows are counted by steps.
    package static let steps = "step"
}

extension Plan {
    package var axis: MetricAxis { trainer.axis }
}

extension TrainerRecord {
    package var axis: MetricAxis { command?.metricAxis ?? .epoch }
}
