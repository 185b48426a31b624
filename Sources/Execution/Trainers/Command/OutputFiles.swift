import Foundation
import RunStore
import Studies

/// Where a command's run leaves its files: a folder of its own, and the repository if it works there.
struct OutputFiles: Sendable {
    /// The run's own folder: the working folder, or `{output}`.
    let own: URL
    /// The folder of the repository, where the command is started there.
    let shared: URL?
    /// Files of the shared folder that were not changed since are of other runs.
    private let started: Date

    init(_ command: TrainerCommand, of run: Run, in folder: StudyFolder, started: Date) {
        own = folder.workFolder(run.id).standardizedFileURL
        let recipe = URL(filePath: command.folder)
        shared = command.worksInRepository ? Repository.root(of: recipe) ?? recipe : nil
        self.started = started
    }

    /// One folder alone.
    init(_ folder: URL) { (own, shared, started) = (folder, nil, .distantPast) }

    /// Where the command is started.
    var workingFolder: URL { shared ?? own }

    /// Files of this run by a pattern: of its own folder, else of the shared one.
    func matching(_ pattern: FilePattern) -> [URL] {
        let found = pattern.files(in: own)
        guard found.isEmpty, let shared else { return found }
        return pattern.files(in: shared).filter { file in
            guard let facts = FileFacts(file) else { return false }
            return Double(facts.modified) / 1e9 >= started.timeIntervalSince1970
        }
    }

    /// A file by its path; in its own folder, else in the shared one.
    func file(_ path: String) -> URL {
        let file = own.appending(path: path)
        guard let shared, access(file.path, F_OK) != 0 else { return file }
        return shared.appending(path: path)
    }

    /// Whether others may write a file too.
    func isShared(_ file: URL) -> Bool { !file.path.hasPrefix(own.path + "/") }

    /// The path below the folder that it is in; nil if it is in neither.
    func relative(_ file: URL) -> String? {
        for folder in [own, shared].compactMap({ $0 }) where file.path.hasPrefix(folder.path + "/")
        {
            return String(file.path.dropFirst(folder.path.count + 1))
        }
        return nil
    }
}
