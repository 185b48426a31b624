import Kernels
import Networks
import Recipes
import RunStore
import Studies

/// Weights that runs start from, held against the networks of all runs before anything runs.
enum InitialWeightsFit {
    private struct Use: Hashable {
        let filters, channels, classes: Int
        let skipped: [String]
    }

    /// - Throws: `WeightMismatch` with all that does not fit, network by network.
    static func check(
        _ initial: InitialWeights, _ runs: [RunDraft], _ data: [RunData], _ classCounts: [String: Int]
    ) throws {
        var seen = Set<Use>()
        var problems: [String] = []
        for (run, data) in zip(runs, data) {
            let configuration = run.configuration
            guard let classes = classCounts[data.digest] else { continue }
            let use = Use(
                filters: configuration.integer("filters"), channels: configuration.integer("channels_lips"),
                classes: classes,
                skipped: configuration.texts("init_skip"))
            guard seen.insert(use).inserted else { continue }
            let found = parameters(use).mismatches(initial.tensors, except: use.skipped)
            problems += found.map { "filters \(use.filters), \(classes) classes: \($0)" }
        }
        guard problems.isEmpty else { throw WeightMismatch(problems: problems) }
    }

    /// Their shapes do not depend on the clips' size or length.
    private static func parameters(_ use: Use) -> Parameters {
        let shape = NetworkShape(
            frames: 1, height: 8, width: 8, channels: use.channels, filters: use.filters, classes: use.classes,
            dropout: 0, batchNormMomentum: 0.1)
        let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)
        return VisualSpeechNetwork(shape: shape, clips: 1, context: context, seed: 0).parameters
    }
}
