import Files
import Foundation
import Studies

/// What has become of a study's runs at one moment: a plain value, without words.
package struct StudyStatus: Sendable {
    package let name: String
    package let metric: Metric
    /// In the order of the plan.
    package let runs: [RunStatus]
    /// Whether a session works on it.
    package let isWorking: Bool
    /// Ids of the runs that the session is to train; nil: all that are missing.
    package let wanted: Set<String>?
    /// Where planned runs wait, in words, by id: of a scheduler.
    package var places: [String: String] = [:]
    /// What has changed of the inputs of stored runs, in words, by id.
    package var stale: [String: String] = [:]
    /// What people say of the runs.
    package var notes = StudyNotes()

    package var running: [RunStatus] {
        runs.filter { if case .running = $0.state { true } else { false } }
    }

    package func count(_ kind: RunStatus.Kind) -> Int { runs.count { $0.state.kind == kind } }

    /// Seconds until all planned runs are done, by the runs so far; nil if nothing is known, or
    /// nothing runs.
    package var secondsLeft: Double? {
        var took: [Double] = []
        var begun = 0.0
        var runningCount = 0
        for run in runs {
            if case .completed(let result) = run.state { took.append(result.seconds) }
        }
        guard !took.isEmpty else { return nil }
        let mean = took.reduce(0, +) / Double(took.count)
        for run in runs {
            guard case .running(let progress) = run.state else { continue }
            runningCount += 1
            begun += progress.secondsLeft ?? max(0, mean - progress.seconds)
        }
        guard runningCount > 0 else { return nil }
        let planned = runs.count {
            $0.state.kind == .planned && wanted?.contains($0.run.id) ?? true
        }
        return (Double(planned) * mean + begun) / Double(runningCount)
    }
}

/// One run and its state.
package struct RunStatus: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case planned, running, completed, failed
    }

    package enum State: Sendable {
        /// Not under way; nil if it never was.
        case planned(stopped: RunProgress?)
        case running(Running)
        case completed(RunResult)
        case failed(Failure)

        package var kind: Kind {
            switch self {
            case .planned: .planned
            case .running: .running
            case .completed: .completed
            case .failed: .failed
            }
        }
    }

    /// A run that is under way.
    package struct Running: Sendable {
        package var progress: RunProgress
        /// Since the attempt began.
        package var seconds: Double
        /// Nil if unknown.
        package var secondsLeft: Double?

        package init(_ progress: RunProgress, now: Date) {
            self.progress = progress
            // Without a time of begin nothing has elapsed.
            let started = Date(timestamp: progress.started) ?? now
            seconds = max(0, now.timeIntervalSince(started))
            guard let epochs = progress.epochs, progress.epochsOfAttempt > 0 else { return }
            let perEpoch = progress.seconds / Double(progress.epochsOfAttempt)
            let sinceLast = max(0, seconds - progress.seconds)
            secondsLeft = max(0, perEpoch * Double(epochs - progress.epoch) - sinceLast)
        }
    }

    package enum Failure: Sendable {
        /// A reason outside the run, recorded by the session.
        case recorded(FailureRecord)
        /// Its file can't be read.
        case damaged(reason: String)
    }

    package let run: Run
    package let state: State
}

