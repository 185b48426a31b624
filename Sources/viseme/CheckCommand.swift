import ArgumentParser
import Foundation
import RunStore

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read every stored run and verify its digests; nothing is trained.")

    @Argument(help: "The study's folder, results/<name>.")
    var study: String

    func run() throws {
        let folder = StudyFolder(URL(filePath: study))
        let plan = try folder.readPlan()
        let stored = Stored(folder, plan, thorough: true)
        var problems = stored.problems.map(\.reason)
        if FileManager.default.fileExists(atPath: folder.sweepFile.path) {
            do {
                let derived = try SweepFile.read(folder.sweepFile, excluding: plan.excludedMetrics)
                for (id, run) in stored.runs.sorted(by: { $0.key < $1.key })
                where derived[id]?.contentDigest != run.contentDigest {
                    problems.append(
                        "\(folder.sweepFile.path): run \(id) is not as its run file has it: `viseme report` rebuilds it"
                    )
                }
            } catch {
                problems.append("\(error): `viseme report` rebuilds it")
            }
        }
        problems += try foreignFiles(folder, plan)
        if let recorded = try? DigestList(file: folder.digests), recorded != DigestList(stored, plan) {
            problems.append("\(folder.digests.path): is not as the run files have it: `viseme report` rebuilds it")
        }
        for problem in problems { complain(problem) }
        let missing = plan.runs.count - stored.runs.count
        print(
            "\(stored.runs.count) of \(plan.runs.count) planned runs whole, \(missing) not stored or damaged, "
                + "\(problems.count) problem\(problems.count == 1 ? "" : "s")")
        if !problems.isEmpty { throw ExitStatus.difference }
    }

    /// What lies among the runs and is no run. Runs of other plans of this folder are read and verified too.
    private func foreignFiles(_ folder: StudyFolder, _ plan: StoredPlan) throws -> [String] {
        let planned = Set(plan.runs.map { folder.runFile($0.id).lastPathComponent })
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.runs.path).sorted() } catch {
            throw StoreError.unreadable(path: folder.runs.path, reason: "the folder can't be listed")
        }
        return names.filter { !planned.contains($0) && !$0.hasSuffix(".tmp") }.compactMap { name in
            let file = folder.runs.appending(path: name)
            do {
                let id = try RunFile.read(file).identity.id
                return "\(id).h5" == name ? nil : "\(file.path): is the run \(id) under another name"
            } catch {
                return "\(error)"
            }
        }
    }
}
