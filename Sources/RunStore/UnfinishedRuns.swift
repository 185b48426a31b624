import Files
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files of unfinished runs, whoever has them: `running/<id>.journal` of a session that has the
/// whole folder, `running/<id>.<token>.journal` of a worker that shares it.
extension StudyFolder {
    /// Takes over what earlier attempts left of a run: the checkpoint that was written last, with
    /// the journal and the metrics of its writer. Only with the run's lease. What others left goes.
    package func adopt(_ id: String) {
        var changed: [String: Double] = [:]
        for folder in [running, checkpoints] {
            for name in FileManager.default.names(in: folder) {
                guard let found = StudyFolder.holder(ofFile: name, id) else { continue }
                var facts = stat()
                guard stat(folder.appending(path: name).path, &facts) == 0 else { continue }
                let time = Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) / 1e9
                // A checkpoint counts for more than any journal.
                changed[found] = max(
                    changed[found] ?? 0, folder == checkpoints ? time + 1e12 : time)
            }
        }
        let best = changed.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        for other in changed.keys where other != holder {
            var old = self
            old.holder = other
            let files = [
                (old.checkpointFile(id), checkpointFile(id)),
                (old.checkpointFolder(id), checkpointFolder(id)),
                (old.journalFile(id), journalFile(id)), (old.metricsFile(id), metricsFile(id)),
            ]
            for (from, to) in files where access(from.path, F_OK) == 0 {
                if other == best, rename(from.path, to.path) == 0 { continue }
                FileManager.default.discard(from)
            }
            for file in [old.weightsFile(id), old.jobFile(id)] where access(file.path, F_OK) == 0 {
                FileManager.default.discard(file)
            }
        }
    }

    /// The journals of unfinished runs by id; of several of one run the one that grew last.
    func journals() -> [String: URL] {
        var newest: [String: (url: URL, time: Double)] = [:]
        for name in FileManager.default.names(in: running) where name.hasSuffix(".journal") {
            let id = name.split(separator: ".").first.map(String.init) ?? ""
            let url = running.appending(path: name)
            var facts = stat()
            guard newest[id] != nil || name != id + ".journal" else {
                // Most runs have one, without a holder: its time is of no interest.
                newest[id] = (url, 0)
                continue
            }
            guard stat(url.path, &facts) == 0 else { continue }
            let time = Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) / 1e9
            if time >= newest[id]?.time ?? -1 { newest[id] = (url, time) }
        }
        return newest.mapValues(\.url)
    }

    /// Whether a file in `running` or `checkpoints` belongs to a run that is stored.
    func isOfStoredRun(_ name: String) -> Bool {
        let id = name.split(separator: ".").first.map(String.init) ?? ""
        return access(runFile(id).path, F_OK) == 0
    }

    /// Whose file of a run it is; nil if it is another run's, or a lease.
    private static func holder(ofFile name: String, _ id: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts[0] == id, parts.last != "lease" else { return nil }
        guard parts.count > 1, parts[1].count == 16, parts[1].allSatisfy(\.isHexDigit) else {
            return ""
        }
        return parts[1]
    }
}
