import Execution
import Foundation
import Recipes
import RunStore
import Studies

/// A study whose runs are made up by a formula: what its report shows is known without training.
struct GalleryStudy: Sendable {
    let name: String
    /// What follows `trainer:` in the recipe.
    let recipe: String
    var epochs = 30
    /// The metric of a run in its last epoch.
    let value: @Sendable (Setting) -> Double
    /// What becomes of a run.
    var fate: @Sendable (Run) -> Fate = { _ in .trained }
    /// Whether runs have clips of several speakers.
    var hasClips = false

    enum Fate { case trained, missing, failed, diverged }

    /// All sorts that a report has to cope with.
    static let all: [GalleryStudy] = [
        GalleryStudy(
            name: "01-one-run", recipe: "sweep: {lr: [0.01]}", value: { _ in 0.87 }),
        GalleryStudy(
            name: "02-one-epoch", recipe: "sweep: {lr: [0.1, 0.01, 0.001], seed: [1, 2, 3]}",
            epochs: 1, value: { accuracy($0, 0.6) }),
        GalleryStudy(
            name: "03-two-seeds", recipe: "sweep: {lr: [0.1, 0.01], seed: [1, 2]}",
            value: { accuracy($0, 0.7) }),
        GalleryStudy(
            name: "04-grid",
            recipe:
                "sweep: {lr: [0.1, 0.01, 0.001], optimizer: [adam, sgd], batch_size: [8, 16], seed: [1, 2, 3]}",
            value: { accuracy($0, $0["optimizer"] == .text("adam") ? 0.9 : 0.7) }),
        GalleryStudy(
            name: "05-random",
            recipe: """
                method: random
                samples: 40
                sweep:
                  lr: {distribution: log, min: 0.0001, max: 0.1}
                  dropout: {distribution: uniform, min: 0, max: 0.6}
                  width: {distribution: int_uniform, min: 8, max: 256}
                  seed: [1, 2]
                """,
            value: { setting in
                let lr = log10(setting["lr"]?.double ?? 0.01) + 2.3
                let dropout = (setting["dropout"]?.double ?? 0) - 0.25
                return clamp(
                    0.93 - 0.12 * lr * lr - 0.6 * dropout * dropout + noise(setting) * 0.03)
            }),
        GalleryStudy(
            name: "06-conditional",
            recipe: """
                set: {task: words, momentum: 0, beta2: 0.9}
                when: {momentum: {optimizer: sgd}, beta2: {optimizer: adam}}
                sweep:
                  optimizer: [adam, sgd, lion]
                  momentum: [0, 0.9, 0.99]
                  beta2: [0.9, 0.999]
                  lr: [0.01, 0.001]
                  seed: [1, 2, 3]
                """,
            value: { accuracy($0, $0["momentum"] != nil ? 0.92 : 0.85) }),
        GalleryStudy(
            name: "07-long-names",
            recipe: """
                sweep:
                  corpus:
                    - GRID という名の読唇コーパスの話者一から三十四まで（正面）
                    - GRID という名の読唇コーパスの話者一から三十四まで（側面）
                    - 東北大学の電子ビーム装置で撮影した唇の動き、第一回収録
                    - 東北大学の電子ビーム装置で撮影した唇の動き、第二回収録
                    - LRW (Lip Reading in the Wild), BBC television, 500 words, cropped mouths at 96 pixels
                    - LRW (Lip Reading in the Wild), BBC television, 500 words, cropped mouths at 112 pixels
                    - LRS2 sentences, first pretraining part, aligned by the forced aligner of 2017
                    - LRS2 sentences, second pretraining part, aligned by the forced aligner of 2017
                    - 中文唇语识别数据集（普通话），一千个词
                    - 한국어 입술 읽기 데이터 세트 제1판
                    - MIRACL-VC1
                    - CUAVE
                  seed: [1, 2, 3]
                """,
            value: { accuracy($0, 0.5 + 0.04 * Double(hash($0.withoutSeed.label) % 10)) }),
        GalleryStudy(
            name: "08-500-runs",
            recipe: """
                sweep:
                  lr: {distribution: log, min: 0.0001, max: 0.1, count: 10}
                  weight_decay: [0, 0.0001, 0.001, 0.01, 0.1]
                  seed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
                """, value: { accuracy($0, 0.8) }),
        GalleryStudy(
            name: "09-10000-runs",
            recipe: """
                method: sobol
                samples: 2000
                max_runs: 20000
                sweep:
                  lr: {distribution: log, min: 0.00001, max: 1}
                  momentum: {distribution: uniform, min: 0, max: 0.99}
                  depth: [2, 3, 4, 5]
                  norm: [batch, layer, none]
                  seed: [1, 2, 3, 4, 5]
                """, epochs: 100, value: { accuracy($0, $0["norm"] == .text("none") ? 0.6 : 0.85) }),
        GalleryStudy(
            name: "10-not-finite",
            recipe: "sweep: {lr: [10, 1, 0.1, 0.01], seed: [1, 2, 3]}",
            value: { setting in
                switch (setting["lr"]?.double ?? 0, setting.seed?.label) {
                case (10, _): .nan
                case (1, "1"): .infinity
                case (1, "2"): -.infinity
                default: accuracy(setting, 0.8)
                }
            }, fate: { $0.setting["lr"] == .integer(10) ? .diverged : .trained }),
        GalleryStudy(
            name: "11-all-equal", recipe: "sweep: {lr: [0.1, 0.01, 0.001], seed: [1, 2, 3]}",
            value: { _ in 1 }),
        GalleryStudy(
            name: "12-tiny-values",
            recipe:
                "metric: {name: error, goal: minimize}\nsweep: {tolerance: [1e-8, 1e-9, 1e-10], seed: [1, 2, 3]}",
            value: { 1e-9 * (2 + noise($0) + ($0["tolerance"]?.double ?? 0) * 1e8) }),
        GalleryStudy(
            name: "13-huge-values",
            recipe:
                "metric: {name: reward}\nsweep: {gamma: [0.9, 0.99, 0.999], horizon: [10, 100], seed: [1, 2, 3]}",
            value: { 1e12 * (3 + noise($0) + ($0["gamma"]?.double ?? 0)) }),
        GalleryStudy(
            name: "14-minimize",
            recipe:
                "metric: {name: val_loss, goal: minimize}\nsweep: {lr: [0.1, 0.01, 0.001, 0.0001], layers: [1, 2, 4, 8], seed: [1, 2, 3, 4, 5]}",
            value: { 2.3 - accuracy($0, 0.9) }),
        GalleryStudy(
            name: "15-missing-seeds",
            recipe: "sweep: {lr: [0.3, 0.1, 0.03, 0.01], seed: [1, 2, 3, 4]}",
            value: { accuracy($0, 0.75) },
            fate: { $0.number % 5 == 0 || $0.setting["lr"] == .number(0.1) ? .missing : .trained }),
        GalleryStudy(
            name: "16-failures", recipe: "sweep: {lr: [0.3, 0.1, 0.03], seed: [1, 2, 3]}",
            value: { accuracy($0, 0.75) }, fate: { $0.number % 3 == 0 ? .failed : .trained }),
        GalleryStudy(
            name: "17-speakers",
            recipe: "report: {group: '^(s\\d+)_'}\nsweep: {lr: [0.1, 0.01], seed: [1, 2, 3]}",
            value: { accuracy($0, 0.8) }, hasClips: true),
        GalleryStudy(
            name: "18-categories",
            recipe:
                "sweep: {augmentation: [none, flip, crop, flip+crop, mixup], scheduler: [cosine, step, constant], seed: [1, 2, 3]}",
            value: { accuracy($0, $0["augmentation"] == .text("none") ? 0.7 : 0.88) }),
    ]

