import Foundation
import Recipes
import RunStore

/// Compares the content digest of a run that was trained again with what is stored and what is recorded.
public struct Verification: Sendable, Equatable {
    public enum Verdict: String, Sendable {
        case same
        case differs
        /// There is nothing to compare with.
        case absent = "–"
    }

    public var label: String
    public var id: String
    /// Of the run trained again; nil where that failed.
    public var digest: String?
    public var stored: Verdict
    public var golden: Verdict

    /// - Parameters:
    ///   - digest: of the run trained again, nil where it failed.
    ///   - stored: the digest in the study's folder, nil where it is not there.
    ///   - golden: the recorded line of this label; nil where nothing is recorded for the recipe.
    public init(run: StoredPlan.Run, digest: String?, stored: String?, golden: DigestList.Line?) {
        label = run.label
        id = run.id
        self.digest = digest
        self.stored = stored.map { $0 == digest ? .same : .differs } ?? .absent
        self.golden = golden.map { $0.digest == digest && $0.id == run.id ? .same : .differs } ?? .absent
    }

    public var isDifference: Bool { digest == nil || stored == .differs || golden == .differs }

    /// `count` of `runs`, spread evenly over the plan, the first and the last among them.
    public static func sample(_ runs: [StoredPlan.Run], count: Int?) -> [StoredPlan.Run] {
        guard let count, count < runs.count else { return runs }
        if count <= 1 { return Array(runs.prefix(max(count, 0))) }
        return (0..<count).map { runs[$0 * (runs.count - 1) / (count - 1)] }
    }
}
