import Execution
import Foundation
import Recipes
import RunStore
import Studies
import Synchronization
import Testing

/// A trainer whose jobs need no process: what becomes of them is the launcher's.
private struct ToyTrainer: Trainer {
    let declaration = TrainerDeclaration(
        name: "command", schema: ParameterSchema([ParameterSchema.seed], isOpen: true),
        metrics: MetricSet(standard: .valAccuracy), bestEpoch: .fromHistories)
    let needs = ResourceNeeds()
    /// Called for each look at a run under way.
    var onObserve: @Sendable (Run) throws -> Void = { _ in }

    func known(_ runs: [RunDraft], cache: URL) -> Prepared? { nil }
    func prepare(
        _ runs: [RunDraft], cache: URL, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Prepared { Prepared(data: []) }
    func identityForm(
        _ configuration: Configuration, axes: [String], metric: Metric, data: String,
        initialWeights: String?,
        numerics: Int
    ) -> IdentityForm { IdentityForm(configuration, axes: axes, others: [:]) }

    func job(_ run: Run, _ attempt: Attempt, in context: StudyContext) throws -> Job {
        Job(
            run: run.id, attempt: attempt.number, program: "none", arguments: [], environment: [:],
            folder: "/")
    }

    func observe(_ run: Run) throws -> String? {
        try onObserve(run)
        return nil
    }

    func collect(_ run: Run, _ ended: EndedJob, in context: StudyContext) throws -> RunResult {
        switch ended.ending {
        case .exited(.exited(0), _):
            return RunResult(
                id: run.id, outcome: .trained, stoppedEarly: false, best: nil, histories: [],
                seconds: 0, test: nil,
                contentDigest: "", weightBytes: 0, file: FileFacts(size: 0, modified: 0),
                provenanceText: "")
        case .exited(let status, let outOfMemory):
            throw RunFailure.failed(reason: words(status, outOfMemory: outOfMemory))
        case .ended(let reason, _), .unstartable(let reason):
            throw RunFailure.failed(reason: reason)
        case .stopped: throw RunFailure.stopped
        }
    }
}

/// What happened, as short texts.
private final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    var text: [String] { lines.withLock { $0 } }

    @Sendable func take(_ event: SessionEvent) async {
        let line =
            switch event {
            case .started(let run): "start \(run.number)"
            case .finished(let run, _), .found(let run, _): "end \(run.number)"
            case .retried(let run, let reason): "again \(run.number): \(reason)"
            case .failed(let run, let failure): "fail \(run.number): \(failure.reason)"
            case .warning(let text): text
            case .givenUp(let reason, let count): "given up after \(count): \(reason)"
            }
        lines.withLock { $0.append(line) }
    }
}

private final class Study: Sendable {
    let folder = StudyFolder(
        FileManager.default.temporaryDirectory.appending(path: "viseme-test-\(UUID().uuidString)"))
    let runs: [Run]
    let log = Log()

    init(_ count: Int) throws {
        runs = (1...count).map { number in
            Run(
                id: "run\(number)", number: number, trial: number,
                setting: [Assignment(key: "seed", value: .integer(number))])
        }
        try folder.create()
    }

    deinit { try? FileManager.default.removeItem(at: folder.url) }

    func work(
        _ trainer: ToyTrainer = ToyTrainer(), capacity: Int = 1, limits: RunLimits = RunLimits(),
        _ body: @escaping @Sendable (Job) async -> JobEnding
    ) async {
        let plan = Plan(
            name: "toy", recipe: "", metric: .valAccuracy, trainer: trainer.declaration.record(),
            numerics: 4,
            axes: ["seed"], runs: runs)
        let context = StudyContext(
            plan: plan, folder: folder, program: URL(filePath: "/none"), provenance: Provenance(),
            threads: 1,
            limits: limits)
        let launcher = InProcessLauncher(capacity: capacity, body)
        await Scheduler(trainer: trainer, launcher: launcher, context: context).work(
            through: runs, report: log.take)
    }
}

@Test func runsAreTrainedInTheirOrder() async throws {
    let study = try Study(3)
    await study.work { _ in .exited(.exited(0)) }
    #expect(study.log.text == ["start 1", "end 1", "start 2", "end 2", "start 3", "end 3"])
    #expect(
        try FileManager.default.contentsOfDirectory(atPath: study.folder.running.path).isEmpty,
        "job files go")
}

