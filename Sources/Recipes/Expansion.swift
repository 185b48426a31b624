import Training

/// One run of a study before its data are known.
public struct PlannedRun: Sendable, Equatable {
    /// From 1, in the order of the plan.
    public var number: Int
    /// From 0: which setting of the hyperparameters, apart from the seed.
    public var trial: Int
    public var configuration: Configuration

    /// The swept keys and their values, the seed last.
    public var point: [Axis.Point] { configuration.point }
    /// `lr=0.01,batch_size=8,seed=3`.
    public var label: String { point.label }
}

extension Axis {
    /// One value of one axis.
    public struct Point: Sendable, Hashable, Codable {
        public var key: String
        public var value: Value

        public init(key: String, value: Value) {
            self.key = key
            self.value = value
        }

        /// `lr=0.01`.
        public var label: String {
            let text = value.label
            guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return "\(key)=\(text)" }
            // A label is one line of a table: what would end it is escaped.
            return "\(key)=\(jsonString(text).dropFirst().dropLast())"
        }
    }
}

extension [Axis.Point] {
    /// `lr=0.01,batch_size=8,seed=3`.
    public var label: String { map(\.label).joined(separator: ",") }

    /// The label without the seed; `base` where nothing else is swept.
    public var trialLabel: String {
        let parts = filter { $0.key != "seed" }
        return parts.isEmpty ? "base" : parts.label
    }
}

extension Recipe {
    /// What all runs share.
    public var configuration: Configuration { Configuration(settings, of: trainer) }

    /// All runs, in order: the first axis moves slowest, the seed fastest; what `exclude` matches is left out.
    public func expand() -> [PlannedRun] {
        let shared = configuration
        let seeds = axes.first { $0.key == "seed" }?.values ?? [shared["seed"] ?? .integer(42)]
        var settings: [[Axis.Point]] = [[]]
        for axis in axes where axis.key != "seed" {
            settings = settings.flatMap { point in axis.values.map { point + [Axis.Point(key: axis.key, value: $0)] } }
        }
        var runs: [PlannedRun] = []
        var trials = 0
        for setting in settings {
            let before = runs.count
            for seed in seeds {
                let configuration = shared.at(setting + [Axis.Point(key: "seed", value: seed)])
                guard !isExcluded(configuration) else { continue }
                runs.append(PlannedRun(number: runs.count + 1, trial: trials, configuration: configuration))
            }
            if runs.count > before { trials += 1 }
        }
        return runs
    }

    private func isExcluded(_ configuration: Configuration) -> Bool {
        exclusions.contains { pattern in
            pattern.allSatisfy { key, values in configuration[key].map { values.contains($0) } ?? false }
        }
    }
}
