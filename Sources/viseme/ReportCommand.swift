import ArgumentParser
import Foundation
import RunStore

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write the report again, from stored runs alone.")

    @Argument(help: "The study's folder, results/<name>.")
    var study: String

    func run() throws {
        let folder = StudyFolder(URL(filePath: study))
        let plan = try folder.readPlan()
        let stored = Stored(folder, plan)
        for problem in stored.problems { complain("\(problem.reason): left out") }
        try writeDerived(folder, plan, stored)
    }
}
