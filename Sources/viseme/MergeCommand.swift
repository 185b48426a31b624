import ArgumentParser
import Execution
import Foundation
import RunStore
import Studies

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Copy the runs of other folders of a study into one folder.",
        discussion: """
            Runs are taken by identity, each file verified. A damaged run, or one that both hold with different content, is reported and not \
            taken, and the exit status is 3. The other folders stay as they are.
            """)

    @Argument(help: "The target folder; it may be new.")
    var into: String
    @Argument(help: "The other folders.")
    var from: [String]

    func run() throws {
        let target = StudyFolder(named: into)
        let sources = from.map { StudyFolder(named: $0) }
        for source in sources where source.url.standardizedFileURL == target.url.standardizedFileURL
        {
            throw ValidationError("\(into): can't be merged into itself")
        }
        for source in sources { _ = try source.readPlan() }
        try target.create()
        // The others are only read, and may be where nothing can be written.
        let lock = try Claim(target)
        defer { withExtendedLifetime(lock) {} }
        var hasConflicts = false
        for source in sources {
            var merge = try StudyMerger(from: source, into: target)
            try merge.merge()
            report(merge, source)
            hasConflicts = hasConflicts || !merge.conflicts.isEmpty || !merge.damaged.isEmpty
        }
        let plan = try target.readPlan()
        try writeDerived(target, plan, StudyResults(target, plan))
        if hasConflicts { throw ExitStatus.difference }
    }

    private func report(_ merge: StudyMerger, _ source: StudyFolder) {
        for problem in merge.damaged { complain(problem) }
        for conflict in merge.conflicts {
            complain(
                """
                \(conflict.label) (\(conflict.id)): two results for one identity; theirs is not copied
                  here:   \(conflict.ours.digest)  \(conflict.ours.host)
                  theirs: \(conflict.theirs.digest)  \(conflict.theirs.host)
                  `viseme verify` shows which of them can be reproduced
                """)
        }
        if let first = merge.otherInputs.first {
            complain(
                "\(counted(merge.otherInputs.count, "run")) (the first: \(first)) \(merge.otherInputs.count == 1 ? "was" : "were") trained there from other files than here: not copied; `viseme status` says whether those here are stale"
            )
        }
        if !merge.foreign.isEmpty {
            complain(
                "\(merge.foreign.count) runs have other settings, files or data than this study (the first: "
                    + "\(merge.foreign[0])): not copied")
        }
        print(
            "\(source.url.relativePath): \(merge.taken.count) runs copied, \(merge.same) were here already, "
                + "\(merge.conflicts.count) differ, \(merge.damaged.count) damaged")
    }
}
