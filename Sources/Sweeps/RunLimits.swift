/// What a sweep allows its runs.
public struct RunLimits: Sendable, Equatable {
    /// Longest time of one try.
    public var timeout: Duration?
    /// Tries after the first, each from the last checkpoint.
    public var retries = 0
    /// Whether the first run that fails ends the sweep.
    public var stopsAtFirstFailure = false

    public init() {}
}
