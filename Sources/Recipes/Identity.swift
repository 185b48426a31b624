import Clips
import Digests
import Foundation
import Training

/// What a run is: equal identities mean the same outcome, to the bit.
package struct RunIdentity: Sendable, Equatable, Hashable {
    /// Canonical JSON.
    package let json: String

    package init(json: String) {
        self.json = json
    }

    /// The first 12 hexadecimal digits of the SHA-256 of `json`.
    package var id: String {
        hexadecimal(SHA256.hash(Array(json.utf8)).prefix(6))
    }

    /// Whether a configuration that was kept beside it is the one it was made of, as far as it decides the outcome.
    package func agrees(with configuration: Configuration) -> Bool {
        struct Form: Decodable { let configuration: [String: Value] }
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(json.utf8)) else { return true }
        // What stands for these in an identity is no value of the configuration.
        let others = ["init_from", "metric"]
        let identifying = configuration.values.filter { configuration.isIdentifying($0.key, $0.value) }
        return form.configuration.allSatisfy { others.contains($0.key) || identifying[$0.key]?.json == $0.value.json }
            && identifying.keys.allSatisfy { others.contains($0) || form.configuration[$0] != nil }
    }
}

/// Makes the identities of a study's runs: canonical JSON of all that decides a run's outcome. What the runs share is
/// written once.
package struct IdentityForm: Sendable {
    private let configuration: Configuration
    private let axes: [String]
    /// Members of the object `configuration` that no axis moves, sorted.
    private let fixed: [(key: String, text: String)]
    /// What comes before and after that object.
    private let before: String
    private let after: String

    /// - Parameters:
    ///   - configuration: what the runs share.
    ///   - axes: the swept keys.
    ///   - metric: decides the best epoch, and with it the weights that the built-in trainer keeps.
    ///   - data: digest of the data of the built-in trainer.
    ///   - initialWeights: digest of the weights it starts from; nil where they are drawn.
    ///   - numerics: its numerics revision.
    package init(
        _ configuration: Configuration, axes: [String], metric: Metric, data: String, initialWeights: String? = nil,
        trainer: Trainer, numerics: Int = numericsRevision
    ) {
        self.configuration = configuration
        self.axes = axes
        var members = configuration.values.filter { name, value in
            !axes.contains(name) && configuration.isIdentifying(name, value)
        }.mapValues(\.json)
        switch trainer {
        case .visualSpeech:
            members["init_from"] = initialWeights.map(jsonString)
            if metric != .valAccuracy {
                members["metric"] = canonicalJSON([
                    "name": jsonString(metric.name), "goal": jsonString(metric.goal.rawValue),
                ])
            }
            before = "{\"configuration\":{"
            after = "},\"data\":\(jsonString(data)),\"numerics\":\(numerics)}"
        case .command(let command):
            let files = Dictionary(command.files.map { ($0.path, jsonString($0.digest)) }) { first, _ in first }
            before = "{\"command\":[\(command.command.map(jsonString).joined(separator: ","))],\"configuration\":{"
            after =
                "},\"environment\":\(canonicalJSON(command.environment.mapValues(jsonString)))"
                + ",\"files\":\(canonicalJSON(files)),\"trainer_revision\":\(CommandTrainer.revision)}"
        }
        fixed = members.map { ($0.key, jsonString($0.key) + ":" + $0.value) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    package func identity(_ point: [Axis.Point]) -> RunIdentity {
        let absent = axes.count == point.count ? [] : axes.filter { key in !point.contains { $0.key == key } }
        // An axis that does not exist at this point leaves its key as all runs have it.
        let still = absent.compactMap { key in configuration[key].map { Axis.Point(key: key, value: $0) } }
        let moved = (point + still).filter { configuration.isIdentifying($0.key, $0.value) }
            .map { (key: $0.key, text: jsonString($0.key) + ":" + $0.value.json) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        var members: [String] = []
        members.reserveCapacity(fixed.count + moved.count)
        var next = moved[...]
        for member in fixed {
            while let first = next.first, first.key.utf8.lexicographicallyPrecedes(member.key.utf8) {
                members.append(first.text)
                next = next.dropFirst()
            }
            members.append(member.text)
        }
        members += next.map(\.text)
        return RunIdentity(json: before + members.joined(separator: ",") + after)
    }
}
