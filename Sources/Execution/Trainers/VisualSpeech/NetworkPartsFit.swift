import Recipes
import Studies
import Training

/// Parts of networks that a sweep brings together, looked at before anything runs.
enum NetworkPartsFit {
    /// - Throws: `UnfitParts` with all combinations that are no network.
    static func check(_ runs: [RunDraft]) throws {
        var problems: [String] = []
        for run in runs {
            for problem in NetworkParameters.problems(run.configuration) {
                problems.append("\(run.label): \(problem.key): \(problem.message)")
            }
        }
        guard problems.isEmpty else { throw UnfitParts(problems: problems) }
    }
}

/// Settings that are no network.
struct UnfitParts: Error, CustomStringConvertible {
    let problems: [String]

    var description: String {
        "\(problems.count) of the mistakes in these runs' networks:\n"
            + problems.prefix(20).map { "  " + $0 }.joined(separator: "\n")
            + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
            + "\nleave such runs out with `exclude`"
    }
}
