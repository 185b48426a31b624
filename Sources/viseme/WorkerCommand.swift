import ArgumentParser
import Foundation
import RunStore
import Execution

/// What a sweep starts once for each run.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Train one run of a study's plan.", shouldDisplay: false)

    @Argument var study: String
    @Argument var runID: String
    @Option var threads = 1

    func run() throws {
        StopRequest.listen(sweep: Int32(ProcessInfo.processInfo.environment["VISEME_SWEEP"] ?? "") ?? 0)
        let folder = StudyFolder(URL(filePath: study))
        let text = ProcessInfo.processInfo.environment["VISEME_PLAN"] ?? ""
        let plan = try StoredPlan.handed(text) ?? folder.readPlan()
        guard let planned = plan.runs.first(where: { $0.id == runID }) else {
            throw ValidationError("\(study): the plan has no run \(runID)")
        }
        let reporter = WorkerReporter(metric: plan.metric)
        let trainer = RunTrainer(
            plan: plan, run: planned, threads: threads, width: try chosenWidth(),
            provenance: handed(Provenance.self, "VISEME_PROVENANCE") ?? Provenance(),
            folder: folder)
        try trainer.train { reporter.report($0) }
        reporter.write(.published)
    }

    /// What the sweep left in the environment.
    private func handed<Value: Decodable>(_ type: Value.Type, _ variable: String) -> Value? {
        let text = ProcessInfo.processInfo.environment[variable] ?? ""
        return try? JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
