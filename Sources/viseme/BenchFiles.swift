import ArgumentParser
import Execution
import Foundation
import Recipes
import RunStore
import Studies
import Tensors
import Training

extension BenchCommand {
    /// What `make bench-files` calls: writing and reading run files, and the sweep file over many
    /// of them.
    struct Files: ParsableCommand {
        @Argument(help: "A folder for the study that is made; it is left there.") var folder: String
        @Option var runs = 1000
        @Option var epochs = 20
        @Option(help: "Bytes of weights of each run of the study.") var weights = 100_000
        @Option var rounds = 21

        func run() throws {
            let study = StudyFolder(URL(filePath: folder))
            try study.create()
            let single = study.url.appending(path: "single.h5")
            let large = SyntheticStudy.record(
                number: 0, epochs: epochs, tensors: 129, weightBytes: 1_000_000)
            let writing = try medianSeconds(rounds) { try RunFile.write(large, to: single) }
            let reading = try medianSeconds(rounds) { _ = try RunFile.read(single) }
            let size = FileFacts(single)?.size ?? 0

            let plan = try SyntheticStudy.write(
                study, runs: runs, epochs: epochs, weightBytes: weights)
            var stored = StudyResults(study, plan, thorough: true)
            let rebuilding = try medianSeconds(1) {
                stored = StudyResults(study, plan, thorough: true)
                try SweepFile.write(plan, stored.inOrder(plan), to: study.sweepFile)
            }
            let last = stored.inOrder(plan).count - 1
            let extending = try medianSeconds(3) {
                try SweepFile.write(
                    plan, Array(stored.inOrder(plan).prefix(last)), to: study.sweepFile)
            } extra: {
                try SweepFile.write(
                    plan, StudyResults(study, plan).inOrder(plan), to: study.sweepFile)
            }
            let opening = try medianSeconds(rounds) { _ = try SweepFile.read(study.sweepFile) }
            let figures: [String: Any] = [
                "run_write_ms": writing * 1e3, "run_read_ms": reading * 1e3,
                "run_overhead_kB": Double(size - 1_000_000) / 1e3, "runs": runs,
                "rebuild_s": rebuilding,
                "extend_ms": extending * 1e3, "sweep_read_ms": opening * 1e3,
                "sweep_MB": Double(FileFacts(study.sweepFile)?.size ?? 0) / 1e6,
            ]
            let json = try JSONSerialization.data(
                withJSONObject: figures, options: [.prettyPrinted, .sortedKeys])
            print(String(decoding: json, as: UTF8.self))
        }
    }

    /// A study of made-up runs, for benchmarks of what is done with many.
    struct MakeStudy: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "study")

        @Argument var folder: String
        @Option var runs = 1000
        @Option var epochs = 100
        @Option var weights = 0

        func run() throws {
            let study = StudyFolder(URL(filePath: folder))
            try study.create()
            let plan = try SyntheticStudy.write(
                study, runs: runs, epochs: epochs, weightBytes: weights)
            try SweepFile.write(plan, StudyResults(study, plan).inOrder(plan), to: study.sweepFile)
        }
    }
}

/// Runs with invented numbers in real files.
enum SyntheticStudy {
    private static let metric = Metric.valAccuracy
    private static let trainer = TrainerCatalog.trainer(
        TrainerCatalog.declarations.builtIn.record())
    private static let settings = Configuration(
        ["path_to_dataset": .text("builtin:visemes")], schema: trainer.schema)

    /// Learning rates × batch sizes × five seeds.
    static func write(_ folder: StudyFolder, runs count: Int, epochs: Int, weightBytes: Int) throws
        -> Plan
    {
        let plan = Plan(
            name: folder.url.lastPathComponent, recipe: "recipes/made_up.yaml",
            question: "How long does it take?",
            metric: metric, trainer: trainer.declaration.record(), numerics: numericsRevision,
            settings: settings.values, axes: ["lr", "batch_size", "seed"],
            runs: (0..<count).map { number in
                Run(
                    id: "", number: number + 1, trial: number / 5, setting: setting(number),
                    data: RunData(digest: "made up"))
            })
        var identified = plan
        for index in plan.runs.indices {
            let run = plan.runs[index]
            let identity = trainer.identity(of: run, in: plan)
            identified.runs[index].id = identity.id
            guard !FileManager.default.fileExists(atPath: folder.runFile(identity.id).path) else {
                continue
            }
            var record = record(number: index, epochs: epochs, weightBytes: weightBytes)
            record.identity = identity
            record.configuration = trainer.configuration(of: run, in: plan).values
            try RunFile.write(record, to: folder.runFile(identity.id))
        }
        try folder.write(identified)
        return identified
    }

    private static func setting(_ number: Int) -> Setting {
        let trial = number / 5
        return [
            Assignment(key: "lr", value: .number(Double(trial / 20 + 1) * 1e-4)),
            Assignment(key: "batch_size", value: .integer(trial % 20 + 1)),
            Assignment(key: "seed", value: .integer(number % 5 + 1)),
        ]
    }

    static func record(number: Int, epochs: Int, tensors: Int = 4, weightBytes: Int = 0)
        -> RunFileContents
    {
        var stream = RandomStream(seed: UInt64(number), purpose: .order)
        let noise = { Double(stream.uniform()) }
        let rise = 0.5 + 0.4 * noise()
        let histories = TrainingRun.metricNames().map { name in
            History(
                name: name,
                values: (1...epochs).map { epoch in
                    let share = rise * (1 - exp(-Double(epoch) / 10)) + 0.05 * noise()
                    return name == "lr"
                        ? 1e-3 : name.hasSuffix("loss") ? 2 * (1 - share) : min(share, 1)
                })
        }
        var provenance = Provenance()
        (provenance.seconds, provenance.host) = (60 * noise(), "nowhere")
        let floats = weightBytes / 4 / tensors
        let best = metric.bestEpoch(of: histories.first { $0.name == metric.name }?.values ?? [])
        return RunFileContents(
            identity: Identity(json: "{\"number\":\(number)}"),
            configuration: settings.values, configurationText: settings.yaml, metric: metric,
            trainer: trainer.declaration.name, bestEpochRule: trainer.declaration.bestEpoch,
            outcome: .trained,
            histories: histories, epochSeconds: histories[0].values.map { _ in 1 }, best: best,
            classes: (1...10).map { "word\($0)" },
            weights: floats == 0
                ? []
                : (0..<tensors).map { tensor in
                    Tensor(
                        name: "layer\(tensor).weight", shape: [floats],
                        values: (0..<floats).map { Float($0) })
                },
            test: TestResult(
                loss: noise(), accuracy: rise,
                confusion: [[Int]](repeating: [Int](repeating: 1, count: 10), count: 10)),
            provenance: provenance)
    }
}
