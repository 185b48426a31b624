import Digests
import Files
import Foundation
import Studies
import Tensors

/// Everything a run file holds: one completed run.
package struct RunFileContents: Sendable {
    package var identity: Identity
    /// Every key of the run.
    package var configuration: [String: Value]
    /// The same as YAML, in the order of the trainer's documentation.
    package var configurationText: String
    package var metric: Metric
    /// Names of the classes; none if the trainer reports none.
    package var classes: [String]
    package var outcome: Outcome
    package var histories: [History]
    /// What the rows of `histories` are counted by; of steps, the history `step` is among them.
    package var axis: MetricAxis = .epoch
    /// Wall-clock seconds of each row: measured, not part of what is reproduced.
    package var epochSeconds: [Double]
    /// Nil if no epoch has a value to judge by.
    package var best: BestEpoch?
    package var stoppedEarly: Bool
    /// SHA-256 of all parameters at the start and after each epoch; empty where they are not known.
    package var epochDigests: [String] = []
    /// Weights of the best epoch, with the batch-norm averages; empty if there are none, or they
    /// are not kept.
    package var weights: [Tensor]
    /// Those of the last epoch.
    package var lastWeights: [Tensor]
    package var test: TestResult?
    /// Of the validation and test clips.
    package var predictions: [ClipPredictions]
    package var thumbnails: ClipThumbnails?
    /// Digest of best weights that were not kept; nil if they are there, or never were.
    package var removedWeights: String?
    /// As the file names it.
    package var trainer: String
    package var bestEpochRule: BestEpochRule
    /// Histories that are not part of the content digest, sorted.
    package var excludedMetrics: [String]
    /// What a command was seen to read; nil where it was not observed.
    package var inputs: ObservedInputs?
    /// The last lines that the trainer printed.
    package var output: String
    package var provenance: Provenance

    package init(
        identity: Identity, configuration: [String: Value], configurationText: String = "",
        metric: Metric,
        trainer: String, bestEpochRule: BestEpochRule, outcome: Outcome, histories: [History],
        epochSeconds: [Double] = [], best: BestEpoch?, stoppedEarly: Bool = false,
        classes: [String] = [],
        weights: [Tensor] = [], lastWeights: [Tensor] = [], test: TestResult? = nil,
        predictions: [ClipPredictions] = [], thumbnails: ClipThumbnails? = nil,
        excludedMetrics: [String] = [],
        output: String = "", provenance: Provenance = Provenance()
    ) {
        self.identity = identity
        self.configuration = configuration
        self.configurationText = configurationText
        self.metric = metric
        self.trainer = trainer
        self.bestEpochRule = bestEpochRule
        self.outcome = outcome
        self.histories = histories
        self.epochSeconds = epochSeconds
        self.best = best
        self.stoppedEarly = stoppedEarly
        self.classes = classes
        self.weights = weights
        self.lastWeights = lastWeights
        self.test = test
        self.predictions = predictions
        self.thumbnails = thumbnails
        self.excludedMetrics = excludedMetrics
        self.output = output
        self.provenance = provenance
    }

    package var epochs: Int { histories.first?.values.count ?? 0 }

    /// The step of each row; nil where rows are epochs.
    package var steps: [Int]? {
        guard axis == .step else { return nil }
        return histories.first { $0.name == MetricAxis.steps }?.values.map { Int(exactly: $0) ?? 0 }
            ?? []
    }

    /// When each row was reported, in seconds from the begin of the run.
    package var elapsed: [Double] {
        epochSeconds.reduce(into: []) { $0.append(($0.last ?? 0) + $1) }
    }

    // MARK: Weights

    /// Drops weights that are not to be kept. The content digest stays: the digest of dropped
    /// weights is kept.
    package mutating func keep(only keep: KeptWeights) {
        // A trainer that does not choose the best epoch leaves one set of weights: the best or the
        // last, as it likes.
        let keepsBest =
            keep.contains(.best) || (bestEpochRule == .fromHistories && keep.contains(.last))
        if !keepsBest, !weights.isEmpty {
            removedWeights = RunFileContents.digest(weights)
            weights = []
        }
        if !keep.contains(.last) { lastWeights = [] }
    }

    /// Drops stored weights, but never the only ones there are, unless none are to be kept.
    package mutating func dropWeights(keeping keep: KeptWeights) {
        var kept = self
        kept.keep(only: keep)
        if keep.isEmpty || !kept.anyWeights.isEmpty { self = kept }
    }

    /// The best weights, or those of the last epoch if only they were kept.
    package var anyWeights: [Tensor] { weights.isEmpty ? lastWeights : weights }

    /// Bytes of all weights.
    package var weightBytes: Int { (weights + lastWeights).reduce(0) { $0 + $1.byteCount } }

    /// SHA-256 of the best weights, whether they are kept or not; nil if there never were any.
    package var weightsDigest: String? {
        weights.isEmpty ? removedWeights : RunFileContents.digest(weights)
    }

    // MARK: Digests

    /// SHA-256 over what is reproduced: identity, outcome, histories, best epoch, best weights,
    /// test results. Times and machines are not in it.
    package var contentDigest: String { contentDigest(weights: weightsDigest) }

    /// - Parameter weightsDigest: of the weights, as it is known already.
    func contentDigest(weights weightsDigest: String?) -> String {
        var content = DigestInput()
        content.text("viseme content 2")
        content.text(identity.json)
        content.text(outcome.rawValue)
        content.integer(stoppedEarly ? 1 : 0)
        let included = histories.filter { !excludedMetrics.contains($0.name) }
        content.integer(included.count)
        for history in included {
            content.text(history.name)
            content.doubles(history.values)
        }
        let best = bestEpochRule == .whileTraining ? best : nil
        content.integer(best?.epoch ?? 0)
        content.doubles(best.map { [$0.value] } ?? [])
        content.text(weightsDigest ?? "")
        content.integer(test == nil ? 0 : 1)
        if let test = test {
            content.doubles([test.loss, test.accuracy])
            for row in test.confusion {
                for count in row { content.integer(count) }
            }
        }
        return content.digest
    }

    /// Names, types, shapes and numbers, sorted by name.
    package static func digest(_ weights: [Tensor]) -> String {
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

/// Feeds a hash: whole numbers as 64 bits, arrays as little-endian IEEE bytes after their length,
/// texts as UTF-8 after theirs, every NaN as the same NaN.
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
        hash.update(text)
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

// MARK: What storage keeps of it elsewhere

extension RunResult {
    package init(_ contents: RunFileContents, file: FileFacts) {
        self.init(contents, contentDigest: contents.contentDigest, file: file)
    }

    init(_ contents: RunFileContents, contentDigest: String, file: FileFacts) {
        var provenance = contents.provenance
        // The recipe's text is in the plan and in the run file.
        provenance.recipeText = ""
        self.init(
            id: contents.identity.id, outcome: contents.outcome,
            stoppedEarly: contents.stoppedEarly,
            best: contents.best, histories: contents.histories,
            seconds: contents.provenance.seconds,
            test: contents.test.map { ($0.loss, $0.accuracy) }, contentDigest: contentDigest,
            weightBytes: contents.weightBytes, file: file,
            // Numbers and texts can always be encoded.
            provenanceText: (try? RunFile.json(provenance)) ?? "")
        guard contents.axis == .step else { return }
        (axis, elapsed) = (.step, contents.elapsed)
        self = thinned()
    }

    /// - Throws: `StoreError` if the file is gone.
    package init(_ contents: RunFileContents, file: URL) throws {
        guard let facts = FileFacts(file) else {
            throw StoreError.unreadable(
                path: file.path, reason: "it was written, and is missing now")
        }
        self.init(contents, file: facts)
    }
}
