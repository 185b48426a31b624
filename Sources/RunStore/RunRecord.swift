import Clips
import Crypto
import Foundation
import Recipes
import Training

/// Everything a run file holds: one completed run.
public struct RunRecord: Sendable {
    public var identity: RunIdentity
    public var configuration: [String: Value]
    public var metric: Metric
    public var classes: [String]
    public var result: TrainingResult
    public var provenance: Provenance

    public init(
        identity: RunIdentity, configuration: [String: Value], metric: Metric, classes: [String],
        result: TrainingResult, provenance: Provenance
    ) {
        self.identity = identity
        self.configuration = configuration
        self.metric = metric
        self.classes = classes
        self.result = result
        self.provenance = provenance
    }

    /// SHA-256 over what is reproduced: identity, outcome, histories, best epoch, best weights, test results. Times and
    /// machines are not in it.
    public var contentDigest: String {
        var content = DigestInput()
        content.text("viseme content 1")
        content.text(identity.json)
        content.text(result.outcome.rawValue)
        content.integer(result.stoppedEarly ? 1 : 0)
        content.integer(result.histories.count)
        for history in result.histories {
            content.text(history.name)
            content.doubles(history.values)
        }
        content.integer(result.best?.epoch ?? 0)
        content.doubles(result.best.map { [$0.value] } ?? [])
        content.integer(result.weights.count)
        for tensor in result.weights.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            content.text(tensor.name)
            content.integer(tensor.shape.count)
            for size in tensor.shape { content.integer(size) }
            content.floats(tensor.values)
        }
        content.integer(result.test == nil ? 0 : 1)
        if let test = result.test {
            content.doubles([test.loss, test.accuracy])
            for row in test.confusion {
                for count in row { content.integer(count) }
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
        withUnsafeBytes(of: &value) { hash.update(bufferPointer: $0) }
    }

    mutating func text(_ text: String) {
        integer(text.utf8.count)
        hash.update(data: Array(text.utf8))
    }

    mutating func doubles(_ values: [Double]) {
        integer(values.count)
        let bits = values.map { ($0.isNaN ? 0x7FF8_0000_0000_0000 : $0.bitPattern).littleEndian }
        bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    mutating func floats(_ values: [Float]) {
        integer(values.count)
        let bits = values.map { ($0.isNaN ? 0x7FC0_0000 : $0.bitPattern).littleEndian }
        bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    var digest: String { hexadecimal(hash.finalize()) }
}

/// Who made a run, where, when and with what: recorded, and never part of what is compared.
public struct Provenance: Sendable, Equatable, Codable {
    public var recipe = ""
    public var recipeText = ""
    public var label = ""
    public var program = ""
    public var numericsRevision = 0
    public var hdf5 = ""
    public var compiler = ""
    /// Of the repository the recipe lies in; empty where it lies in none.
    public var commit = ""
    public var dirty = false
    public var dataDigest = ""
    public var data = ""
    public var processor = ""
    public var vectorWidth = ""
    public var threads = 1
    public var system = ""
    public var host = ""
    /// ISO 8601, UTC.
    public var started = ""
    public var seconds = 0.0

    public init() {}
}
