/// One metric over the epochs of a run, or over the steps at which something was reported.
package struct History: Sendable, Equatable {
    package var name: String
    /// Of epoch 1, 2, …, or of each step that was reported; NaN where there is no value.
    package var values: [Double]

    package init(name: String, values: [Double] = []) {
        self.name = name
        self.values = values
    }
}
