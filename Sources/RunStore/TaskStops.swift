import Digests
import Files
import Foundation
import Studies

/// Tasks of a scheduler that ended at their wall time before the run did. A run that twice in turn
/// reached no new checkpoint would do so for ever.
package struct TaskStops: Codable, Sendable, Equatable {
    package struct Stop: Codable, Sendable, Equatable {
        /// `12_3 on n1`.
        package var task: String
        /// What was there to resume from, as `StudyFolder.checkpointState` describes it.
        package var checkpoint: String

        package init(task: String, checkpoint: String) {
            (self.task, self.checkpoint) = (task, checkpoint)
        }
    }

    package private(set) var stops: [Stop] = []

    package init() {}

    /// So many tasks in turn may end without a new checkpoint.
    private static let attempts = 2

    package mutating func add(_ stop: Stop) { stops.append(stop) }

    /// Whether another task would end in the same way.
    package var isHopeless: Bool {
        let states = [""] + stops.map(\.checkpoint)
        let isStill = zip(states, states.dropFirst()).map { $0 == $1 }
        return isStill.count >= TaskStops.attempts
            && isStill.suffix(TaskStops.attempts).allSatisfy { $0 }
    }
}

extension StudyFolder {
    package func readStops(_ id: String) -> TaskStops {
        // A record that is missing or damaged counts from anew.
        guard let bytes = try? DurableFile.read(stopsFile(id)) else { return TaskStops() }
        return (try? JSONDecoder().decode(TaskStops.self, from: Data(bytes))) ?? TaskStops()
    }

    /// Records that a task ended before the run did.
    /// - Returns: all stops of the run.
    /// - Throws: `StoreError` if they can't be written.
    @discardableResult
    package func addStop(of id: String, task: String) throws -> TaskStops {
        var stops = readStops(id)
        stops.add(TaskStops.Stop(task: task, checkpoint: checkpointState(id)))
        try write(try RunFile.json(stops) + "\n", to: stopsFile(id))
        return stops
    }

    package func removeStops(_ id: String) { FileManager.default.discard(stopsFile(id)) }

    /// Another text whenever an attempt leaves another checkpoint of a run, whoever has it; empty
    /// if there is none.
    package func checkpointState(_ id: String) -> String {
        var facts: [String] = []
        for name in FileManager.default.names(in: checkpoints) where name.hasPrefix(id) {
            let url = checkpoints.appending(path: name)
            // A file has no paths below it.
            for path in [""] + (FileManager.default.subpaths(atPath: url.path) ?? []) {
                let file = path.isEmpty ? url : url.appending(path: path)
                if let found = FileFacts(file) {
                    facts.append("\(path) \(found.size) \(found.modified)")
                }
            }
        }
        guard !facts.isEmpty else { return "" }
        var hash = SHA256()
        hash.update(facts.sorted().joined(separator: "\n"))
        return hexadecimal(hash.finalize())
    }
}
