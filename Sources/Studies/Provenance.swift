import Foundation

/// Who made a run, where, when and with what: recorded, and not part of what is compared.
package struct Provenance: Sendable, Equatable, Codable {
    package var recipe = ""
    package var recipeText = ""
    package var label = ""
    package var program = ""
    package var numericsRevision = 0
    package var hdf5 = ""
    package var compiler = ""
    /// Of the repository that holds the recipe; empty if there is none.
    package var commit = ""
    package var dirty = false
    /// SHA-256 of the difference to that commit, as `git diff HEAD --binary` gives it, with the
    /// names and digests of files that git does not track; empty if there is no difference.
    package var diffDigest = ""
    package var dataDigest = ""
    package var data = ""
    package var processor = ""
    package var vectorWidth = ""
    package var threads = 1
    package var system = ""
    package var host = ""
    /// The scheduler's task and node, as `12_3 on n1`; nil outside of one, and in records of earlier
    /// programs.
    package var job: String?
    /// ISO 8601, UTC.
    package var started = ""
    package var seconds = 0.0
    /// Energy that the processors used during the run; nil if the machine does not report it.
    package var joules: Double?
    /// The number of the attempt, and why earlier attempts failed.
    package var tries = 1
    package var failures: [String] = []
    /// A command trainer's program, arguments and GPU numbers as it received them.
    package var command: [String] = []
    package var gpus = ""
    /// Values of the variables under `record_env:`; no other variable is recorded.
    package var environment: [String: String] = [:]
    /// Bases and templates of the recipe that lie outside of its repository: SHA-256 by path. Nil in
    /// records of earlier programs.
    package var outsideFiles: [String: String]?
    /// How a command's inputs were observed; nil of the built-in trainer, and in records of earlier
    /// programs.
    package var trace: InputTrace?
    /// Files that are kept with the run; nil: none were asked for.
    package var artifacts: [Artifact]?
    /// Of the training clips' pixels, where they normalise all clips; black is 0, white is 1.
    package var inputs: InputStatistics?

    package struct InputStatistics: Sendable, Equatable, Codable {
        package var mean, deviation: Double

        package init(mean: Double, deviation: Double) {
            (self.mean, self.deviation) = (mean, deviation)
        }
    }

    package init() {}
}
