import Yams

/// One swept key and its values.
package struct Axis: Sendable, Equatable {
    package var key: String
    package var values: [Value]

    package init(key: String, values: [Value]) {
        self.key = key
        self.values = values
    }
}

/// An axis while a recipe is read.
struct AxisDraft {
    var key: String
    /// None where they are yet to be drawn.
    var values: [Value]
    /// Where a sampled sweep draws from; nil: from the values.
    var distribution: Distribution?
    /// For what is wrong with drawn values.
    let rule: ConfigurationKey
    let node: Node
    let reader: SettingsReader

    var place: Place { reader.place(node) }
    var isDrawn: Bool { values.isEmpty && distribution != nil }
}
