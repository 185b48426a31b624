import Studies

/// Whether one swept key moves the metric, judged by all runs: the F test of its main effect, beside
/// the other keys and the seed.
struct KeyTest {
    let key: String
    let test: VarianceAnalysis.Test
    /// After Holm's correction over the keys.
    let p: Double

    var isSignificant: Bool { p < StudyFacts.significance }

    /// Columns of the model: all levels of all factors.
    private static let columnLimit = 60
    /// Levels of a factor.
    private static let levelLimit = 12

    /// The share of all runs' sum of squares that the keys explain together, each by itself.
    static func explained(_ trials: [TrialSummary], _ keys: [SweptKey]) -> Double? {
        let observed = trials.flatMap { trial in trial.values.map { (trial.setting, $0) } }
        let factors = keys.map { key in
            let groups = key.groupOfValue
            // Runs without the key are a level of their own.
            return observed.map { setting, _ in
                setting[key.name].flatMap { groups[$0] } ?? key.groups.count
            }
        }
        return VarianceAnalysis.explained(observed.map(\.1), factors)
    }

    /// One for each key that can be tested.
    static func all(_ trials: [TrialSummary], _ keys: [SweptKey]) -> [KeyTest] {
        let observed = trials.flatMap { trial in
            trial.bySeed.map { (setting: trial.setting, seed: $0.seed, value: $0.value) }
        }
        func levels<Level: Hashable>(_ level: (Int) -> Level) -> [Int] {
            var places: [Level: Int] = [:]
            return observed.indices.map { index in
                let own = level(index)
                if let known = places[own] { return known }
                places[own] = places.count
                return places.count - 1
            }
        }
        let own = keys.filter { $0.groups.count < levelLimit + 1 }.map { key in
            let groups = key.groupOfValue
            return (
                name: key.name,
                levels: levels { observed[$0].setting[key.name].flatMap { groups[$0] } }
            )
        }.filter { ($0.levels.max() ?? 0) > 0 }
        let seeds = levels { observed[$0].seed }
        let isBlocked = (2...30).contains((seeds.max() ?? 0) + 1)
        let factors = own.map(\.levels) + (isBlocked ? [seeds] : [])
        let columns = factors.reduce(1) { $0 + ($1.max() ?? 0) }
        guard !own.isEmpty, columns <= columnLimit, columns < observed.count else { return [] }
        let tests = VarianceAnalysis.tests(observed.map(\.value), factors)
        let found = zip(own, tests).compactMap { own, test in test.map { (own.name, $0) } }
        let adjusted = Statistics.holm(found.map(\.1.p))
        return zip(found, adjusted).map { KeyTest(key: $0.0, test: $0.1, p: $1) }
    }
}
