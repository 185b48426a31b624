import Yams

/// Which configuration keys a recipe may use: those of the built-in trainer, or, for a command, any.
enum KeyTable: Sendable {
    case visualSpeech
    case any

    /// Nil where there is no such key.
    func key(_ name: String) -> ConfigurationKey? {
        switch self {
        case .visualSpeech: ConfigurationKey.byName[name]
        case .any where name == "seed": ConfigurationKey.byName[name]
        case .any: KeyTable.isName(name) ? ConfigurationKey(name, .any, nil, "") : nil
        }
    }

    /// Whether `name`, with this value, is no key itself but the first part of nested ones.
    func isGroup(_ name: String, _ value: Node) -> Bool {
        switch self {
        case .visualSpeech: ConfigurationKey.all.contains { $0.name.hasPrefix(name + ".") }
        case .any: value.mapping != nil && !AxisReader.isAxisMapping(value)
        }
    }

    /// The known name nearest to a misspelt one.
    func nearest(to name: String) -> String? {
        switch self {
        case .visualSpeech: Recipes.nearest(name, in: ConfigurationKey.all.map(\.name))
        case .any: nil
        }
    }

    /// Words of letters, digits, `_` and `-`, joined by dots.
    static func isName(_ name: String) -> Bool {
        name.utf8.count <= 200 && name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_\-]*(\.[A-Za-z_][A-Za-z0-9_\-]*)*/) != nil
    }
}