/// Reads the status of a study again and again: each journal only as far as it grew.
package struct StudyStatusReader: Sendable {
    private let folder: StudyFolder
    private let plan: Plan
    private var journals: [String: (reader: JournalReader, progress: RunProgress)] = [:]

    package init(_ folder: StudyFolder, _ plan: Plan) {
        self.folder = folder
        self.plan = plan
    }

    /// - Parameters:
    ///   - results: the runs that are stored.
    ///   - now: the time that elapsed and remaining times are reckoned from.
    package mutating func status(_ results: StudyResults, now: Date = Date()) -> StudyStatus {
        let begun = folder.journals()
        let failed = ids(folder.failed, ".json")
        let damaged = Dictionary(results.problems.map { ($0.id, $0.reason) }) { first, _ in first }
        journals = journals.filter { begun[$0.key] == $0.value.reader.file }
        let runs = plan.runs.map { run in
            RunStatus(run: run, state: state(run, results, begun, failed, damaged[run.id], now))
        }
        return StudyStatus(
            name: plan.name, metric: plan.metric, runs: runs,
            isWorking: Claim.isHeld(folder) || !RunLease.owners(in: folder).isEmpty,
            wanted: wanted)
    }

    private var wanted: Set<String>? {
        // Most sessions train all that is missing, and have no such file.
        guard let bytes = try? DurableFile.read(folder.wantedRuns) else { return nil }
        return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    private mutating func state(
        _ run: Run, _ results: StudyResults, _ begun: [String: URL], _ failed: Set<String>,
        _ damage: String?, _ now: Date
    ) -> RunStatus.State {
        if let result = results.runs[run.id] { return .completed(result) }
        if let damage { return .failed(.damaged(reason: damage)) }
        let journal = begun[run.id]
        if let journal, Journal.isClaimed(journal) || RunLease.isHeld(run.id, in: folder) {
            return .running(RunStatus.Running(progress(run.id, journal), now: now))
        }
        if failed.contains(run.id), let failure = folder.readFailure(run.id) {
            return .failed(.recorded(failure))
        }
        return .planned(stopped: journal.map { progress(run.id, $0) })
    }

    private mutating func progress(_ id: String, _ file: URL) -> RunProgress {
        var journal = journals[id] ?? (JournalReader(file), RunProgress())
        for record in journal.reader.next() { journal.progress.take(record) }
        journals[id] = journal
        return journal.progress
    }

    /// Names of the files in a folder, without their ending; none if there is no such folder.
    private func ids(_ url: URL, _ ending: String) -> Set<String> {
        let names = FileManager.default.names(in: url)
        return Set(names.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) })
    }
}

// MARK: JSON

extension StudyStatus {
    private struct Row: Encodable {
        let id: String
        let number: Int
        let label, state, metric: String
        var outcome: Outcome?
        var best_epoch: Int?
        var best_value: Double?
        var reason, output: String?
        /// What has changed of its inputs since it was trained.
        var stale: String?
        /// Tags and note of a person.
        var tags: [String]?
        var note: String?
        var tries: Int?
        /// Where it waits, in words.
        var place: String?
        /// Of a run that is not completed: the last epoch, of at most this many, and the metric
        /// there.
        var epoch: Int?
        var epochs: Int?
        /// Where rows are counted by steps.
        var step, steps, best_step: Int?
        var value: Double?
        /// The best value so far, of a run that is not completed.
        var best_so_far: Double?
        var seconds, seconds_left: Double?
    }

    /// `{"recipe", "runs": [{"id", "number", "label", "state", …}]}`.
    package func json() throws -> String {
        struct Listing: Encodable {
            let recipe: String
            let runs: [Row]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let listing = Listing(recipe: name, runs: runs.map(row))
        return String(decoding: try encoder.encode(listing), as: UTF8.self)
    }

    private func row(_ status: RunStatus) -> Row {
        let run = status.run
        var row = Row(
            id: run.id, number: run.number, label: run.label, state: status.state.kind.rawValue,
            metric: metric.name)
        if case .planned = status.state { row.place = places[run.id] }
        if case .completed = status.state { row.stale = stale[run.id] }
        let note = notes[run.id]
        if !note.tags.isEmpty { row.tags = note.tags }
        if !note.text.isEmpty { row.note = note.text }
        func take(_ progress: RunProgress) {
            row.tries = progress.attempt
            if progress.axis == .step {
                (row.step, row.steps) = (progress.epoch, progress.epochs)
            } else {
                (row.epoch, row.epochs) = (progress.epoch, progress.epochs)
            }
            row.value = finite(progress.now(metric.name))
            row.best_so_far = finite(progress.best(metric))
        }
        switch status.state {
        case .completed(let result):
            (row.outcome, row.best_value) = (result.outcome, finite(result.best?.value))
            row.seconds = finite(result.seconds)
            if result.axis == .step {
                (row.best_step, row.step) = (result.best?.step, result.last)
            } else {
                (row.best_epoch, row.epochs) = (result.best?.epoch, result.epochs)
            }
        case .running(let running):
            take(running.progress)
            (row.seconds, row.seconds_left) = (running.seconds, running.secondsLeft)
        case .failed(.damaged(let reason)): row.reason = "its file is damaged: \(reason)"
        case .failed(.recorded(let failure)):
            (row.reason, row.output, row.tries) = (
                failure.reason, failure.output, failure.tries?.count
            )
        case .planned(let stopped): if let stopped { take(stopped) }
        }
        return row
    }

    /// JSON has finite numbers only.
    private func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}