@Test func noMoreRunAtOnceThanTheLauncherTakes() async throws {
    let study = try Study(20)
    let counts = Mutex((now: 0, most: 0))
    await study.work(capacity: 3) { _ in
        counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        try? await Task.sleep(for: .milliseconds(5))
        counts.withLock { $0.now -= 1 }
        return .exited(.exited(0))
    }
    #expect(counts.withLock { $0.most } == 3)
    #expect(study.log.text.count == 40)
}

@Test func aFailedRunIsTriedAgainAndItsReasonsAreKept() async throws {
    let study = try Study(1)
    var limits = RunLimits()
    limits.retries = 2
    await study.work(limits: limits) { .exited(.exited(Int32($0.attempt))) }
    #expect(
        study.log.text == [
            "start 1", "again 1: ended with exit status 1", "again 1: ended with exit status 2",
            "fail 1: ended with exit status 3",
        ])
    #expect(study.folder.readFailure("run1")?.tries?.count == 3)
    // A later session counts on, and a success forgets the failures.
    await study.work { $0.attempt == 4 ? .exited(.exited(0)) : .exited(.exited(9)) }
    #expect(
        study.log.text.suffix(2) == ["start 1", "end 1"] && study.folder.readFailure("run1") == nil)
}

@Test func theOthersGoOnUnlessTheFirstFailureStopsThem() async throws {
    let well = try Study(3)
    await well.work { $0.run == "run1" ? .unstartable(reason: "no program") : .exited(.exited(0)) }
    #expect(
        well.log.text.suffix(3) == ["end 2", "start 3", "end 3"] || well.log.text.contains("end 3"))
    let strict = try Study(3)
    var limits = RunLimits()
    limits.failurePolicy = .failFast
    await strict.work(limits: limits) { _ in .exited(.exited(1)) }
    #expect(strict.log.text == ["start 1", "fail 1: ended with exit status 1"])
}

@Test func theSameFailureOfTheFirstThreeRunsEndsTheSweep() async throws {
    let alike = try Study(6)
    await alike.work { _ in .exited(.exited(1)) }
    #expect(
        alike.log.text.suffix(2) == [
            "fail 3: ended with exit status 1", "given up after 3: ended with exit status 1",
        ])
    let going = try Study(6)
    var limits = RunLimits()
    limits.failurePolicy = .keepGoing
    await going.work(limits: limits) { _ in .exited(.exited(1)) }
    #expect(going.log.text.last == "fail 6: ended with exit status 1")
    // One that succeeds, or another reason, shows that the others may succeed.
    let other = try Study(6)
    await other.work { .exited(.exited($0.run == "run3" ? 2 : 1)) }
    #expect(other.log.text.last == "fail 6: ended with exit status 1")
    let success = try Study(6)
    await success.work { .exited(.exited($0.run == "run1" ? 0 : 1)) }
    #expect(success.log.text.last == "fail 6: ended with exit status 1")
    // Nothing is left to be spared.
    let short = try Study(3)
    await short.work { _ in .exited(.exited(1)) }
    #expect(short.log.text.last == "fail 3: ended with exit status 1")
}

@Test func aRunThatBreaksARuleIsEndedForThatReason() async throws {
    struct Broken: Error, CustomStringConvertible {
        let description = "its metrics, line 1: not JSON"
    }
    let study = try Study(2)
    let trainer = ToyTrainer { if $0.number == 1 { throw Broken() } }
    await study.work(trainer) { job in
        guard job.run == "run1" else { return .exited(.exited(0)) }
        try? await Task.sleep(for: .seconds(600))
        return .stopped
    }
    #expect(
        study.log.text == ["start 1", "fail 1: its metrics, line 1: not JSON", "start 2", "end 2"])
}

@Test func acancelledSweepStopsItsRunsAndStartsNoOther() async throws {
    let study = try Study(5)
    let task = Task {
        await study.work(capacity: 2) { _ in
            try? await Task.sleep(for: .seconds(600))
            return .stopped
        }
    }
    while study.log.text.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
    task.cancel()
    await task.value
    #expect(
        Set(study.log.text) == ["start 1", "start 2"],
        "stopped runs are neither finished nor failed")
}
