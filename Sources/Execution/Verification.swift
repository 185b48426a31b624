import Files
import Foundation
import RunStore
import Studies

/// Compares the content digest of a run that was trained again with what is stored and what is
/// recorded.
package struct Verification: Sendable, Equatable {
    package enum Verdict: String, Sendable {
        case same
        case differs
        /// It is stored, but can't be read as a result.
        case damaged
        /// There is nothing to compare with.
        case absent = "–"
    }

    package var label: String
    package var id: String
    /// Of the run trained again; nil where that failed.
    package var digest: String?
    package var stored: Verdict
    package var golden: Verdict

    /// Where the run trained again first differs from the stored one, in words; nil where it does
    /// not, or unknown.
    package var difference: String?

    /// - Parameters:
    ///   - again: the run trained again, nil where that failed.
    ///   - stored: the run in the study's folder, nil where it is not there.
    ///   - damage: what is wrong with the stored file; nil where nothing is.
    ///   - golden: the recorded line of this label; nil where nothing is recorded for the recipe.
    package init(
        run: Run, again: RunResult?, stored: RunResult?, damage: String? = nil,
        golden: DigestList.Line?
    ) {
        label = run.label
        id = run.id
        digest = again?.contentDigest
        self.stored =
            stored.map { $0.contentDigest == again?.contentDigest ? .same : .differs }
            ?? (damage == nil ? .absent : .damaged)
        self.golden =
            golden.map { $0.digest == again?.contentDigest && $0.id == run.id ? .same : .differs }
            ?? .absent
        if let damage { difference = damage }
        if let again, let stored, again.contentDigest != stored.contentDigest {
            difference = Verification.firstDifference(again, stored)
        }
    }

    /// The first epoch, or step, and metric that differ.
    private static func firstDifference(_ again: RunResult, _ stored: RunResult) -> String {
        let names = again.histories.map(\.name)
        guard names == stored.histories.map(\.name) else {
            return "reports different metrics: \(names.joined(separator: ", ")); stored: "
                + stored.histories.map(\.name).joined(separator: ", ")
        }
        let steps = again.steps
        for row in 0..<max(again.epochs, stored.epochs) {
            for (new, old) in zip(again.histories, stored.histories) {
                guard row < new.values.count, row < old.values.count else {
                    return
                        "has \(again.reportedRows) \(again.axis.plural); stored: \(stored.reportedRows)"
                }
                let (a, b) = (new.values[row], old.values[row])
                if a != b && !(a.isNaN && b.isNaN) {
                    let place = again.axis.place(steps?[row] ?? row + 1)
                    return "differs first in \(place), \(new.name): \(a), stored: \(b)"
                }
            }
        }
        guard again.epochs == again.reportedRows else {
            return
                "the steps that a sweep file holds are the same; others, the weights or the outcome differ"
        }
        return "the histories are the same; the weights, the outcome or the test results differ"
    }

    package var isDifference: Bool {
        digest == nil || stored == .differs || stored == .damaged || golden == .differs
    }

    /// `count` of `runs`, spread evenly over the plan, the first and the last among them.
    package static func sample(_ runs: [Run], count: Int?) -> [Run] {
        guard let count, count < runs.count else { return runs }
        if count <= 1 { return Array(runs.prefix(max(count, 0))) }
        return (0..<count).map { runs[$0 * (runs.count - 1) / (count - 1)] }
    }
}

/// A session in a folder of its own, which is removed afterwards: runs that are trained again leave
/// the study as it is.
package enum VerificationSession {
    /// - Parameter isShared: whether the folder lies beside the study, where other machines see it.
    /// - Throws: as `StudySession.open`.
    package static func open(
        _ study: ResolvedStudy, isShared: Bool = false, warn: (String) -> Void
    ) throws -> StudySession {
        let parent =
            isShared
            ? study.folder.url.deletingLastPathComponent() : FileManager.default.temporaryDirectory
        let folder = parent.appending(
            path: (isShared ? ".verify-" : "viseme-verify-") + randomName())
        return try StudySession.open(study.moved(to: folder), isTemporary: true, warn: warn)
    }
}
