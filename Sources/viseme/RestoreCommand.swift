import ArgumentParser
import Execution
import Foundation
import RunStore
import Studies

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract:
            "Rebuild the code, the recipe and the lists of packages that a study was made with.",
        discussion: """
            Makes a folder with the code as it was (the commit, uncommitted changes, files that git does not track and runs have \
            read), requirements.txt with exact versions, and README.md with the command that repeats it. Says what can't be rebuilt.
            """)

    @Argument(
        help: ArgumentHelp(
            "The study, one of its runs (results/<name>:3 by number, label or id), or a bundle (x.zip, x.zip:3).",
            valueName: "study"))
    var study: String
    @Option(
        name: [.short, .long], help: ArgumentHelp("The folder to make.", valueName: "folder"))
    var output: String
    @Option(
        help: ArgumentHelp(
            "A folder or address of the repository that has the commit (default: the repository of the recipe).",
            valueName: "place"))
    var repository: String?

    func run() async throws {
        var name = study
        var bundle: BundleReader?
        defer { withExtendedLifetime(bundle) {} }
        if let end = study.range(of: ".zip", options: [.caseInsensitive, .backwards]),
            end.upperBound == study.endIndex || study[end.upperBound] == ":"
        {
            let unpacked = try BundleReader(String(study[..<end.upperBound]))
            bundle = unpacked
            name = unpacked.study.url.path + study[end.upperBound...]
        }
        let (folder, plan, run) = try named(name)
        let restorer = try StudyRestorer(folder, plan, run: run, to: URL(filePath: output))
        let outcome = try await restorer.restore(from: repository)
        for line in outcome.made { print(line) }
        if !outcome.missing.isEmpty {
            print("\nnot rebuilt:")
            for line in outcome.missing { print("  \(line)") }
        }
        print("\nto repeat it, in \(output): \(outcome.command)")
    }

    private func named(_ study: String) throws -> (StudyFolder, Plan, Run?) {
        let whole = StudyFolder(named: study)
        if StudyArgument.isStudy(study) { return (whole, try whole.readPlan(), nil) }
        let file = try RunName.file(study)
        let folder = StudyFolder(file.deletingLastPathComponent().deletingLastPathComponent())
        let plan = try folder.readPlan()
        let id = file.deletingPathExtension().lastPathComponent
        guard let run = plan.runs.first(where: { $0.id == id }) else {
            throw ValidationError("\(study): is no run of a study's plan")
        }
        return (folder, plan, run)
    }
}
