import ArgumentParser
import Execution
import Files
import Foundation
import Reports
import RunStore
import Studies

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read every stored run and verify its digests; nothing is trained.",
        discussion: """
            --repair writes anew what is derived from the run files: sweep.h5, digests.txt, the report. Run files themselves are \
            never changed: `viseme sweep` sets damaged ones aside and trains those runs again.
            """)

    @Argument(help: "The study: its folder, results/<name>, its recipe, or a bundle (.zip).")
    var study: String
    @Flag(help: "Rebuild the files that are derived from the run files.")
    var repair = false

    func run() throws {
        let source = try StudySource(study)
        defer { withExtendedLifetime(source) {} }
        let folder = source.folder
        if repair, source.bundle != nil {
            throw ValidationError("--repair: a bundle is not changed: bundle the study again")
        }
        let plan = try folder.readPlan()
        let lock = repair ? try Claim(folder) : nil
        defer { withExtendedLifetime(lock) {} }
        let stored = StudyResults(folder, plan, thorough: true)
        let whole =
            stored.problems.map(\.reason) + (try foreignFiles(folder, plan))
            + CodeObjects(folder).problems
        var derived = derivedProblems(folder, plan, stored)
        for problem in whole + derived { complain(problem) }
        if repair, !derived.isEmpty {
            try writeDerived(folder, plan, stored)
            print("repaired: \(derived.count) of \(derived.count + whole.count) problems")
            derived = []
        }
        let missing = plan.runs.count - stored.runs.count
        let problems = whole.count + derived.count
        print(
            "\(stored.runs.count) of \(plan.runs.count) planned runs are valid, \(missing) not stored or damaged, "
                + "\(problems) problem\(problems == 1 ? "" : "s")")
        let stale = StaleRuns(folder, plan, stored).stale
        if let change = plan.runs.lazy.compactMap({ stale[$0.id] }).first {
            print(
                "\(counted(stale.count, "stored run")) \(stale.count == 1 ? "is" : "are") stale: \(change): `viseme sweep` trains them again"
            )
        }
        if problems > 0 { throw ExitStatus.difference }
    }

    private static let cure = "`viseme check --repair` or `viseme report` rebuilds it"

    /// What does not say what the run files say.
    private func derivedProblems(_ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults)
        -> [String]
    {
        let cure = CheckCommand.cure
        var problems: [String] = []
        // Before the first report there is nothing to be wrong.
        guard !stored.runs.isEmpty || FileManager.default.fileExists(atPath: folder.sweepFile.path)
        else { return [] }
        if FileManager.default.fileExists(atPath: folder.sweepFile.path) {
            do {
                let derived = try SweepFile.read(folder.sweepFile, excluding: plan.excludedMetrics)
                for id in derived.keys.sorted() where stored.runs[id] == nil {
                    problems.append(
                        "\(folder.sweepFile.path): contains run \(id), whose file is missing or damaged: \(cure)"
                    )
                }
                for (id, run) in stored.runs.sorted(by: { $0.key < $1.key })
                where !run.isSame(as: derived[id].map(stored.judged)) {
                    problems.append(
                        "\(folder.sweepFile.path): run \(id) differs from its run file: \(cure)")
                }
            } catch {
                problems.append("\(error): \(cure)")
            }
        } else if !stored.runs.isEmpty {
            problems.append("\(folder.sweepFile.path): is missing: \(cure)")
        }
        // The files of a repository may change at any time, and with them what a report says of
        // stale runs: it is right as it was, or as it would be now.
        let now = reportProblems(StudyReport(folder, plan, stored), folder, plan, stored)
        guard !now.isEmpty else { return problems }
        let before = reportProblems(
            StudyReport(folder, plan, stored, inputs: StaleRuns.none), folder, plan, stored)
        return problems + (before.isEmpty ? [] : now)
    }

    private func reportProblems(
        _ report: StudyReport, _ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults
    ) -> [String] {
        let cure = CheckCommand.cure
        var problems: [String] = []
        let notebook = report.notebook
        let texts =
            [(folder.digests, DigestList(stored, plan).text)]
            + plan.report.formats.map { form in
                // A form that can't be made differs from what is there.
                (folder.report(form), (try? ReportFiles.text(notebook, form, plan.report)) ?? "")
            }
            + report.tables.map { (folder.url.appending(path: $0.name), $0.text) }
            + notebook.figures.map { (folder.figures.appending(path: $0.name + ".svg"), $0.svg) }
        for (file, text) in texts {
            // What can't be read is as good as missing: it is made anew.
            guard let found = try? String(contentsOf: file, encoding: .utf8) else {
                problems.append("\(file.path): is missing: \(cure)")
                continue
            }
            if found != text {
                problems.append("\(file.path): differs from the run files: \(cure)")
            }
        }
        return problems
    }

    /// What lies among the runs and is no run. Runs of other plans of this folder are read and
    /// verified too.
    private func foreignFiles(_ folder: StudyFolder, _ plan: Plan) throws -> [String] {
        let planned = Set(plan.runs.map { folder.runFile($0.id).lastPathComponent })
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.runs.path).sorted()
        } catch {
            throw StoreError.unreadable(
                path: folder.runs.path, reason: "the folder can't be listed")
        }
        return names.filter { !planned.contains($0) && !$0.hasSuffix(".tmp") }.compactMap { name in
            let file = folder.runs.appending(path: name)
            do {
                let id = try TrainerCatalog.read(file).identity.id
                return "\(id).h5" == name
                    ? nil : "\(file.path): is the run \(id) under another name"
            } catch {
                return "\(error)"
            }
        }
    }
}
