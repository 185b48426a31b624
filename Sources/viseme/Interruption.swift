import Dispatch
import Execution
import Foundation
import Studies
import Synchronization

/// Ends work in good order when a signal asks for it.
enum Interruption {
    enum Ending: Sendable {
        case finished, interrupted
    }

    /// Schedulers send SIGUSR1 some time before a job's end.
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1]
    private static let first = Atomic<Int32>(0)
    private static let words = Mutex("")
    static let wordsForRuns =
        "stopping: waiting for runs to save their checkpoints; press Ctrl-C again to stop at once"

    /// The signal that came first; 0 if there was none.
    static var firstSignal: Int32 { first.load(ordering: .relaxed) }
    /// The work that a signal cancels; while there is none, a signal ends the program at once.
    private static let work = Mutex<Task<Void, Never>?>(nil)
    private static let isInterrupted = Atomic(false)
    /// Whether the first signal asks the run of this very process to keep a checkpoint and end.
    private static let isGentle = Atomic(false)
    /// Made once, at the first use, and kept.
    nonisolated(unsafe) private static let sources = signals.compactMap {
        number -> (any DispatchSourceSignal)? in
        // A hang-up that is ignored from the start, as nohup asks, stays so.
        if isIgnored(signal(number, SIG_IGN)) && number == SIGHUP { return nil }
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            let isSecond = isInterrupted.exchange(true, ordering: .relaxed)
            if !isSecond { first.store(number, ordering: .relaxed) }
            if !isSecond && isGentle.load(ordering: .relaxed) { return StopRequest.make() }
            work.withLock { task in
                guard let task, !isSecond else {
                    killRunningRuns()
                    exit(ExitStatus.interrupted.rawValue)
                }
                let message = words.withLock { $0 }
                if !message.isEmpty { complain(message) }
                task.cancel()
            }
        }
        source.resume()
        return source
    }

    private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Runs `body`, which trains; the first signal asks it to keep a checkpoint and end, the second
    /// ends the program.
    static func asking<Result>(_ body: () throws -> Result) rethrows -> Result {
        _ = sources
        isGentle.store(true, ordering: .relaxed)
        defer { isGentle.store(false, ordering: .relaxed) }
        return try body()
    }

    /// Runs `body`; a signal cancels its task.
    /// - Parameter message: is printed then; empty: nothing is.
    static func watch(
        saying message: String = wordsForRuns, _ body: @escaping @Sendable () async -> Void
    ) async -> Ending {
        _ = sources
        words.withLock { $0 = message }
        let task = Task { await body() }
        work.withLock { $0 = task }
        await task.value
        work.withLock { $0 = nil }
        return isInterrupted.load(ordering: .relaxed) ? .interrupted : .finished
    }

    /// Runs `body` to its end, or throws `ExitStatus.interrupted` after a signal.
    static func guarding<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        let ending = await watch {
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
        }
        guard ending == .finished, let result = outcome.withLock({ $0 }) else {
            complain("interrupted")
            throw ExitStatus.interrupted
        }
        return try result.get()
    }
}
