import ArgumentParser
import Execution
import Foundation
import RunStore

/// What a sweep starts once for each run of the built-in trainer.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Train the run of a job file.", shouldDisplay: false)

    @Argument var job: String

    func run() throws {
        let file = URL(filePath: job)
        let described = try Job.read(file)
        guard let order = described.order else {
            throw ValidationError("\(job): is the job of another program")
        }
        StopRequest.listen(
            StudyFolder(URL(filePath: order.study)), run: described.run, claim: order.claim)
        try WorkerRun(order, width: try chosenWidth(), warn: complain).train()
    }
}
