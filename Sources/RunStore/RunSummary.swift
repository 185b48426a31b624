import Files
import Foundation
import Training

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One run as the sweep file holds it: all but the weights.
package struct RunSummary: Sendable, Equatable {
    package var id: String
    package var outcome: Outcome
    package var stoppedEarly: Bool
    package var best: BestEpoch?
    package var histories: [History]
    package var seconds: Double
    package var test: (loss: Double, accuracy: Double)?
    package var contentDigest: String
    /// Bytes of weights in the run file.
    package var weightBytes: Int
    /// Of the run file, when it was taken in.
    package var file: FileFacts
    /// JSON: it is read when somebody asks for it.
    let provenanceText: String

    package var provenance: Provenance {
        (try? JSONDecoder().decode(Provenance.self, from: Data(provenanceText.utf8))) ?? Provenance()
    }

    package static func == (a: RunSummary, b: RunSummary) -> Bool {
        a.id == b.id && a.contentDigest == b.contentDigest && a.file == b.file
    }

    /// Whether another look at the same run says the same in every number.
    package func isSame(as other: RunSummary?) -> Bool {
        guard let other, contentDigest == other.contentDigest, outcome == other.outcome, best == other.best,
            seconds == other.seconds, provenanceText == other.provenanceText, histories.count == other.histories.count
        else { return false }
        return zip(histories, other.histories).allSatisfy { a, b in
            a.name == b.name && a.values.elementsEqual(b.values) { $0 == $1 || ($0.isNaN && $1.isNaN) }
        }
    }

    package func history(_ name: String) -> [Double] {
        histories.first { $0.name == name }?.values ?? []
    }

    package var epochs: Int { histories.first?.values.count ?? 0 }

    init(
        id: String, outcome: Outcome, stoppedEarly: Bool, best: BestEpoch?, histories: [History], seconds: Double,
        test: (loss: Double, accuracy: Double)?, contentDigest: String, weightBytes: Int, file: FileFacts,
        provenanceText: String
    ) {
        self.id = id
        self.outcome = outcome
        self.stoppedEarly = stoppedEarly
        self.best = best
        self.histories = histories
        self.seconds = seconds
        self.test = test
        self.contentDigest = contentDigest
        self.weightBytes = weightBytes
        self.file = file
        self.provenanceText = provenanceText
    }

    package init(_ record: RunRecord, file: FileFacts) {
        self.init(record, contentDigest: record.contentDigest, file: file)
    }

    init(_ record: RunRecord, contentDigest: String, file: FileFacts) {
        var provenance = record.provenance
        // The recipe's text is in the plan and in the run file.
        provenance.recipeText = ""
        let weights = record.result.weights + record.result.lastWeights
        self.init(
            id: record.identity.id, outcome: record.result.outcome, stoppedEarly: record.result.stoppedEarly,
            best: record.result.best, histories: record.result.histories, seconds: record.provenance.seconds,
            test: record.result.test.map { ($0.loss, $0.accuracy) }, contentDigest: contentDigest,
            weightBytes: weights.reduce(0) { $0 + $1.byteCount }, file: file,
            provenanceText: (try? RunFile.json(provenance)) ?? "")
    }

    /// - Throws: `StoreError` where the file is gone.
    package init(_ record: RunRecord, file: URL) throws {
        guard let facts = FileFacts(file) else {
            throw StoreError.unreadable(path: file.path, reason: "it was written and is gone")
        }
        self.init(record, file: facts)
    }

    /// The same, judged by the metric of a plan: a command's best epoch is read off its histories.
    func judged(by metric: Metric) -> RunSummary {
        var summary = self
        summary.best = metric.bestEpoch(of: history(metric.name))
        return summary
    }
}

/// Size and time of change of a file that was verified: while both stay, it is not read again.
package struct FileFacts: Sendable, Equatable {
    package var size: Int
    /// Nanoseconds since 1970.
    package var modified: Int

    package init?(_ file: URL) { self.init(path: file.path) }

    init?(path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        size = Int(facts.st_size)
        #if canImport(Darwin)
            modified = facts.st_mtimespec.tv_sec * 1_000_000_000 + facts.st_mtimespec.tv_nsec
        #else
            modified = facts.st_mtim.tv_sec * 1_000_000_000 + facts.st_mtim.tv_nsec
        #endif
    }

    package init(size: Int, modified: Int) {
        self.size = size
        self.modified = modified
    }
}
