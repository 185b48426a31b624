import Search
import Studies
import Yams

/// An axis while a recipe is read.
struct AxisDraft {
    var key: String
    var domain: Domain
    let node: Node
    let reader: SettingsReader

    var place: Place { reader.place(node) }
    var values: [Value] { domain.values }
    var isDrawn: Bool {
        if case .distribution = domain { true } else { false }
    }
    var axis: Axis { Axis(key: key, domain: domain) }
}
