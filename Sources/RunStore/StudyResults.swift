import Dispatch
import Files
import Foundation
import Studies
import Synchronization

/// What is stored of a plan's runs.
package struct StudyResults: Sendable {
    /// A file in `runs/` that can't be read as the run it should be.
    package struct Problem: Sendable {
        package var id: String
        package var label: String
        package var file: URL
        package var reason: String
        /// Whether a newer program wrote it: then it is whole, and not this one's to move.
        package var isNewer = false
        /// Whether nothing is known of it: then it is not this program's to move either.
        package var isForeign = false
    }

    package private(set) var runs: [String: RunResult] = [:]
    package private(set) var problems: [Problem] = []
    private let metric: Metric
    private let bestEpoch: BestEpochRule

    /// Looks at the run files of `plan`. Files that the sweep file has taken in, and that have not
    /// changed since, are not read again; others are read and verified.
    /// - Parameters:
    ///   - earlier: an earlier look at the same plan, whose files need not be read again either.
    ///   - thorough: reads and verifies all.
    package init(
        _ folder: StudyFolder, _ plan: Plan, after earlier: StudyResults? = nil,
        thorough: Bool = false
    ) {
        metric = plan.metric
        bestEpoch = plan.trainer.bestEpoch
        // The sweep file is derived: without it all run files are read.
        let known =
            thorough || earlier != nil
            ? [:] : (try? SweepFile.read(folder.sweepFile, excluding: plan.excludedMetrics)) ?? [:]
        let prefix = folder.runs.path + "/"
        var unread: [(run: Run, file: URL, facts: FileFacts)] = []
        var seen = Set<String>()
        for run in plan.runs where seen.insert(run.id).inserted {
            let path = prefix + run.id + ".h5"
            let facts: FileFacts
            do {
                guard let found = try FileFacts.look(path: path) else { continue }
                facts = found
            } catch {
                problems.append(
                    Problem(
                        id: run.id, label: run.label, file: URL(filePath: path), reason: "\(error)",
                        isForeign: true))
                continue
            }
            if let summary = earlier?.runs[run.id] ?? known[run.id], summary.file == facts {
                add(summary)
                continue
            }
            unread.append((run, URL(filePath: path), facts))
        }
        let looks = concurrently(unread) { run, file, facts in
            Result {
                try RunFile.result(file, id: run.id, excluding: plan.excludedMetrics, facts: facts)
            }
        }
        for ((run, file, _), look) in zip(unread, looks) {
            switch look {
            case .success(let summary): add(summary)
            case .failure(let error):
                problems.append(
                    Problem(
                        id: run.id, label: run.label, file: file, reason: "\(error)",
                        isNewer: (error as? StoreError)?.isOfNewerFormat ?? false))
            }
        }
    }

    package mutating func add(_ summary: RunResult) {
        runs[summary.id] = judged(summary)
    }

    /// A run that is no longer there.
    package mutating func remove(_ id: String) { runs[id] = nil }

    /// As the plan judges it.
    package func judged(_ summary: RunResult) -> RunResult {
        bestEpoch == .fromHistories ? summary.judged(by: metric) : summary
    }

    /// The plan's runs that are stored, in its order.
    package func inOrder(_ plan: Plan) -> [(Run, RunResult)] {
        plan.runs.compactMap { run in runs[run.id].map { (run, $0) } }
    }
}

/// The results of many independent steps, in their order, made on all processors.
private func concurrently<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], _ body: @Sendable (Input) -> Output
) -> [Output] {
    let outputs = Mutex([Output?](repeating: nil, count: inputs.count))
    DispatchQueue.concurrentPerform(iterations: inputs.count) { index in
        let output = body(inputs[index])
        outputs.withLock { $0[index] = output }
    }
    return outputs.withLock { $0.compactMap { $0 } }
}

/// `<content digest>  <run id>  <label>`, one line a run, sorted by label: the form of
/// `digests.txt` and of the golden digests.
package struct DigestList: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package var digest: String
        package var id: String
        package var label: String

        package init(digest: String, id: String, label: String) {
            self.digest = digest
            self.id = id
            self.label = label
        }
    }

    package var lines: [Line]

    package init(_ lines: [Line]) {
        self.lines = lines.sorted { $0.label.utf8.lexicographicallyPrecedes($1.label.utf8) }
    }

    package init(_ stored: StudyResults, _ plan: Plan) {
        self.init(
            stored.inOrder(plan).map { Line(digest: $1.contentDigest, id: $0.id, label: $0.label) })
    }

    /// Lines may end with CR LF; blank lines, and those that begin with `#`, are comments.
    /// - Throws: `StoreError.unreadable` where a line is of another form.
    package init(file: URL) throws {
        var bytes = try DurableFile.read(file)[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let texts = bytes.split(separator: UInt8(ascii: "\n")).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        lines = try texts.filter { !$0.isEmpty && !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            guard parts.count == 3, parts[0].count == 64 else {
                throw StoreError.unreadable(
                    path: file.path,
                    reason: "this line is not `<digest>  <run id>  <label>`: \(line)")
            }
            return Line(
                digest: String(parts[0]), id: String(parts[1]),
                label: parts[2].trimmingCharacters(in: .whitespaces))
        }
    }

    package var text: String {
        lines.map { "\($0.digest)  \($0.id)  \($0.label)\n" }.joined()
    }
}
