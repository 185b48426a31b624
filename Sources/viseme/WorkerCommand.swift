import ArgumentParser
import Foundation
import RunStore
import Sweeps

/// What a sweep starts once for each run.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Train one run of a study's plan.", shouldDisplay: false)

    @Argument var study: String
    @Argument var runID: String
    @Option var threads = 1

    func run() throws {
        StopRequest.listen()
        let folder = StudyFolder(URL(filePath: study))
        let plan = try folder.readPlan()
        guard let planned = plan.runs.first(where: { $0.id == runID }) else {
            throw ValidationError("\(study): the plan has no run \(runID)")
        }
        let reporter = WorkerReporter(metric: plan.metric)
        let trainer = RunTrainer(
            plan: plan, run: planned, threads: threads, width: try chosenWidth(), provenance: handedProvenance(),
            folder: folder)
        try trainer.train { reporter.report($0) }
        reporter.write(.published)
    }

    private func handedProvenance() -> Provenance {
        let text = ProcessInfo.processInfo.environment["VISEME_PROVENANCE"] ?? ""
        return (try? JSONDecoder().decode(Provenance.self, from: Data(text.utf8))) ?? Provenance()
    }
}
