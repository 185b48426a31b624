import ArgumentParser
import Execution
import Files
import Foundation
import Recipes
import Reports
import RunStore
import Studies

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write the report again from the stored runs, or compare two studies.",
        discussion: """
            Without options all forms that the recipe asks for are written beside the runs. --section and a second study print \
            Markdown to standard output, or write what the name after -o says: .md or .html.
            """)

    @Argument(help: "The study: its folder, results/<name>, its recipe, or a bundle (.zip).")
    var study: String
    @Argument(help: "Another study to compare with.")
    var other: String?
    @Option(
        help: ArgumentHelp(
            "Formats to write: md, html, ipynb, separated by commas.", valueName: "forms"))
    var format: String?
    @Option(
        help: ArgumentHelp(
            "Only one section: \(ReportSettings.sectionNames.joined(separator: ", ")).",
            valueName: "name"))
    var section: String?
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where to write a section or a comparison.", valueName: "file"))
    var output: String?
    @Flag(help: "Write it again whenever something new is stored, while a sweep is running.")
    var watch = false

    func validate() throws {
        if let section, !ReportSettings.sectionNames.contains(section) {
            throw ValidationError(
                "--section: there is no section \(section): expected \(ReportSettings.sectionNames.joined(separator: ", "))"
            )
        }
        if other != nil, section != nil || watch || format != nil {
            throw ValidationError(
                "a comparison has no sections and no --format: -o names its file, .md or .html")
        }
        if watch, section != nil { throw ValidationError("--watch writes whole reports") }
        if output != nil, other == nil, section == nil {
            throw ValidationError(
                "-o goes with --section, or with a second study; reports are written beside the runs"
            )
        }
        if let output, output != "-", !output.hasSuffix(".md"), !output.hasSuffix(".html") {
            throw ValidationError(
                "-o: \(output) has to end in .md or .html, or be - for standard output")
        }
        if format != nil, section != nil {
            throw ValidationError("--section: -o names its file, .md or .html")
        }
        _ = try forms()
    }

    private func forms() throws -> [ReportSettings.Form]? {
        try format?.split(separator: ",").map { name in
            guard let form = ReportSettings.Form(rawValue: String(name)) else {
                let known = ReportSettings.Form.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--format: there is no format \(name): expected \(known)")
            }
            return form
        }
    }

    func run() async throws {
        let source = try StudySource(study)
        defer { withExtendedLifetime(source) {} }
        let folder = source.folder
        let plan = try folder.readPlan()
        if source.bundle != nil, other == nil, section == nil {
            guard !watch, format == nil else {
                throw ValidationError("a bundle is not changed: its report is printed")
            }
            let report = StudyReport(folder, plan, StudyResults(folder, plan))
            return try hand(report.notebook)
        }
        if watch { return try await watch(folder, plan) }
        let stored = StudyResults(folder, plan)
        for problem in stored.problems { complain("\(problem.reason): left out") }
        if let other {
            let otherSource = try StudySource(other)
            defer { withExtendedLifetime(otherSource) {} }
            let otherFolder = otherSource.folder
            let otherPlan = try otherFolder.readPlan()
            let otherStored = StudyResults(otherFolder, otherPlan)
            for problem in otherStored.problems { complain("\(problem.reason): left out") }
            let comparison = ComparisonReport(
                (study, plan, stored), (other, otherPlan, otherStored))
            return try hand(comparison.notebook)
        }
        if let section {
            guard let found = StudyReport(folder, plan, stored).section(section) else {
                let reason =
                    section == "seeds"
                    ? "no setting has values of two seeds whose spread is a number"
                    : "nothing is stored yet"
                throw ValidationError("\(study): has no section \(section): \(reason)")
            }
            return try hand(found)
        }
        try writeDerived(folder, plan, stored, forms: forms())
    }

    private func hand(_ notebook: Notebook) throws {
        try hand(
            markdown: MarkdownForm().text(notebook), html: HTMLForm().text(notebook),
            terminal: { $0.text(notebook) })
    }

    private func hand(_ section: Notebook.Section) throws {
        let page = Notebook(title: section.heading ?? study, subtitle: nil, sections: [section])
        try hand(
            markdown: MarkdownForm().text(section), html: HTMLForm().text(page),
            terminal: { $0.text(section) })
    }

    /// To a file, or to standard output: Markdown, or text where that is a terminal.
    private func hand(
        markdown: String, html: String, terminal: (TerminalForm) -> String
    ) throws {
        guard let output, output != "-" else {
            guard let room = Terminal.columns else { return print(markdown, terminator: "") }
            let form = TerminalForm(room: room) { Terminal.styled($0, .bold) }
            return Output.write(Data(terminal(form).utf8))
        }
        try OutputFile.write(Data((output.hasSuffix(".html") ? html : markdown).utf8), output)
    }

    /// The sweep writes sweep.h5 and digests.txt itself when it ends; here the report alone is kept
    /// up to date.
    private func watch(_ folder: StudyFolder, _ plan: Plan) async throws {
        var (plan, stored) = (plan, StudyResults(folder, plan))
        var printed = ""
        while true {
            let isWorking = Claim.isHeld(folder)
            let state = "\(stored.runs.count) of \(plan.runs.count) runs"
            let failed = plan.runs.count {
                stored.runs[$0.id] == nil && folder.readFailure($0.id) != nil
            }
            let words = failed > 0 ? "\(state), \(failed) failed" : state
            if words != printed {
                let files = try ReportFiles.write(folder, plan, stored, forms: forms())
                print("\(words): \(files.first?.relativePath ?? "")")
                printed = words
            }
            guard isWorking else { return }
            try await Task.sleep(for: .seconds(2))
            // The sweep may have planned anew.
            plan = (try? folder.readPlan()) ?? plan
            stored = StudyResults(folder, plan, after: stored)
        }
    }
}

/// What the swept keys mean, where their trainer says it.
func keyMeanings(_ plan: Plan) -> [String: String] {
    let parameters = TrainerCatalog.schemas[plan.trainer.name]?.parameters ?? []
    return plan.axes.reduce(into: [:]) { meanings, key in
        meanings[key] = parameters.first { $0.name == key }?.meaning
    }
}

/// Writes what is derived from the run files: the sweep file, the digests, the report.
func writeDerived(_ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults) throws {
    try writeDerived(folder, plan, stored, forms: nil)
}

func writeDerived(
    _ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults, forms: [ReportSettings.Form]?,
    isSilent: Bool = false
) throws {
    try SweepFile.write(
        plan, stored.inOrder(plan), to: folder.sweepFile, meanings: keyMeanings(plan))
    try folder.write(DigestList(stored, plan).text, to: folder.digests)
    let files = try ReportFiles.write(folder, plan, stored, forms: forms)
    if isSilent { return }
    print("report: \(files.map(\.relativePath).joined(separator: " "))")
}