    // MARK: Formulas

    /// A number from 0 to 1 that looks random, and is the same for the same text.
    static func hash(_ text: String) -> UInt64 {
        var state: UInt64 = 14_695_981_039_346_656_037
        for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 1_099_511_628_211 }
        state ^= state >> 29
        return (state &* 0xBF58_476D_1CE4_E5B9) >> 16
    }

    static func noise(_ setting: Setting) -> Double {
        Double(hash(setting.label) % 10_000) / 10_000 - 0.5
    }

    static func clamp(_ value: Double) -> Double { min(max(value, 0.02), 0.995) }

    static func accuracy(_ setting: Setting, _ most: Double) -> Double {
        let lr = setting["lr"]?.double ?? 0.01
        let off = log10(lr) + 2
        return clamp(most - 0.05 * off * off + noise(setting) * 0.06)
    }

    // MARK: What is stored

    struct Stored {
        let plan: Plan
        let results: StudyResults
        let failures: [FailureRecord]
        let runs: [String: RunFileContents]
    }

    func made(in folder: URL) throws -> Stored {
        let file = folder.appending(path: name + ".yaml")
        let metric = recipe.contains("metric:") ? "" : "metric: {name: accuracy, range: [0, 1]}\n"
        try """
        question: Which setting is best, and how far does the seed move it?
        trainer: {command: [sh, -c, "true"]}
        \(recipe.contains("set:") ? "" : "set: {task: words}")
        \(metric)\(recipe)
        """.write(to: file, atomically: true, encoding: .utf8)
        let declared = try Recipe(path: file.path, trainers: TrainerCatalog.declarations)
        guard
            let study = try ResolvedStudy.known(declared, in: .named(results: folder))
        else { throw CocoaError(.fileReadUnknown) }
        var plan = study.plan
        // No report should name the place where it was made.
        (plan.recipe, plan.results) = ("recipes/\(name).yaml", "results")
        for place in plan.runs.indices {
            plan.runs[place].id = Identity(json: "\(name) \(place)").id
        }
        var results = StudyResults(StudyFolder(folder.appending(path: name)), plan)
        var (failures, files): ([FailureRecord], [String: RunFileContents]) = ([], [:])
        for run in plan.runs {
            switch fate(run) {
            case .missing: continue
            case .failed:
                failures.append(
                    FailureRecord(
                        id: run.id, label: run.label, reason: "killed by signal 9 (SIGKILL)",
                        output: "Epoch 3: loss 0.41\nCUDA out of memory"))
            case .trained, .diverged:
                let contents = contents(run, plan)
                results.add(RunResult(contents, file: FileFacts(size: 1, modified: 2)))
                if hasClips { files[run.id] = contents }
            }
        }
        return Stored(plan: plan, results: results, failures: failures, runs: files)
    }

    private func contents(_ run: Run, _ plan: Plan) -> RunFileContents {
        let end = value(run.setting)
        let start = plan.metric.goal == .maximize ? end * 0.3 : end * 3
        let values = (0..<epochs).map { epoch -> Double in
            let left = exp(-4 * Double(epoch) / Double(max(epochs - 1, 1)))
            let ripple = sin(Double(epoch + run.number)) * 0.02 * left
            return epochs == 1 ? end : end + (start - end) * left * (1 + ripple)
        }
        var loss = values.map { 2.3 - 2 * $0 / (abs(end) + 1e-300) }
        let isDiverged = fate(run) == .diverged
        if isDiverged { loss[epochs - 1] = .nan }
        var provenance = Provenance()
        provenance.label = run.label
        provenance.program = "viseme 1"
        provenance.started = "2026-01-01T0\(run.number % 3):00:0\(run.number % 10)Z"
        provenance.seconds = 61.5
        return RunFileContents(
            identity: Identity(json: "\(name) \(run.number - 1)"), configuration: [:],
            metric: plan.metric, trainer: "command", bestEpochRule: .fromHistories,
            outcome: isDiverged ? .diverged : .trained,
            histories: [
                History(name: plan.metric.name, values: values),
                History(name: "train_loss", values: loss),
            ], best: plan.metric.bestEpoch(of: values),
            classes: hasClips ? GalleryStudy.words : [],
            predictions: hasClips ? [predictions(run)] : [], provenance: provenance)
    }

    private static let words = ["bin", "lay", "place", "set", "blue", "green", "red", "white"]

    /// Ten speakers say each word twice.
    private func predictions(_ run: Run) -> ClipPredictions {
        let words = GalleryStudy.words
        var one = ClipPredictions(
            split: .val, names: [], labels: [], predicted: [], probabilities: [])
        for speaker in 1...10 {
            for (label, word) in words.enumerated() {
                for take in 1...2 {
                    let name = "\(word)/s\(speaker)_\(take)"
                    let isRight = GalleryStudy.hash(name + run.label) % 10 < UInt64(3 + speaker)
                    one.names.append(name)
                    one.labels.append(label)
                    one.predicted.append(
                        isRight ? label : (label + 1 + Int(GalleryStudy.hash(name) % 2)) % 8)
                    one.probabilities.append(0.9)
                }
            }
        }
        return one
    }
}
