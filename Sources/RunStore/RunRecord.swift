import Clips
import Digests
import Foundation
import Recipes
import Tensors
import Training

/// Everything a run file holds: one completed run.
package struct RunRecord: Sendable {
    package var identity: RunIdentity
    /// Every key of the run.
    package var configuration: Configuration
    package var metric: Metric
    /// Names of the classes; none where a command trained.
    package var classes: [String]
    /// With the weights that are kept.
    package var result: TrainingResult
    /// Digest of weights that were not kept; nil where they are there, or never were.
    package var removedWeights: String?
    /// Whether the built-in trainer made it: its best epoch decided which weights it kept. A command's best epoch is read
    /// off its histories, by whatever metric one judges.
    package var choosesBestEpoch: Bool
    /// Histories that are no part of the content digest, sorted.
    package var excludedMetrics: [String]
    /// The last it printed.
    package var output: String
    package var provenance: Provenance

    /// - Parameters:
    ///   - result: with all weights; those that are not to be kept leave their digest.
    ///   - keep: what is to be kept of them.
    package init(
        identity: RunIdentity, configuration: Configuration, metric: Metric, classes: [String],
        result: TrainingResult, keep: KeptWeights = .best, choosesBestEpoch: Bool = true,
        excludedMetrics: [String] = [], output: String = "", provenance: Provenance
    ) {
        self.identity = identity
        self.configuration = configuration
        self.metric = metric
        self.classes = classes
        self.result = result
        self.choosesBestEpoch = choosesBestEpoch
        self.excludedMetrics = excludedMetrics
        self.output = output
        self.provenance = provenance
        self.keep(only: keep)
    }

    /// Lets go of weights. What the content digest says of them stays.
    package mutating func keep(only keep: KeptWeights) {
        // A command leaves one set of weights: the best or the last, as it will.
        let keepsBest = keep.contains(.best) || (!choosesBestEpoch && keep.contains(.last))
        if !keepsBest, !result.weights.isEmpty {
            removedWeights = RunRecord.digest(result.weights)
            result.weights = []
        }
        if !keep.contains(.last) { result.lastWeights = [] }
    }

    /// Lets go of weights that are stored, but never of the last there are, unless none is to be kept.
    mutating func letGo(keeping keep: KeptWeights) {
        var kept = self
        kept.keep(only: keep)
        if keep.isEmpty || !kept.anyWeights.isEmpty { self = kept }
    }

    /// The best weights, or those of the last epoch where only they were kept.
    package var anyWeights: [Tensor] { result.weights.isEmpty ? result.lastWeights : result.weights }

    /// SHA-256 of the best weights, whether they are kept or not; nil where there never were any.
    package var weightsDigest: String? {
        result.weights.isEmpty ? removedWeights : RunRecord.digest(result.weights)
    }

    /// SHA-256 over what is reproduced: identity, outcome, histories, best epoch, best weights, test results. Times and
    /// machines are not in it.
    package var contentDigest: String { contentDigest(weights: weightsDigest) }

    /// - Parameter weightsDigest: of the weights, as it is known already.
    func contentDigest(weights weightsDigest: String?) -> String {
        var content = DigestInput()
        content.text("viseme content 2")
        content.text(identity.json)
        content.text(result.outcome.rawValue)
        content.integer(result.stoppedEarly ? 1 : 0)
        let histories = result.histories.filter { !excludedMetrics.contains($0.name) }
        content.integer(histories.count)
        for history in histories {
            content.text(history.name)
            content.doubles(history.values)
        }
        let best = choosesBestEpoch ? result.best : nil
        content.integer(best?.epoch ?? 0)
        content.doubles(best.map { [$0.value] } ?? [])
        content.text(weightsDigest ?? "")
        content.integer(result.test == nil ? 0 : 1)
        if let test = result.test {
            content.doubles([test.loss, test.accuracy])
            for row in test.confusion {
                for count in row { content.integer(count) }
            }
        }
        return content.digest
    }

    /// Names, types, shapes and numbers, sorted by name.
    static func digest(_ weights: [Tensor]) -> String {
        var content = DigestInput()
        content.integer(weights.count)
        for tensor in weights.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            content.text(tensor.name)
            content.text(tensor.dtype)
            content.integer(tensor.shape.count)
            for size in tensor.shape { content.integer(size) }
            switch tensor.elements {
            case .float32(let values): content.floats(values)
            case .float64(let values): content.doubles(values)
            case .integer(let values): content.integers(values)
            }
        }
        return content.digest
    }
}

/// Feeds a hash: whole numbers as 64 bits, arrays as little-endian IEEE bytes after their length, texts as UTF-8 after
/// theirs, every NaN as the same NaN.
private struct DigestInput {
    private var hash = SHA256()

    mutating func integer(_ value: Int) {
        var value = Int64(value).littleEndian
        withUnsafeBytes(of: &value) { hash.update($0) }
    }

    mutating func integers(_ values: [Int]) {
        integer(values.count)
        values.map { Int64($0).littleEndian }.withUnsafeBytes { hash.update($0) }
    }

    mutating func text(_ text: String) {
        integer(text.utf8.count)
        hash.update(Array(text.utf8))
    }

    mutating func doubles(_ values: [Double]) {
        integer(values.count)
        let bits = values.map { ($0.isNaN ? 0x7FF8_0000_0000_0000 : $0.bitPattern).littleEndian }
        bits.withUnsafeBytes { hash.update($0) }
    }

    mutating func floats(_ values: [Float]) {
        integer(values.count)
        let hasNaN = values.reduce(false) { $0 || $1.isNaN }
        if hasNaN || 1.littleEndian != 1 {
            let bits = values.map { ($0.isNaN ? 0x7FC0_0000 : $0.bitPattern).littleEndian }
            bits.withUnsafeBytes { hash.update($0) }
        } else {
            values.withUnsafeBytes { hash.update($0) }
        }
    }

    var digest: String { hexadecimal(hash.finalize()) }
}

/// Who made a run, where, when and with what: recorded, and never part of what is compared.
package struct Provenance: Sendable, Equatable, Codable {
    package var recipe = ""
    package var recipeText = ""
    package var label = ""
    package var program = ""
    package var numericsRevision = 0
    package var hdf5 = ""
    package var compiler = ""
    /// Of the repository the recipe lies in; empty where it lies in none.
    package var commit = ""
    package var dirty = false
    /// SHA-256 of the difference to that commit, as `git diff HEAD --binary` gives it, with the names and digests of files
    /// that git does not know; empty where there is none.
    package var diffDigest = ""
    package var dataDigest = ""
    package var data = ""
    package var processor = ""
    package var vectorWidth = ""
    package var threads = 1
    package var system = ""
    package var host = ""
    /// ISO 8601, UTC.
    package var started = ""
    package var seconds = 0.0
    /// What the processors took while the run worked, where the machine tells.
    package var joules: Double?
    /// Which try it was, and why those before it failed.
    package var tries = 1
    package var failures: [String] = []
    /// A command trainer's program, words and GPU numbers as they were given to it.
    package var command: [String] = []
    package var gpus = ""
    /// Values of the variables under `record_env:`; no other variable is recorded.
    package var environment: [String: String] = [:]

    package init() {}
}
