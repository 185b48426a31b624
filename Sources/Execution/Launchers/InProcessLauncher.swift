import Foundation
import Synchronization

/// Runs jobs as tasks of this process: for tests of all that a launcher is used by.
package final class InProcessLauncher: Launcher {
    package let name = "in-process"
    package let capacity: Int
    package let events: AsyncStream<JobEvent>

    private let sink: AsyncStream<JobEvent>.Continuation
    private let body: @Sendable (Job) async -> JobEnding
    private let running = Mutex<[JobHandle: Task<Void, Never>]>([:])

    /// - Parameter body: takes the place of the process; it returns soon after its task is
    ///   cancelled.
    package init(capacity: Int, _ body: @escaping @Sendable (Job) async -> JobEnding) {
        self.capacity = capacity
        self.body = body
        (events, sink) = AsyncStream.makeStream()
    }

    package func submit(_ jobs: [Job]) async -> [JobHandle] {
        jobs.map { job in
            let handle = JobHandle(
                launcher: name, run: job.run, attempt: job.attempt, id: UUID().uuidString)
            running.withLock { running in
                running[handle] = Task {
                    sink.yield(.started(handle))
                    let ending = await body(job)
                    self.running.withLock { _ = $0.removeValue(forKey: handle) }
                    sink.yield(
                        .ended(
                            EndedJob(handle: handle, ending: Task.isCancelled ? .stopped : ending)))
                }
            }
            return handle
        }
    }

    package func states(_ handles: [JobHandle]) async -> [JobHandle: JobState] {
        running.withLock { running in
            Dictionary(handles.map { ($0, running[$0] == nil ? .gone : .running) }) { first, _ in
                first
            }
        }
    }

    package func cancel(_ handles: [JobHandle], grace: Duration?) async {
        running.withLock { running in
            for handle in handles { running[handle]?.cancel() }
        }
    }
}
