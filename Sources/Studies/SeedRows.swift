/// The values of several seeds, side by side at each epoch or step that one of them has.
package struct SeedRows {
    package struct Row {
        /// The epoch, from 1, or the step.
        package var number: Int
        /// Finite ones, in the order of the seeds; at least one.
        package var values: [Double]
    }

    package let rows: [Row]

    /// - Parameter steps: of the values of each seed; nil: these are of epochs 1, 2, ….
    package init(_ histories: [[Double]], steps: [[Int]]? = nil) {
        guard let steps else {
            let epochs = histories.map(\.count).max() ?? 0
            rows = (0..<epochs).compactMap { epoch in
                let values = histories.compactMap {
                    $0.indices.contains(epoch) && $0[epoch].isFinite ? $0[epoch] : nil
                }
                return values.isEmpty ? nil : Row(number: epoch + 1, values: values)
            }
            return
        }
        var found: [Int: [Double]] = [:]
        for (history, steps) in zip(histories, steps) {
            for (step, value) in zip(steps, history) where value.isFinite {
                found[step, default: []].append(value)
            }
        }
        rows = found.sorted { $0.key < $1.key }.map { Row(number: $0.key, values: $0.value) }
    }
}
