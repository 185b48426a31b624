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

    package init() {}

    /// Those of a recipe.
    package init(_ resources: Resources) {
        timeout = resources.time.map { .milliseconds(Int($0 * 1000)) }
        memory = resources.memory
    }
}
