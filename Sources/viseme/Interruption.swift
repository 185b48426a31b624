import Dispatch
import Foundation
import Synchronization

/// Ends work on SIGINT and SIGTERM in good order.
enum Interruption {
    enum Ending: Sendable {
        case finished, interrupted
    }

    /// Runs `work`; a signal cancels its task.
    static func watch(_ work: @escaping @Sendable () async -> Void) async -> Ending {
        let interrupted = Atomic(false)
        let task = Task { await work() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                interrupted.store(true, ordering: .relaxed)
                task.cancel()
            }
            source.resume()
            return source
        }
        await task.value
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        return interrupted.load(ordering: .relaxed) ? .interrupted : .finished
    }
}
