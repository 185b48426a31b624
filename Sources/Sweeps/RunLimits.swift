/// What a sweep allows its runs.
public struct RunLimits: Sendable, Equatable {
    /// Longest time of one try.
    public var timeout: Duration?
    /// Most bytes of resident memory.
    public var memory: Int?
    /// Time between the request to end and the end by force; nil: 30 s, and without a limit for a worker that keeps a
    /// checkpoint because the sweep ends.
    public var grace: Duration?
    /// Whether what is stored is set aside and trained again.
    public var startsAfresh = false
    /// Tries after the first, each from the last checkpoint.
    public var retries = 0
    /// Whether the first run that fails ends the sweep.
    public var stopsAtFirstFailure = false

    public init() {}
}
