import Kernels
import Networks
import Recipes
import Studies

/// Patterns of parameter names in a recipe, looked at before anything runs.
enum ParameterPatterns {
    /// - Throws: `WeightMismatch` with all patterns that name no parameter, and what is skipped of no start.
    static func check(_ runs: [RunDraft], hasInitialWeights: Bool) throws {
        var problems: [String] = []
        guard runs.contains(where: { !used($0.configuration).isEmpty }) else { return }
        let names = parameterNames
        let all = Set(runs.flatMap { used($0.configuration) }).sorted { ($0.key, $0.pattern) < ($1.key, $1.pattern) }
        for use in all where !names.contains(where: { NamePattern(use.pattern).matches($0) }) {
            problems.append("\(use.key): no parameter is called \(use.pattern)")
        }
        if !hasInitialWeights,
            runs.contains(where: { !$0.configuration.texts("init_skip").isEmpty })
        {
            problems.append("init_skip: there is no init_from of which it could skip anything")
        }
        guard problems.isEmpty else { throw WeightMismatch(problems: problems) }
    }

    private struct Use: Hashable {
        let key: String
        let pattern: String
    }

    private static func used(_ configuration: Configuration) -> [Use] {
        configuration.texts("freeze").map { Use(key: "freeze", pattern: $0) }
            + configuration.texts("init_skip").map { Use(key: "init_skip", pattern: $0) }
    }

    /// The same for every size of the network.
    private static var parameterNames: [String] {
        let shape = NetworkShape(
            frames: 1, height: 8, width: 8, channels: 1, filters: 1, classes: 2, dropout: 0, batchNormMomentum: 0.1)
        let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)
        return VisualSpeechNetwork(shape: shape, clips: 1, context: context, seed: 0).parameters.tensors.map(\.name)
    }
}
