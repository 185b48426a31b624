import Foundation
import Studies
import Subprocess
import Synchronization

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A program in a session of its own: what it starts itself ends with it, and a terminal's signals
/// do not reach it.
struct ChildProcess: Sendable {
    /// The program's path, or its name, to be found on the PATH.
    var program: String
    var arguments: [String]
    var environment: [String: String]
    var folder: String
    var timeout: Duration?
    /// Bytes of resident memory, of the program and all it started in its session.
    var memory: Int?
    /// Time between the request to end and the end.
    var grace = Duration.seconds(30)

    private static let watchInterval = Duration.milliseconds(250)

    /// Runs it to its end. Cancelling the task asks it to end, and after `grace` kills it.
    /// - Parameters:
    ///   - output: takes in what it prints.
    ///   - onStart: is called with its process number.
    func run(output: OutputTail, onStart: @escaping @Sendable (pid_t) -> Void = { _ in }) async
        -> JobEnding
    {
        let started = monotonicSeconds()
        let process = Locked<pid_t>(0)
        return await withTaskGroup(of: JobEnding?.self) { group in
            group.addTask {
                await launch(output) { pid in
                    process.withLock { $0 = pid }
                    ChildProcess.running.withLock { _ = $0.insert(pid) }
                    onStart(pid)
                }
            }
            group.addTask {
                // Sleep throws only when it is cancelled.
                while (try? await Task.sleep(for: ChildProcess.watchInterval)) != nil {
                    if let ending = overstepped(since: started, process.withLock { $0 }) {
                        return ending
                    }
                }
                return nil
            }
            // The first ending counts: a run that we stopped counts as failed even if it exits with
            // 0.
            var first: JobEnding?
            for await ended in group {
                group.cancelAll()
                first = first ?? ended
            }
            let pid = process.withLock { $0 }
            // Kill the processes it left in its session.
            if pid > 0 { kill(-pid, SIGKILL) }
            ChildProcess.running.withLock { _ = $0.remove(pid) }
            return first ?? .stopped
        }
    }

    private func launch(_ output: OutputTail, started: @Sendable (pid_t) -> Void) async -> JobEnding
    {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: grace)
        ]
        let updates = environment.map {
            (Environment.Key(stringLiteral: $0.key), Optional($0.value))
        }
        do {
            let result = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments),
                environment: .inherit.updating(Dictionary(updates) { $1 }),
                workingDirectory: FilePath(folder),
                platformOptions: options, input: .none, output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                started(execution.processIdentifier.value)
                for try await buffer in execution.standardOutput {
                    await output.take(buffer.withUnsafeBytes { Array($0) })
                }
                await output.end()
            }
            if Task.isCancelled { return .stopped }
            return .exited(
                result.terminationStatus,
                outOfMemory: OutOfMemory.hasStruck(result.terminationStatus))
        } catch {
            return Task.isCancelled
                ? .stopped : .unstartable(reason: "\(program) can't be started: \(error)")
        }
    }

    private func overstepped(since started: Double, _ process: pid_t) -> JobEnding? {
        if let timeout, monotonicSeconds() - started > timeout.seconds {
            return .ended(reason: "ran longer than \(timeout) (--timeout)")
        }
        guard let memory, process > 0 else { return nil }
        let used = SessionMemory.residentBytes(of: process)
        guard used > memory else { return nil }
        return .ended(
            reason:
                "used \(byteCount(used)) of memory, more than \(byteCount(memory)) (--memory)",
            outOfMemory: true)
    }

    // MARK: All of them

    private static let running = Mutex<Set<pid_t>>([])

    /// Ends all that run, at once: a person asked twice.
    static func killAll() {
        running.withLock { pids in
            for pid in pids { kill(-pid, SIGKILL) }
        }
    }
}

/// Ends all runs of this process at once.
package func killRunningRuns() { ChildProcess.killAll() }

/// How a process ended, as a person would say it.
package func words(_ status: TerminationStatus, outOfMemory: Bool = false) -> String {
    switch status {
    case .exited(127): "ended with exit status 127: a command was not found"
    case .exited(let code): "ended with exit status \(code)"
    case .signaled(let signal):
        switch signal {
        case 4: "killed by signal 4 (SIGILL): the program trapped"
        case 6: "killed by signal 6 (SIGABRT)"
        case 9 where outOfMemory: "killed by the system: out of memory (signal 9, SIGKILL)"
        case 9: "killed by signal 9 (SIGKILL)"
        case 11: "killed by signal 11 (SIGSEGV)"
        case 15: "killed by signal 15 (SIGTERM)"
        default: "killed by signal \(signal)"
        }
    }
}

/// `4.0 GB`.
package func byteCount(_ bytes: Int) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
        value /= 1000
        unit += 1
    }
    return unit == 0
        ? "\(bytes) bytes" : String(format: value < 10 ? "%.1f " : "%.0f ", value) + units[unit]
}
