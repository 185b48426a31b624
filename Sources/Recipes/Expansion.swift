import Training

/// One run of a study before its data are known.
package struct PlannedRun: Sendable, Equatable {
    /// From 1, in the order of the plan.
    package var number: Int
    /// From 0: which setting of the hyperparameters, apart from the seed.
    package var trial: Int
    package var configuration: Configuration

    /// The swept keys and their values, the seed last.
    package var point: [Axis.Point] { configuration.point }
    /// `lr=0.01,batch_size=8,seed=3`.
    package var label: String { point.label }
}

extension Axis {
    /// One value of one axis.
    package struct Point: Sendable, Hashable, Codable {
        package var key: String
        package var value: Value

        package init(key: String, value: Value) {
            self.key = key
            self.value = value
        }

        /// `lr=0.01`.
        package var label: String {
            let text = value.label
            guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return "\(key)=\(text)" }
            // A label is one line of a table: what would end it is escaped.
            return "\(key)=\(jsonString(text).dropFirst().dropLast())"
        }
    }
}

extension [Axis.Point] {
    /// `lr=0.01,batch_size=8,seed=3`.
    package var label: String { map(\.label).joined(separator: ",") }

    /// The label without the seed; `base` where nothing else is swept.
    package var trialLabel: String {
        let parts = filter { $0.key != "seed" }
        return parts.isEmpty ? "base" : parts.label
    }
}

extension Recipe {
    /// What all runs share.
    package var configuration: Configuration { Configuration(settings, of: trainer) }

    /// Every swept key, the seed's last.
    package var axisKeys: [String] { dimensions.flatMap { $0.map(\.key) } + ["seed"] }

    /// All runs, in order: the first axis moves slowest, the seed fastest. What `exclude` matches is left out, and what no
    /// `include` matches; an axis whose condition (`when`) does not hold is not there.
    package func expand() -> [PlannedRun] {
        let shared = configuration
        let seeds = seedAxis?.values ?? [shared["seed"] ?? .integer(42)]
        var settings: [[Axis.Point]] = [[]]
        for group in dimensions {
            settings = settings.flatMap { point in extended(point, by: group, shared) }
        }
        var runs: [PlannedRun] = []
        var trials = 0
        for setting in settings {
            let before = runs.count
            for seed in seeds {
                let configuration = shared.at(setting + [Axis.Point(key: "seed", value: seed)])
                guard isWanted(configuration) else { continue }
                runs.append(PlannedRun(number: runs.count + 1, trial: trials, configuration: configuration))
            }
            if runs.count > before { trials += 1 }
        }
        return runs
    }

    /// One point becomes as many as the group has values; where none of its axes exists, it stays one.
    private func extended(_ point: [Axis.Point], by group: [Axis], _ shared: Configuration) -> [[Axis.Point]] {
        guard group.contains(where: { conditions[$0.key] != nil }) else {
            return (group.first?.values.indices ?? 0..<0).map { index in
                point + group.map { Axis.Point(key: $0.key, value: $0.values[index]) }
            }
        }
        var result: [[Axis.Point]] = []
        for index in group.first?.values.indices ?? 0..<0 {
            var extended = point
            for axis in group where conditions[axis.key].map({ $0.matches(shared.at(extended)) }) ?? true {
                extended.append(Axis.Point(key: axis.key, value: axis.values[index]))
            }
            if extended.count == point.count, group.count == 1 { return [point] }
            result.append(extended)
        }
        return result
    }

    private func isWanted(_ configuration: Configuration) -> Bool {
        !exclusions.contains { $0.matches(configuration) }
            && (inclusions.isEmpty || inclusions.contains { $0.matches(configuration) })
    }
}
