import Clips
import Crypto
import Foundation
import Training

/// One run of a study before its data are known.
public struct PlannedRun: Sendable, Equatable {
    /// From 1, in the order of the plan.
    public var number: Int
    /// From 0: which setting of the hyperparameters, apart from the seed.
    public var trial: Int
    /// The swept keys and their values, the seed last.
    public var point: [Axis.Point]
    public var configuration: Configuration

    /// `lr=0.01,batch_size=8,seed=3`.
    public var label: String { point.map { "\($0.key)=\($0.value.label)" }.joined(separator: ",") }

    /// The label without the seed; `base` where nothing else is swept.
    public var trialLabel: String {
        let parts = point.filter { $0.key != "seed" }
        return parts.isEmpty ? "base" : parts.map { "\($0.key)=\($0.value.label)" }.joined(separator: ",")
    }

    /// SHA-256 over canonical JSON of all that decides the outcome.
    /// - Parameter data: the digest of the data.
    public func identity(data: String, metric: Metric) -> RunIdentity {
        var fields = configuration.identity.mapValues(\.json)
        if metric != .valAccuracy {
            fields["metric"] = canonicalJSON([
                "name": jsonString(metric.name), "goal": jsonString(metric.goal.rawValue),
            ])
        }
        let json = canonicalJSON([
            "configuration": canonicalJSON(fields), "data": jsonString(data), "numerics": String(numericsRevision),
        ])
        return RunIdentity(json: json)
    }
}

extension Axis {
    /// One value of one axis.
    public struct Point: Sendable, Equatable, Codable {
        public var key: String
        public var value: Value

        public init(key: String, value: Value) {
            self.key = key
            self.value = value
        }
    }
}

/// What a run is: equal identities mean the same outcome, to the bit.
public struct RunIdentity: Sendable, Equatable, Hashable {
    /// Canonical JSON.
    public let json: String

    public init(json: String) {
        self.json = json
    }

    /// The first 12 hexadecimal digits of the SHA-256 of `json`.
    public var id: String {
        String(hexadecimal(SHA256.hash(data: Data(json.utf8))).prefix(12))
    }
}

extension Recipe {
    /// All runs, in order: the first axis moves slowest, the seed fastest; what `exclude` matches is left out.
    public func expand() -> [PlannedRun] {
        let swept = axes.contains { $0.key == "seed" }
        let seed = settings["seed"] ?? ConfigurationKey.byName["seed"]?.defaultValue ?? .integer(42)
        var points: [[Axis.Point]] = [[]]
        for axis in axes {
            points = points.flatMap { point in axis.values.map { point + [Axis.Point(key: axis.key, value: $0)] } }
        }
        if !swept { points = points.map { $0 + [Axis.Point(key: "seed", value: seed)] } }
        var trials: [[Axis.Point]: Int] = [:]
        var runs: [PlannedRun] = []
        for point in points {
            var values = settings
            for part in point { values[part.key] = part.value }
            let configuration = Configuration(values)
            guard !isExcluded(configuration) else { continue }
            let trialPoint = point.filter { $0.key != "seed" }
            let trial = trials[trialPoint] ?? trials.count
            trials[trialPoint] = trial
            runs.append(
                PlannedRun(number: runs.count + 1, trial: trial, point: point, configuration: configuration))
        }
        return runs
    }

    private func isExcluded(_ configuration: Configuration) -> Bool {
        exclusions.contains { pattern in
            pattern.allSatisfy { key, values in configuration[key].map { values.contains($0) } ?? false }
        }
    }
}

extension Axis.Point: Hashable {}
