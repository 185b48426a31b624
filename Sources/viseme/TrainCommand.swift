import ArgumentParser
import Execution
import Foundation
import Kernels
import RunStore
import Studies
import Training

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train one run from one configuration.",
        discussion:
            "The run and its report are stored in results/train/<id>; a study of the same recipe is not changed."
    )

    @Argument(help: "The configuration or recipe, a YAML file; then changes to it, as key=value.")
    var words: [String] = []
    @Option(
        help: ArgumentHelp(
            "The configuration, a YAML file: another way to give it.", valueName: "file"))
    var config: String?
    @OptionGroup var place: ResultsOption
    @Option(help: "Threads (default: the number of cores).")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads: found \(threads); expected 1 to 1024")
        }
        if config == nil, words.isEmpty {
            throw ValidationError("Missing expected argument '<recipe>'")
        }
    }

    private var recipe: String { config ?? words[0] }
    private var overrides: [String] { config == nil ? Array(words.dropFirst()) : words }

    func run() async throws {
        let width = try chosenWidth()
        let study = try await preparedStudy(
            try readRecipe(recipe, overrides), in: .single(results: place.url))
        guard let run = study.plan.runs.first, study.plan.runs.count == 1 else {
            throw ValidationError(
                "\(recipe) has \(study.plan.runs.count) runs: `viseme sweep \(recipe)` trains them")
        }
        guard study.plan.trainer.command == nil else {
            throw ValidationError(
                "\(recipe) has a program as its trainer: `viseme sweep \(recipe)` runs it")
        }
        printHeader(study.trainer.configuration(of: run, in: study.plan), width: width)
        let session = try StudySession.open(study, warn: complain)
        if session.missing([run]).isEmpty {
            print("run \(run.id) is stored: nothing to train")
        } else {
            try await train(run, session, width)
        }
        if let result = session.results.runs[run.id] { report(result, study.plan.metric) }
        print("run file: \(study.folder.runFile(run.id).relativePath)")
        let outcome = session.finish([run], derive: writeDerived)
        if let problem = outcome.reportProblem { complain(problem) }
        let status = outcome.exitStatus()
        if status != .completed { throw status }
    }

    private func train(_ run: Run, _ session: StudySession, _ width: VectorWidth) async throws {
        let provenance = await Provenance.gather(session.plan, width: width)
        let order = try session.order(
            run, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
            provenance: provenance)
        let worker = try WorkerRun(order, width: width, warn: complain)
        let display = ProgressDisplay()
        print("epoch  train_loss  train_accuracy  val_loss  val_accuracy        lr  seconds")
        let contents = try Interruption.asking {
            try worker.train { TrainCommand.show($0, on: display) }
        }
        session.add(try RunResult(contents, file: session.folder.runFile(run.id)))
        session.folder.removeFailure(run.id)
    }

    private static func show(_ event: TrainingEvent, on display: ProgressDisplay) {
        switch event {
        case .resumed(let epochs): display.say("resumes at the checkpoint after epoch \(epochs)")
        case .batch(let epoch, let done, let count):
            display.show(
                "epoch \(epoch)", Double(done) / Double(count), "batch \(done) of \(count)")
        case .epoch(let record):
            let numbers = record.values.prefix(4).map { decimals($0, 4) }
            let cells =
                [String(record.epoch)] + numbers + [
                    shortest(record.values[4]), decimals(record.seconds, 2),
                ]
            let line = zip(cells, [5, 10, 14, 8, 12, 8, 7]).map { cell, width in
                String(repeating: " ", count: max(0, width - cell.count)) + cell
            }.joined(separator: "  ")
            display.say(line + (record.isBest ? "  best" : ""))
        }
    }

    private func report(_ result: RunResult, _ metric: Metric) {
        if result.outcome == .diverged {
            print("diverged in epoch \(result.epochs): the loss is not a finite number")
        }
        if let best = result.best {
            print("best \(metric.name): \(short(best.value)) at epoch \(best.epoch)")
        }
        if let test = result.test {
            print("test: accuracy \(decimals(test.accuracy, 4)), loss \(decimals(test.loss, 4))")
        }
    }
}
