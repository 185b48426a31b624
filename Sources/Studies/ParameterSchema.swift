/// The keys of a trainer's configurations.
package final class ParameterSchema: Sendable {
    /// Something that only several keys together show to be wrong.
    package struct Problem: Sendable, Equatable {
        /// The key it is about.
        package let key: String
        package let message: String

        package init(key: String, message: String) {
            self.key = key
            self.message = message
        }
    }

    /// What a recipe says, for rules over several keys.
    package struct Usage: Sendable {
        /// Values of keys that are not swept, where they differ from the default.
        package let values: [String: Value]
        package let swept: Set<String>

        package init(values: [String: Value], swept: Set<String>) {
            self.values = values
            self.swept = swept
        }

        /// Keys that the recipe sets or sweeps, sorted.
        package var keys: [String] { Set(values.keys).union(swept).sorted() }
    }

    /// All declared keys, in the order of the documentation. A new key's default keeps the
    /// behaviour of old runs.
    package let parameters: [Parameter]
    /// Whether any other name is a key too, as for a command: then all keys are part of a run's
    /// identity.
    package let isOpen: Bool
    package let rules: @Sendable (Usage) -> [Problem]
    package let defaults: [String: Value]
    private let byName: [String: Parameter]

    package init(
        _ parameters: [Parameter], isOpen: Bool = false,
        rules: @escaping @Sendable (Usage) -> [Problem] = { _ in [] }
    ) {
        self.parameters = parameters
        self.isOpen = isOpen
        self.rules = rules
        byName = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
        defaults = byName.compactMapValues(\.defaultValue)
    }

    /// Nil if there is no such key.
    package func parameter(_ name: String) -> Parameter? {
        if let known = byName[name] { return known }
        return isOpen && ParameterSchema.isName(name) ? Parameter(name, .any, nil, "") : nil
    }

    /// Whether declared keys are nested in `name`.
    package func isGroup(_ name: String) -> Bool {
        parameters.contains { $0.name.hasPrefix(name + ".") }
    }

    /// Last parts of the keys nested in a group.
    package func members(of group: String) -> [String] {
        parameters.filter { $0.name.hasPrefix(group + ".") }.map {
            String($0.name.dropFirst(group.count + 1))
        }
    }

    /// Whether a key with this value is part of a run's identity: it decides the outcome and
    /// differs from the default.
    package func isIdentifying(_ name: String, _ value: Value) -> Bool {
        if isOpen { return true }
        guard let parameter = byName[name], parameter.decidesOutcome else { return false }
        return parameter.defaultValue != value
    }

    /// Words of letters, digits, `_` and `-`, joined by dots.
    package static func isName(_ name: String) -> Bool {
        name.utf8.count <= 200
            && name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_\-]*(\.[A-Za-z_][A-Za-z0-9_\-]*)*/) != nil
    }

    /// The key that every trainer has.
    package static let seed = seed(isSigned: false)

    /// - Parameter isSigned: whether it may be negative, as some programs' seeds may.
    package static func seed(isSigned: Bool) -> Parameter {
        Parameter(
            "seed", .integer64(isSigned: isSigned), .integer(42), "initialises everything random")
    }
}
