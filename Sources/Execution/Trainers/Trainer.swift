import Foundation
import Recipes
import RunStore
import Studies

/// What turns a run into a result: the built-in networks, or a command. It answers for its keys,
/// metrics, best epoch and files; nobody outside this module asks which trainer it is.
package protocol Trainer: Sendable {
    /// Its name, keys and metrics.
    var declaration: TrainerDeclaration { get }

    /// What a run needs of the machine.
    var needs: ResourceNeeds { get }

    /// Whether a run can be stopped at any time without losing more than a moment of its work.
    var resumesAnywhere: Bool { get }

    /// About how many bytes the file of a run will have; nil if nothing is known.
    func storedBytes(_ run: Run, in plan: Plan) -> Int?

    /// What is known of the runs without decoding or writing anything.
    /// - Returns: nil if their data have to be prepared first.
    /// - Throws: as `prepare`.
    func known(_ runs: [RunDraft], cache: URL) throws -> Prepared?

    /// Prepares the data of the runs, and checks what only the data show.
    /// - Parameters:
    ///   - cache: a folder for decoded clips.
    ///   - progress: how many of how many clips are decoded.
    /// - Throws: `ClipError`, `StoreError` or `WeightMismatch`.
    func prepare(
        _ runs: [RunDraft], cache: URL, progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> Prepared

    /// The identities of runs that share a configuration, a metric and data.
    /// - Parameters:
    ///   - initialWeights: digest of the weights they start from; nil if they are drawn.
    ///   - numerics: the numerics revision they are computed with.
    func identityForm(
        _ configuration: Configuration, axes: [String], metric: Metric, data: String,
        initialWeights: String?,
        numerics: Int
    ) -> IdentityForm

    /// The process of one attempt. What the run's files need is made ready.
    /// - Throws: if the run can't be started; a `RunFailure` says whether another attempt is worth
    ///   it.
    func job(_ run: Run, _ attempt: Attempt, in context: StudyContext) throws -> Job

    /// Takes in what a run under way has reported since the last call; called several times a
    /// second.
    /// - Throws: if it has broken a rule: the run is ended, and has failed for this reason.
    /// - Returns: what a person should know now.
    func observe(_ run: Run) throws -> String?

    /// The result of a run whose job has ended; its file is stored.
    /// - Throws: `RunFailure` if there is no result.
    func collect(_ run: Run, _ ended: EndedJob, in context: StudyContext) throws -> RunResult

    /// The run has no result, for this reason; nil if it was stopped. What it needs to be resumed
    /// stays.
    func release(_ run: Run, reason: String?)
}

/// What one run needs of the machine.
package struct ResourceNeeds: Sendable, Equatable {
    package var gpus = 0
    /// Threads that its sums depend on; nil if they do not.
    package var threads: Int?

    package init(gpus: Int = 0, threads: Int? = nil) { (self.gpus, self.threads) = (gpus, threads) }
}

/// Runs that are ready to be identified.
package struct Prepared: Sendable, Equatable {
    /// Of each run, in their order.
    package var data: [RunData]
    /// Digest of the weights that all start from; nil if they are drawn.
    package var initialWeights: String?
    /// What a person should know of the data, in words.
    package var notes: [String]

    package init(data: [RunData], initialWeights: String? = nil, notes: [String] = []) {
        (self.data, self.initialWeights, self.notes) = (data, initialWeights, notes)
    }
}

/// The study that a job belongs to.
package struct StudyContext: Sendable {
    package var plan: Plan
    package var folder: StudyFolder
    /// The executable that knows `worker`.
    package var program: URL
    package var provenance: Provenance
    /// Of each run.
    package var threads: Int
    package var limits: RunLimits
    /// Token of the session's claim.
    package var claim: String { owner.token }
    /// Who works: the owner of the leases of runs.
    package var owner: Claim.Owner

    package init(
        plan: Plan, folder: StudyFolder, program: URL, provenance: Provenance, threads: Int,
        limits: RunLimits = RunLimits(), owner: Claim.Owner = .this()
    ) {
        self.plan = plan
        self.folder = folder
        self.program = program
        self.provenance = provenance
        self.threads = threads
        self.limits = limits
        self.owner = owner
    }
}

/// One of the attempts to train a run.
package struct Attempt: Sendable, Equatable {
    /// Why earlier attempts failed, those of earlier sessions among them.
    package var failures: [String]
    /// From 1.
    package var number: Int { failures.count + 1 }

    package init(failures: [String] = []) { self.failures = failures }
}

/// Why an attempt has no result.
package enum RunFailure: Error, Sendable, Equatable {
    /// It was asked to stop, and can be resumed.
    case stopped
    /// If it is final, another attempt would fail in the same way.
    case failed(reason: String, isFinal: Bool = false)
}

extension Trainer {
    package var schema: ParameterSchema { declaration.schema }
    package var metrics: MetricSet { declaration.metrics }

    package var resumesAnywhere: Bool { false }
    package func storedBytes(_ run: Run, in plan: Plan) -> Int? { nil }
    package func observe(_ run: Run) throws -> String? { nil }
    package func release(_ run: Run, reason: String?) {}

    /// The identity of a run of a plan.
    package func identity(of run: Run, in plan: Plan) -> Identity {
        identityForm(
            Configuration(plan.settings, schema: schema), axes: plan.axes, metric: plan.metric,
            data: run.data.digest,
            initialWeights: plan.initialWeights, numerics: plan.numerics
        ).identity(run.setting)
    }

    /// Every key of a run of a plan.
    package func configuration(of run: Run, in plan: Plan) -> Configuration {
        Configuration(plan.settings, schema: schema).at(run.setting)
    }
}
