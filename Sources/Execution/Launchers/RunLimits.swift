import Studies

/// What a sweep allows its runs.
package struct RunLimits: Sendable, Equatable {
    /// Longest time of one try.
    package var timeout: Duration?
    /// Most bytes of resident memory.
    package var memory: Int?
    /// Time between the request to end and the end by force; nil: 30 s, and without a limit for a
    /// worker that keeps a checkpoint because the sweep ends.
    package var grace: Duration?
    /// Whether what is stored is set aside and trained again.
    package var startsAfresh = false
    /// Tries after the first, each from the last checkpoint.
    package var retries = 0
    /// Factor of `memory` for the attempt after one that used too much; nil: the same memory.
    package var memoryFactor: Double?
    /// Whether an attempt that used too much memory is the last: a job of a scheduler can't get
    /// more.
    package var hasFixedMemory = false
    /// What a run that fails means for the others.
    package enum FailurePolicy: Sendable {
        /// The first ends the sweep.
        case failFast
        /// The sweep ends if the first three runs that end fail for one reason: the others would
        /// too.
        case stopIfAllAlike
        case keepGoing
    }

    package var failurePolicy = FailurePolicy.stopIfAllAlike

    /// So many runs that fail for one reason, before any succeeds, end the sweep; nil: none do.
    package var alikeFailures: Int? {
        switch failurePolicy {
        case .failFast: 1
        case .stopIfAllAlike: Scheduler.alikeFailures
        case .keepGoing: nil
        }
    }

    package init() {}

    /// Those of a recipe.
    package init(_ resources: Resources) {
        timeout = resources.time.map { .milliseconds(Int($0 * 1000)) }
        memory = resources.memory
        retries = resources.retries ?? 0
        memoryFactor = resources.memoryFactor
    }

    /// After an attempt that was given `bytes` and used them up.
    package mutating func raiseMemory(above bytes: Int?) {
        guard let bytes, let memoryFactor, let memory, !hasFixedMemory else { return }
        self.memory = max(memory, Int((Double(bytes) * memoryFactor).rounded()))
    }
}
