/// One metric over the epochs of a run.
package struct History: Sendable, Equatable {
    package var name: String
    /// Of epoch 1, 2, …; NaN if the epoch has no value.
    package var values: [Double]

    package init(name: String, values: [Double] = []) {
        self.name = name
        self.values = values
    }
}
