import Networks
import Recipes
import Studies
import Training

/// Patterns of parameter names in a recipe, compared with the networks before anything runs.
enum ParameterPatterns {
    private struct Use: Hashable {
        let model: String
        let parts: NetworkParts
        let key, pattern: String
    }

    /// - Throws: `WeightMismatch` with all patterns that name no parameter, and what is skipped of
    ///   no start.
    static func check(_ runs: [RunDraft], hasInitialWeights: Bool) throws {
        var problems: [String] = []
        let uses = Set(runs.flatMap { used($0.configuration) })
        for use in uses.sorted(by: {
            ($0.key, $0.pattern, $0.model) < ($1.key, $1.pattern, $1.model)
        }) {
            let pattern = NamePattern(use.pattern)
            guard !names(use).contains(where: pattern.matches) else { continue }
            problems.append("\(use.key): no parameter is called \(use.pattern)")
        }
        if !hasInitialWeights,
            runs.contains(where: { !$0.configuration.texts("init_skip").isEmpty })
        {
            problems.append("init_skip: has no effect without init_from: leave it out")
        }
        guard problems.isEmpty else { throw WeightMismatch(problems: problems) }
    }

    private static func used(_ configuration: Configuration) -> [Use] {
        let model = configuration.text("model")
        return ["freeze", "init_skip", "lr_scaled"].flatMap { key in
            configuration.texts(key).map {
                Use(
                    model: model, parts: NetworkParts(configuration), key: key, pattern: $0)
            }
        }
    }

    /// The same for every size of a network.
    private static func names(_ use: Use) -> [String] {
        var shape = NetworkShape(
            frames: 1, height: 8, width: 8, channels: 1, filters: 1, classes: 2, dropout: 0,
            batchNormMomentum: 0.1)
        shape.parts = use.parts
        return NetworkRegistry.plan(use.model, shape).parameters.map(\.name)
    }
}
