import Files
import Foundation
import Studies

/// Which stored runs of a command were trained from other files than lie there now: a verifying
/// trace ("Build Systems à la Carte", Mokhov, Mitchell and Peyton Jones 2018, section 4.2.2). The
/// content decides; times of change only save hashing.
package struct StaleRuns: Sendable {
    package enum Standing: Sendable, Equatable {
        /// Its inputs are what they were.
        case current
        /// They are not; which, in words.
        case stale(String)
        /// They are not, and a person said why the run stays: what differs, and the reason.
        case accepted(String, reason: String)
        /// Nobody observed what it read.
        case unknown
        /// The repository is not there.
        case notCheckable
    }

    /// Of the runs that are stored, by id; none for a trainer that is no command.
    package let standings: [String: Standing]

    /// Runs that have to be trained again, with what has changed.
    package var stale: [String: String] {
        standings.compactMapValues { if case .stale(let words) = $0 { words } else { nil } }
    }

    /// No run is stale, whatever lies there.
    package static let none = StaleRuns(standings: [:])

    private init(standings: [String: Standing]) { self.standings = standings }

    package init(_ folder: StudyFolder, _ plan: Plan, _ results: StudyResults) {
        guard let command = plan.trainer.command else {
            self = .none
            return
        }
        let comparison = InputComparison(command)
        // A record that can't be read accepts nothing.
        let accepted = (try? AcceptedInputs.read(folder)) ?? []
        var changes: [InputTrace: InputComparison.Change?] = [:]
        var standings: [String: Standing] = [:]
        for result in results.runs.values {
            guard let trace = result.provenance.trace, trace.files > 0 else {
                standings[result.id] = .unknown
                continue
            }
            guard comparison.isPossible else {
                standings[result.id] = .notCheckable
                continue
            }
            let change =
                changes[trace] ?? comparison.change(folder.runFile(result.id), trace)
            changes[trace] = change
            guard let change else {
                standings[result.id] = .current
                continue
            }
            let match = accepted.last { $0.run == result.id && $0.now == change.now }
            standings[result.id] =
                match.map { .accepted(change.words, reason: $0.reason) } ?? .stale(change.words)
        }
        self.standings = standings
    }
}

/// That a run stays although its inputs have changed, because a person said so: `accepted.json`.
package struct AcceptedInputs: Sendable, Equatable, Codable {
    package var run: String
    /// The digest of the inputs that it was trained from, and of those that were accepted.
    package var trained, now: String
    package var changed, reason: String
    /// ISO 8601, UTC.
    package var time: String

    package static func read(_ folder: StudyFolder) throws -> [AcceptedInputs] {
        guard FileManager.default.fileExists(atPath: folder.acceptedInputs.path) else { return [] }
        do {
            return try JSONDecoder().decode(
                [AcceptedInputs].self, from: Data(DurableFile.read(folder.acceptedInputs)))
        } catch let error as DecodingError {
            throw StoreError.unreadable(path: folder.acceptedInputs.path, reason: "\(error)")
        }
    }

    /// Accepts what has changed of some runs.
    /// - Throws: `StoreError`.
    package static func accept(
        _ runs: [RunResult], _ reason: String, time: String, in folder: StudyFolder, _ plan: Plan
    ) throws {
        guard let command = plan.trainer.command else { return }
        let comparison = InputComparison(command)
        let added = runs.compactMap { result -> AcceptedInputs? in
            guard let trace = result.provenance.trace else { return nil }
            return comparison.change(folder.runFile(result.id), trace).map {
                AcceptedInputs(
                    run: result.id, trained: trace.digest, now: $0.now, changed: $0.words,
                    reason: reason, time: time)
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let all = try read(folder) + added
        try DurableFile.write(
            Array((try encoder.encode(all)) + Data("\n".utf8)), to: folder.acceptedInputs)
    }
}
