import Foundation
import RunStore

/// How one try of a run ended.
enum Attempt: Sendable {
    case stored(RunSummary)
    /// Asked to stop: no failure.
    case stopped
    /// Why, and the last lines it printed. Where it is final, another try would fail just so.
    case failed(reason: String, output: String, isFinal: Bool = false)
}

/// A way to train one run in a process of its own.
protocol RunMethod: Sendable {
    /// - Parameters:
    ///   - failures: why earlier tries failed, those of earlier sweeps among them.
    func attempt(
        _ run: StoredPlan.Run, failures: [String], report: @escaping @Sendable (Sweep.Event) async -> Void
    ) async -> Attempt
}

/// The built-in trainer: this very program, started as a worker.
struct WorkerMethod: RunMethod {
    let plan: StoredPlan
    let folder: StudyFolder
    let threads: Int
    let program: URL
    let provenance: Provenance
    let limits: RunLimits

    /// What a worker ends with that was asked to stop.
    private static let stoppedStatus: Int32 = 130

    func attempt(
        _ run: StoredPlan.Run, failures: [String], report: @escaping @Sendable (Sweep.Event) async -> Void
    ) async -> Attempt {
        let epochs = Int(plan.configuration(of: run)["epoch"]?.double ?? 1)
        let tail = OutputTail { line in
            guard let event = WorkerEvent(line: line) else { return false }
            await tell(run, event, of: epochs, report)
            return true
        }
        var known = provenance
        known.tries = failures.count + 1
        known.failures = failures
        known.started = timestamp()
        let handed: (plan: String, provenance: String)
        do {
            handed = (try plan.alone(run).json(), String(decoding: try JSONEncoder().encode(known), as: UTF8.self))
        } catch {
            return .failed(reason: "\(error)", output: "")
        }
        var child = ChildProcess(
            program: program.path, arguments: ["worker", folder.url.path, run.id, "--threads", String(threads)],
            environment: [
                "VISEME_SWEEP": String(getpid()), Strays.variable: folder.url.standardizedFileURL.path,
                "VISEME_PLAN": handed.plan, "VISEME_PROVENANCE": handed.provenance,
            ], folder: FileManager.default.currentDirectoryPath, timeout: limits.timeout, memory: limits.memory)
        // It keeps a checkpoint first, and looks up after each batch. A person who can't wait asks twice; a run past its
        // time may hang.
        child.patience = limits.grace ?? .seconds(limits.timeout == nil && limits.memory == nil ? 86_400 : 30)
        let ending = await child.run(output: tail)
        let file = folder.runFile(run.id)
        // A run that is published is stored, even if its worker was told to end at that moment.
        let problem: any Error
        do { return .stored(try RunSummary(try RunFile.read(file), file: file)) } catch { problem = error }
        switch ending {
        case .exited(let status) where status.isSuccess:
            return .failed(reason: "\(problem)", output: await tail.text)
        case .exited(.exited(WorkerMethod.stoppedStatus)), .stopped: return .stopped
        case .exited(let status):
            let output = await tail.text
            let words = words(status, outOfMemory: OutOfMemory.hasStruck(status))
            // What it said itself says more than its status.
            let own = output.split(separator: "\n").first { $0.hasPrefix("viseme: error: ") }
            return .failed(reason: own.map { "\(words): \($0.dropFirst(15))" } ?? words, output: output)
        case .ended(let reason), .unstartable(let reason):
            return .failed(reason: reason, output: await tail.text)
        }
    }

    private func tell(
        _ run: StoredPlan.Run, _ event: WorkerEvent, of epochs: Int, _ report: @Sendable (Sweep.Event) async -> Void
    ) async {
        switch event {
        case .resumed(let done): await report(.resumed(run, epochs: done))
        case .batch(let epoch, let done, let count):
            let part = Double(epoch - 1) + Double(done) / Double(count)
            await report(.progress(run, epochs: part, of: epochs, metric: nil))
        case .epoch(let epoch, let metric):
            await report(.progress(run, epochs: Double(epoch), of: epochs, metric: metric))
        case .published: break
        }
    }
}
