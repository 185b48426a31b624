import Studies
import Yams

extension ParameterSchema {
    /// Whether `name`, with this value, is not a key itself but the first part of nested ones.
    func isGroup(_ name: String, _ value: Node) -> Bool {
        isOpen && parameter(name) != nil
            ? value.mapping != nil && !AxisReader.isAxisMapping(value)
                && name != ParameterSchema.seed.name
            : isGroup(name)
    }

    /// The declared key nearest to a misspelt one.
    func nearest(to name: String) -> String? {
        isOpen ? nil : Recipes.nearest(name, in: parameters.map(\.name))
    }
}
