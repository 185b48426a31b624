import Recipes
import Studies
import Training

/// Parts of networks that a sweep brings together, looked at before anything runs.
enum NetworkPartsFit {
    /// - Throws: `UnfitParts` with all combinations that are no network.
    static func check(_ runs: [RunDraft]) throws {
        var problems: [String] = []
        for run in runs {
            let found = NetworkParameters.problems(run.configuration)
            guard !found.isEmpty else { continue }
            let words = found.map { "\($0.key): \($0.message)" }
            problems.append("\(run.label): \(words.joined(separator: "; "))")
        }
        guard problems.isEmpty else { throw UnfitParts(problems: problems) }
    }
}

/// Settings that are no network.
struct UnfitParts: Error, CustomStringConvertible {
    let problems: [String]

    var description: String {
        "parts of the networks of \(problems.count) runs do not go together:\n"
            + problems.prefix(20).map { "  " + $0 }.joined(separator: "\n")
            + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
            + "\nleave such runs out with `exclude`"
    }
}
