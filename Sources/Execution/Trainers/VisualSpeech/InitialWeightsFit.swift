import Clips
import Networks
import Recipes
import RunStore
import Studies
import Training

/// Weights that runs start from, compared with the networks of all runs before anything runs.
enum InitialWeightsFit {
    private struct Use: Hashable {
        let model: String
        let shape: NetworkShape
        let skipped: [String]
    }

    /// - Throws: `WeightMismatch` with all that does not fit, network by network.
    static func check(
        _ initial: InitialWeights, _ runs: [RunDraft], _ data: [RunData],
        _ classCounts: [String: Int]
    ) throws {
        var seen = Set<Use>()
        var problems: [String] = []
        for (run, data) in zip(runs, data) {
            guard let classes = classCounts[data.digest] else { continue }
            let use = Use(
                model: run.configuration.text("model"),
                shape: NetworkShape(run.configuration, classes: classes),
                skipped: run.configuration.texts("init_skip"))
            guard seen.insert(use).inserted else { continue }
            let specs = NetworkRegistry.plan(use.model, use.shape).parameters
            let found = ParameterSpec.mismatches(specs, initial.tensors, except: use.skipped)
            problems += found.map { "filters \(use.shape.filters), \(classes) classes: \($0)" }
        }
        guard problems.isEmpty else { throw WeightMismatch(problems: problems) }
    }
}

extension NetworkShape {
    /// As far as it decides names and shapes of parameters.
    package init(_ configuration: Configuration, classes: Int) {
        self.init(
            ClipFormat(configuration), filters: configuration.integer("filters"),
            classes: classes, parts: NetworkParts(configuration))
    }
}
