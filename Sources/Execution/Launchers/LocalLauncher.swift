import Foundation
import Studies
import Subprocess
import Synchronization

/// Starts jobs as processes of this machine, each in a session of its own.
package final class LocalLauncher: Launcher {
    package let name = "local"
    package let capacity: Int
    package let events: AsyncStream<JobEvent>

    private let sink: AsyncStream<JobEvent>.Continuation
    private let gpus: GPUPool
    private let isEchoed: Bool
    private let running = Mutex<[JobHandle: Task<Void, Never>]>([:])

    /// - Parameters:
    ///   - capacity: jobs at once.
    ///   - gpus: the graphics processors that are handed out.
    ///   - isEchoed: whether what jobs print is printed here too.
    package init(capacity: Int, gpus: GPUPool = GPUPool([]), isEchoed: Bool = false) {
        self.isEchoed = isEchoed
        self.capacity = capacity
        self.gpus = gpus
        (events, sink) = AsyncStream.makeStream()
        OutOfMemory.begin()
        OrphanProcesses.adopt()
    }

    package func submit(_ jobs: [Job]) async throws -> [JobHandle] { jobs.map(start) }

    private func start(_ job: Job) -> JobHandle {
        let devices = gpus.take(job.gpus)
        let handle = JobHandle(
            launcher: name, run: job.run, attempt: job.attempt, id: LocalLauncher.nextID(),
            devices: devices)
        // The task waits for its own entry: a process may end before `start` returns.
        running.withLock { running in
            running[handle] = Task { await run(job, handle) }
        }
        return handle
    }

    private func run(_ job: Job, _ handle: JobHandle) async {
        var environment = job.environment
        if job.gpus > 0 {
            environment["CUDA_VISIBLE_DEVICES"] = handle.devices.joined(separator: ",")
        }
        var child = ChildProcess(
            program: job.program, arguments: job.arguments, environment: environment,
            folder: job.folder,
            timeout: job.timeout.map { .seconds($0) }, memory: job.memory)
        child.grace = .seconds(job.grace)
        let tail = OutputTail(isEchoed: isEchoed, tap: job.tap)
        let ending = await child.run(output: tail) { [sink] _ in sink.yield(.started(handle)) }
        OrphanProcesses.end(ofRun: job.run)
        gpus.give(handle.devices)
        running.withLock { _ = $0.removeValue(forKey: handle) }
        sink.yield(.ended(EndedJob(handle: handle, ending: ending, output: await tail.text)))
    }

    package func states(_ handles: [JobHandle]) async -> [JobHandle: JobState] {
        running.withLock { running in
            Dictionary(handles.map { ($0, running[$0] == nil ? .gone : .running) }) { first, _ in
                first
            }
        }
    }

    /// A process ends by its job's own grace.
    package func cancel(_ handles: [JobHandle], grace: Duration? = nil) async {
        running.withLock { running in
            for handle in handles { running[handle]?.cancel() }
        }
    }

    private static let counter = Atomic<Int>(0)

    /// Unique in this process.
    private static func nextID() -> String {
        "\(ProcessInfo.processInfo.processIdentifier).\(counter.add(1, ordering: .relaxed).newValue)"
    }
}
