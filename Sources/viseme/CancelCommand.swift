import ArgumentParser
import Execution
import Files
import Foundation
import RunStore
import Studies

/// Ends the jobs of a study on Slurm.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End the jobs of a study on Slurm; what is stored stays.")

    @Argument(help: "The study: its folder, results/<name>, or its recipe.")
    var study: String

    func run() async throws {
        let folder = StudyFolder(named: study)
        let count = try await SlurmJobs(folder, folder.readPlan()).cancel()
        print(count == 0 ? "no job of this study is queued" : "\(counted(count, "job")) cancelled")
    }
}
