/// One key with its value: `lr=0.01`.
package struct Assignment: Sendable, Hashable {
    package var key: String
    package var value: Value

    package init(key: String, value: Value) {
        self.key = key
        self.value = value
    }

    /// `lr=0.01`. A label is one line of a table: control characters are escaped.
    package var label: String {
        let text = value.label
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            return "\(key)=\(text.visible)"
        }
        return "\(key)=\(jsonString(text).dropFirst().dropLast())".visible
    }
}

/// Values of the swept keys, in the order of the recipe; the seed comes last.
package struct Setting: Sendable, Hashable {
    package private(set) var assignments: [Assignment]

    package init(_ assignments: some Sequence<Assignment>) {
        self.assignments = Array(assignments)
    }

    /// Nil if the key is not swept, or its axis does not exist here (`when`).
    package subscript(key: String) -> Value? {
        assignments.first { $0.key == key }?.value
    }

    /// `lr=0.01,batch_size=8,seed=3`.
    package var label: String { assignments.map(\.label).joined(separator: ",") }

    /// The hyperparameters: all but the seed.
    package var withoutSeed: Setting { Setting(assignments.filter { $0.key != "seed" }) }

    package var seed: Value? { self["seed"] }
}

extension Setting: RandomAccessCollection, ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Assignment...) { self.init(elements) }

    package var startIndex: Int { assignments.startIndex }
    package var endIndex: Int { assignments.endIndex }
    package subscript(position: Int) -> Assignment { assignments[position] }

    package static func + (setting: Setting, more: some Sequence<Assignment>) -> Setting {
        Setting(setting.assignments + more)
    }
}

/// One setting of the hyperparameters, without the seed.
package struct Trial: Sendable, Hashable {
    /// From 0, in the order of the plan.
    package var number: Int
    package var setting: Setting

    package init(number: Int, setting: Setting) {
        self.number = number
        self.setting = setting
    }

    /// `base` if nothing but the seed is swept.
    package var label: String { setting.isEmpty ? "base" : setting.label }
}
