import Digests
import Foundation

/// What a run is: equal identities mean equal results, to the bit.
package struct Identity: Sendable, Hashable {
    /// Canonical JSON.
    package let json: String

    package init(json: String) {
        self.json = json
    }

    /// The first 12 hexadecimal digits of the SHA-256 of `json`.
    package var id: String { hexadecimal(SHA256.hash(json).prefix(6)) }

    /// The keys that decide the outcome, where they differ from their default or are swept.
    package var settings: [String: Value] {
        struct Loose: Decodable {
            let value: Value?

            init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }
        }
        struct Form: Decodable { let configuration: [String: Loose] }
        // An identity of another form names none.
        let form = try? JSONDecoder().decode(Form.self, from: Data(json.utf8))
        return form?.configuration.compactMapValues(\.value) ?? [:]
    }

    /// Whether it could have been made of a configuration, as far as that decides the outcome.
    package func agrees(with configuration: Configuration) -> Bool {
        struct Form: Decodable { let configuration: [String: Value] }
        // An identity of another form has no configuration to disagree with.
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(json.utf8)) else {
            return true
        }
        // In an identity, these are a digest and an object rather than a value of the
        // configuration.
        let others = ["init_from", "metric"]
        let identifying = configuration.values.filter {
            configuration.schema.isIdentifying($0.key, $0.value)
        }
        return form.configuration.allSatisfy {
            others.contains($0.key) || identifying[$0.key] == $0.value
        }
            && identifying.keys.allSatisfy { others.contains($0) || form.configuration[$0] != nil }
    }
}

/// Makes the identities of a study's runs: canonical JSON of all that decides a run's outcome. The
/// part that runs share is written once.
package struct IdentityForm: Sendable {
    private let configuration: Configuration
    private let axes: [String]
    /// Members of the object `configuration` that no axis moves, sorted.
    private let fixed: [(key: String, text: String)]
    /// What comes before and after that object.
    private let before, after: String

    /// - Parameters:
    ///   - configuration: what the runs share.
    ///   - axes: the swept keys.
    ///   - members: further members of the object `configuration`, as JSON.
    ///   - others: what decides the outcome besides the configuration, by name, as JSON.
    package init(
        _ configuration: Configuration, axes: [String], members: [String: String] = [:],
        others: [String: String]
    ) {
        self.configuration = configuration
        self.axes = axes
        let values = configuration.values.filter { name, value in
            !axes.contains(name) && configuration.schema.isIdentifying(name, value)
        }
        fixed = values.mapValues(\.json).merging(members) { $1 }
            .map { ($0.key, jsonString($0.key) + ":" + $0.value) }.sorted(by: IdentityForm.isBefore)
        let place = "configuration"
        let sorted = others.map { (key: $0.key, text: jsonString($0.key) + ":" + $0.value) }
            .sorted(by: IdentityForm.isBefore)
        let split = sorted.prefix { $0.key.utf8.lexicographicallyPrecedes(place.utf8) }
        before = "{" + split.map { $0.text + "," }.joined() + "\"\(place)\":{"
        after = "}" + sorted.dropFirst(split.count).map { "," + $0.text }.joined() + "}"
    }

    private static func isBefore(_ a: (key: String, text: String), _ b: (key: String, text: String))
        -> Bool
    {
        a.key.utf8.lexicographicallyPrecedes(b.key.utf8)
    }

    package func identity(_ setting: Setting) -> Identity {
        // An axis that does not exist here leaves its key as all runs have it.
        let absent = axes.count == setting.count ? [] : axes.filter { setting[$0] == nil }
        let still = absent.compactMap { key in
            configuration[key].map { Assignment(key: key, value: $0) }
        }
        let moved = (setting.assignments + still)
            .filter { configuration.schema.isIdentifying($0.key, $0.value) }
            .map { (key: $0.key, text: jsonString($0.key) + ":" + $0.value.json) }.sorted(
                by: IdentityForm.isBefore)
        var members: [String] = []
        members.reserveCapacity(fixed.count + moved.count)
        var next = moved[...]
        for member in fixed {
            while let first = next.first, IdentityForm.isBefore(first, member) {
                members.append(first.text)
                next = next.dropFirst()
            }
            members.append(member.text)
        }
        members += next.map(\.text)
        return Identity(json: before + members.joined(separator: ",") + after)
    }
}
