import Execution
import Foundation
import RunStore
import Studies

/// Keeps the code of a study beside its results, and says what was kept. Results do not depend on
/// it: where it can't be kept, that is said, and the sweep goes on.
struct CodeKeeping {
    private let taker: SnapshotTaker
    private let folder: StudyFolder
    /// What was kept before this session.
    private let before: CodeSnapshot?

    /// - Returns: nil if nothing can be kept.
    static func begin(_ study: ResolvedStudy, _ provenance: Provenance) async -> CodeKeeping? {
        let id = CodeSnapshot.id(commit: provenance.commit, difference: provenance.diffDigest)
        do {
            let before = try CodeSnapshot.read(id, in: study.folder)
            let taker = try await SnapshotTaker(
                study.folder, study.plan, bases: study.recipe.baseFiles, provenance)
            return CodeKeeping(taker: taker, folder: study.folder, before: before)
        } catch {
            complain("the code is not kept: \(error)")
            return nil
        }
    }

    func end(_ results: StudyResults) async {
        do {
            let kept = try await taker.complete(results)
            if kept != before { print(words(kept)) }
        } catch { complain("the code is not kept whole: \(error)") }
    }

    private func words(_ code: CodeSnapshot) -> String {
        func listed(_ names: [String]) -> String {
            names.prefix(5).joined(separator: ", ")
                + (names.count > 5 ? " and \(names.count - 5) more" : "")
        }
        var parts: [String] = []
        if !code.commit.isEmpty { parts.append("commit \(code.commit.prefix(8))") }
        if !code.changed.isEmpty {
            parts.append("\(counted(code.changed.count, "changed file")) (\(listed(code.changed)))")
        }
        if !code.files.isEmpty {
            let names = Set(code.files.map(\.path)).sorted()
            parts.append(
                "\(counted(names.count, "file")) that git does not track (\(listed(names)))")
        }
        parts.append(listed(code.recipe.map(\.path)))
        var text =
            "code: \(parts.joined(separator: ", ")): kept in \(folder.code.relativePath)"
        let reasons = Dictionary(grouping: code.omitted, by: \.reason).sorted { $0.key < $1.key }
        for (reason, files) in reasons {
            text += "\n  not kept, since \(reason): \(listed(files.map(\.path)))"
        }
        return text
    }
}
