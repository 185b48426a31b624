import Search
import Studies

/// One run of a study before its data are prepared: it has no identity yet.
package struct RunDraft: Sendable, Equatable {
    /// From 1, in the order of the plan.
    package var number: Int
    /// From 0: which setting of the hyperparameters, without the seed.
    package var trial: Int
    package var configuration: Configuration

    /// The swept keys and their values, the seed last.
    package var setting: Setting { configuration.setting }
    /// `lr=0.01,batch_size=8,seed=3`.
    package var label: String { setting.label }
}

extension Recipe {
    /// What all runs share.
    package var configuration: Configuration { Configuration(settings, schema: schema) }

    /// Every swept key, the seed's last.
    package var axisKeys: [String] { space.axes.map(\.key) + ["seed"] }

    /// All runs, in order: the first axis moves slowest, the seed fastest. What `exclude` matches
    /// is left out, and what no `include` matches. Values are drawn here.
    /// - Throws: `RecipeMistakes` if a key does not take a value that was drawn, no run is left, or
    ///   there are more than `max_runs`.
    package func expand() throws -> [RunDraft] {
        let shared = configuration
        let seeds = seedAxis?.domain.values ?? [shared["seed"] ?? .integer(42)]
        let sampler = method.sampler(samples: samples ?? 0, seed: sampleSeed)
        var runs: [RunDraft] = []
        var trials = 0
        var next = 0
        while let proposal = try propose(next, sampler) {
            next += 1
            guard case .setting(let setting) = proposal else { continue }
            let before = runs.count
            for seed in seeds {
                let configuration = shared.at(setting + [Assignment(key: "seed", value: seed)])
                guard isWanted(configuration) else { continue }
                runs.append(
                    RunDraft(number: runs.count + 1, trial: trials, configuration: configuration))
            }
            if runs.count > before { trials += 1 }
        }
        try checkCount(runs.count)
        try refuseEqualLabels(runs)
        return runs
    }

    /// A label names one setting: `a,y=1` under x and `1` under y read as another pair of values.
    private func refuseEqualLabels(_ runs: [RunDraft]) throws {
        guard
            space.axes.contains(where: { axis in
                axis.domain.values.contains { value in
                    if case .text(let text) = value { text.contains("=") } else { false }
                }
            })
        else { return }
        var settings: [String: Setting] = [:]
        for run in runs {
            guard let other = settings.updateValue(run.setting, forKey: run.label),
                other != run.setting
            else { continue }
            throw mistake(
                "two settings are both called \(run.label): change one of the texts that hold an equals sign",
                at: origins[space.axes[0].key] ?? start)
        }
    }

    /// Nil at the end of the space.
    private func propose(_ trial: Int, _ sampler: any Sampler) throws -> Proposal? {
        do {
            let proposal = try sampler.propose(trial, in: space, given: [], pending: [])
            return proposal == .exhausted ? nil : proposal
        } catch let error as UnsuitableValue {
            let found = shortest(error.number)
            throw mistake(
                "\(error.key): the axis gives \(found); expected \(error.rule)",
                at: origins[error.key] ?? start)
        }
    }

    private func isWanted(_ configuration: Configuration) -> Bool {
        !exclusions.contains { $0.matches(configuration) }
            && (inclusions.isEmpty || inclusions.contains { $0.matches(configuration) })
    }

    private func checkCount(_ count: Int) throws {
        if count == 0 {
            let name =
                inclusions.isEmpty
                ? "exclude" : exclusions.isEmpty ? "include" : "include and exclude"
            let verb = inclusions.isEmpty || exclusions.isEmpty ? "leaves" : "leave"
            throw mistake("\(name): \(verb) no run over", at: start)
        }
        if let limit = maxRuns, count > limit.count {
            throw mistake(
                "max_runs: the sweep makes \(count) runs, and at most \(limit.count) are allowed: raise it, or sweep less",
                at: limit.place)
        }
    }

    /// A mistake of a key that shows only after the recipe was read, at the place of the key.
    /// - Returns: nil if the recipe does not set or sweep it.
    package func mistake(ofKey key: String, _ message: String) -> RecipeMistakes? {
        origins[key].map { mistake(message, at: $0) }
    }

    private var start: Place { Place(file: path, line: 1, column: 1) }

    /// A mistake that only the runs show.
    private func mistake(_ message: String, at place: Place) -> RecipeMistakes {
        let lines = SourceText.lines(text)
        let isHere = place.file == path && lines.indices.contains(place.line - 1)
        return RecipeMistakes(
            mistakes: [
                Mistake(
                    place: place, message: message,
                    line: isHere ? lines[place.line - 1] : "")
            ])
    }
}
