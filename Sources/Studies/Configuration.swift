/// Values of all keys of one run: what the runs of a study share, and the run's own setting.
package struct Configuration: Sendable, Equatable {
    package let schema: ParameterSchema
    private let shared: [String: Value]
    package let setting: Setting

    private init(schema: ParameterSchema, shared: [String: Value], setting: Setting) {
        self.schema = schema
        self.shared = shared
        self.setting = setting
    }

    /// - Parameters:
    ///   - values: what differs from the defaults.
    ///   - schema: the trainer's keys; their defaults fill in the rest.
    package init(_ values: [String: Value], schema: ParameterSchema) {
        self.init(schema: schema, shared: schema.defaults.merging(values) { $1 }, setting: [])
    }

    /// The same with the values of a setting.
    package func at(_ setting: Setting) -> Configuration {
        Configuration(schema: schema, shared: shared, setting: setting)
    }

    package static func == (a: Configuration, b: Configuration) -> Bool {
        a.shared == b.shared && a.setting == b.setting
    }

    package subscript(key: String) -> Value? { setting[key] ?? shared[key] }

    /// Every key that has a value.
    package var values: [String: Value] { setting.reduce(into: shared) { $0[$1.key] = $1.value } }

    /// Keys and values as YAML, in the order of the schema, or sorted if the schema is open.
    package var yaml: String {
        let values = values
        let names = schema.isOpen ? values.keys.sorted() : schema.parameters.map(\.name)
        return names.compactMap { name in values[name].map { "\(name): \($0.json)" } }.joined(
            separator: "\n") + "\n"
    }

    /// Canonical JSON.
    package var json: String { canonicalJSON(values.mapValues(\.json)) }

    /// JSON with dotted keys as nested objects, as a trainer reads it.
    package var nestedJSON: String {
        Configuration.nested(
            values.map { ($0.key.split(separator: ".").map(String.init)[...], $0.value) })
    }

    private static func nested(_ values: [(path: ArraySlice<String>, value: Value)]) -> String {
        let members = Dictionary(grouping: values) { $0.path.first ?? "" }
        return canonicalJSON(
            members.mapValues { group in
                if let leaf = group.first(where: { $0.path.count == 1 }) {
                    return leaf.value.writtenJSON
                }
                return nested(group.map { ($0.path.dropFirst(), $0.value) })
            })
    }

    // MARK: Values of a known type

    // The recipe was checked against the schema: another type, or no value, is a mistake of the
    // program.

    package func integer(_ key: String) -> Int {
        guard case .integer(let value)? = self[key] else {
            preconditionFailure("\(key) is a whole number")
        }
        return value
    }

    /// A whole number, 0 or more.
    package func unsigned(_ key: String) -> UInt64 {
        if case .unsigned(let value)? = self[key] { return value }
        return UInt64(integer(key))
    }

    package func number(_ key: String) -> Double {
        guard let value = self[key]?.double else { preconditionFailure("\(key) is a number") }
        return value
    }

    package func bool(_ key: String) -> Bool {
        guard case .bool(let value)? = self[key] else {
            preconditionFailure("\(key) is true or false")
        }
        return value
    }

    package func text(_ key: String) -> String {
        guard case .text(let value)? = self[key] else { preconditionFailure("\(key) is text") }
        return value
    }

    package func texts(_ key: String) -> [String] {
        guard case .list(let values)? = self[key] else { preconditionFailure("\(key) is a list") }
        return values.map(\.label)
    }
}
