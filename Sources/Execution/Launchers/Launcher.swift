/// Starts the processes of runs somewhere, and reports what becomes of them. The run file decides
/// first: a stored run is done whatever a launcher says.
package protocol Launcher: Sendable {
    /// As handles name it.
    var name: String { get }
    /// Jobs that it takes at once.
    var capacity: Int { get }

    /// Starts jobs, or queues them.
    /// - Returns: a handle for each, in their order.
    /// - Throws: if a job can't be submitted; then none of them is.
    func submit(_ jobs: [Job]) async throws -> [JobHandle]

    /// What becomes of the jobs; each ends exactly once. There is one reader.
    var events: AsyncStream<JobEvent> { get }

    func states(_ handles: [JobHandle]) async throws -> [JobHandle: JobState]

    /// Asks jobs to end, and kills them after `grace`, or after their own if it is nil. Their ends
    /// are events as any others.
    func cancel(_ handles: [JobHandle], grace: Duration?) async
}
