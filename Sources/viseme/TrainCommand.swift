import ArgumentParser
import Foundation
import Recipes
import RunStore
import Execution
import Training

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train one run from one configuration.")

    @Option(help: ArgumentHelp("The configuration, a YAML file.", valueName: "file"))
    var config: String
    @Argument(help: "Changes to the configuration, as key=value.")
    var overrides: [String] = []
    @Option(help: ArgumentHelp("Folder of all results.", valueName: "folder"))
    var results = "results"
    @Option(help: "Threads (default: as many as there are cores).")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads \(threads): 1…1024") }
    }

    func run() async throws {
        let width = try chosenWidth()
        let options = try StudyOptions.parse([config] + overrides + ["--results", results])
        let study = try await options.study()
        let (folder, plan) = (study.folder, study.plan)
        guard let run = plan.runs.first, plan.runs.count == 1 else {
            throw ValidationError("\(config) makes \(plan.runs.count) runs: `viseme sweep \(config)` trains them")
        }
        guard case .visualSpeech = plan.trainer else {
            throw ValidationError("\(config) has a trainer of its own: `viseme sweep \(config)` starts it")
        }
        printHeader(plan.configuration(of: run), width: width)
        try folder.create()
        let lock = try StudyLock(folder)
        defer { withExtendedLifetime(lock) {} }
        folder.removeLeftovers()
        if try !folder.holds(plan) { try folder.write(plan) }
        let before = Stored(folder, plan)
        try setAsideDamaged(before, folder)
        if before.runs[run.id] == nil {
            try train(run, plan, folder, await Provenance.gather(plan, width: width))
        } else {
            print("run \(run.id) is stored: nothing to train")
        }
        let stored = Stored(folder, plan)
        if let summary = stored.runs[run.id] { tell(summary, plan.metric) }
        print("run file: \(folder.runFile(run.id).relativePath)")
        try writeDerived(folder, plan, stored)
    }

    private func train(_ run: StoredPlan.Run, _ plan: StoredPlan, _ folder: StudyFolder, _ provenance: Provenance)
        throws
    {
        let trainer = RunTrainer(
            plan: plan, run: run, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            width: try chosenWidth(),
            provenance: provenance, folder: folder)
        let display = ProgressDisplay()
        print("epoch  train_loss  train_accuracy  val_loss  val_accuracy        lr  seconds")
        _ = try Interruption.asking {
            try trainer.train { event in
                switch event {
                case .resumed(let epochs): display.say("goes on from the checkpoint after epoch \(epochs)")
                case .batch(let epoch, let done, let count):
                    display.show("epoch \(epoch)", Double(done) / Double(count), "batch \(done) of \(count)")
                case .epoch(let record):
                    let numbers = record.values.prefix(4).map { decimals($0, 4) }
                    let cells =
                        [String(record.epoch)] + numbers + [shortest(record.values[4]), decimals(record.seconds, 2)]
                    let line = zip(cells, [5, 10, 14, 8, 12, 8, 7]).map { cell, width in
                        String(repeating: " ", count: max(0, width - cell.count)) + cell
                    }.joined(separator: "  ")
                    display.say(line + (record.isBest ? "  best" : ""))
                }
            }
        }
        folder.removeFailure(run.id)
    }

    private func tell(_ summary: RunSummary, _ metric: Metric) {
        if summary.outcome == .diverged {
            print("diverged in epoch \(summary.epochs): the loss is not a finite number")
        }
        if let best = summary.best { print("best \(metric.name): \(decimals(best.value, 4)) at epoch \(best.epoch)") }
        if let test = summary.test {
            print("test: accuracy \(decimals(test.accuracy, 4)), loss \(decimals(test.loss, 4))")
        }
    }
}
