import Studies

/// What a sampler proposes for one trial.
package enum Proposal: Sendable, Equatable {
    case setting(Setting)
    /// The same setting as an earlier trial's: an axis that does not exist there has no second
    /// value.
    case duplicate
    /// There are no more settings.
    case exhausted
}

/// The result of a trial, for samplers that learn from results.
package struct TrialResult: Sendable, Equatable {
    package var trial: Trial
    /// Mean of the metric over the seeds; nil if there is none.
    package var value: Double?

    package init(trial: Trial, value: Double?) {
        self.trial = trial
        self.value = value
    }
}

/// Proposes settings. A pure function of its own constants and its arguments: the same call gives
/// the same proposal, on every machine and in any order.
package protocol Sampler: Sendable {
    /// - Parameters:
    ///   - trial: number of the trial, from 0.
    ///   - known: results of earlier trials, in their order.
    ///   - pending: settings of trials that have no result yet.
    /// - Throws: `UnsuitableValue`.
    func propose(
        _ trial: Int, in space: SearchSpace, given known: [TrialResult], pending: [Setting]
    ) throws -> Proposal
}

/// How the settings of a sweep are chosen.
package enum SweepMethod: String, Sendable, CaseIterable {
    case grid, random, sobol
    case latinHypercube = "latin_hypercube"

    /// - Parameters:
    ///   - samples: how many settings are drawn; a grid takes all there are.
    ///   - seed: of what is drawn.
    package func sampler(samples: Int, seed: UInt64) -> any Sampler {
        switch self {
        case .grid: GridSampler()
        case .random: RandomSampler(samples: samples, seed: seed)
        case .sobol: SobolSampler(samples: samples)
        case .latinHypercube: LatinHypercubeSampler(samples: samples, seed: seed)
        }
    }
}

/// Every combination of the axes' values, the first axis slowest.
package struct GridSampler: Sampler {
    package init() {}

    package func propose(
        _ trial: Int, in space: SearchSpace, given known: [TrialResult] = [],
        pending: [Setting] = []
    ) -> Proposal {
        let counts = space.dimensions.map { $0.first?.domain.values.count ?? 0 }
        // Places in the dimensions: the digits of the trial's number, the last one fastest.
        var places = [Int](repeating: 0, count: counts.count)
        var rest = trial
        for (dimension, count) in counts.enumerated().reversed() {
            guard count > 0 else { return .exhausted }
            places[dimension] = rest % count
            rest /= count
        }
        guard rest == 0 else { return .exhausted }
        var setting = Setting([])
        for (axes, place) in zip(space.dimensions, places) {
            let found = axes.filter { space.exists($0.key, setting) }
            if found.isEmpty, place > 0 { return .duplicate }
            setting =
                setting + found.map { Assignment(key: $0.key, value: $0.domain.values[place]) }
        }
        return .setting(setting)
    }
}

/// Settings drawn independently of each other.
package struct RandomSampler: Sampler {
    let samples: Int
    let seed: UInt64

    package init(samples: Int, seed: UInt64) { (self.samples, self.seed) = (samples, seed) }

    package func propose(
        _ trial: Int, in space: SearchSpace, given known: [TrialResult] = [],
        pending: [Setting] = []
    ) throws -> Proposal {
        try space.setting(trial, of: samples) { UnitPoints.random(trial, stream: $0, seed: seed) }
    }
}

/// Sobol's sequence, unscrambled: even coverage of all axes together.
package struct SobolSampler: Sampler {
    /// As many dimensions as its numbers are known for.
    package static let dimensionLimit = sobolNumbers.count

    let samples: Int

    package init(samples: Int) { self.samples = samples }

    package func propose(
        _ trial: Int, in space: SearchSpace, given known: [TrialResult] = [],
        pending: [Setting] = []
    ) throws -> Proposal {
        try space.setting(trial, of: samples) { UnitPoints.sobol(trial, dimension: $0) }
    }
}

/// Latin hypercube (McKay, Beckman and Conover 1979): each axis is cut into as many pieces as there
/// are samples, and every piece is met once.
package struct LatinHypercubeSampler: Sampler {
    let samples: Int
    private let hypercube: LatinHypercube

    package init(samples: Int, seed: UInt64) {
        self.samples = samples
        hypercube = LatinHypercube(samples: samples, seed: seed)
    }

    package func propose(
        _ trial: Int, in space: SearchSpace, given known: [TrialResult] = [],
        pending: [Setting] = []
    ) throws -> Proposal {
        try space.setting(trial, of: samples) { hypercube.share(trial, stream: $0) }
    }
}

extension SearchSpace {
    /// The setting at a point of the unit cube.
    /// - Parameter share: place on the axes of one stream, 0 ≤ share < 1.
    fileprivate func setting(_ trial: Int, of samples: Int, share: (_ stream: Int) -> Double) throws
        -> Proposal
    {
        guard trial < samples, !dimensions.isEmpty else { return .exhausted }
        var setting = Setting([])
        for (axes, stream) in zip(dimensions, streams) {
            let share = share(stream)
            for axis in axes where exists(axis.key, setting) {
                setting =
                    setting + [
                        Assignment(
                            key: axis.key, value: try axis.domain.value(at: share, of: samples))
                    ]
            }
        }
        return .setting(setting)
    }
}
