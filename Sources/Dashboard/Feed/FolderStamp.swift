import Foundation
import RunStore

/// What shows that something in a study's folder has changed: sizes and times of files and folders.
struct FolderStamp: Equatable {
    struct Facts: Equatable {
        let size, seconds, nanoseconds: Int

        init?(_ url: URL) {
            var facts = stat()
            guard lstat(url.path, &facts) == 0 else { return nil }
            #if canImport(Darwin)
                let modified = facts.st_mtimespec
            #else
                let modified = facts.st_mtim
            #endif
            size = Int(facts.st_size)
            (seconds, nanoseconds) = (modified.tv_sec, modified.tv_nsec)
        }
    }

    let plan, notes: Facts?
    private let places: [Facts?]
    /// Files of runs that are under way, as they grow.
    private let running: [String: Facts]

    init(_ folder: StudyFolder) {
        plan = Facts(folder.plan)
        notes = Facts(folder.notes)
        places = [folder.runs, folder.failed, folder.running].map(Facts.init)
        let names = FileManager.default.names(in: folder.running)
        running = Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                Facts(folder.running.appending(path: name)).map { (name, $0) }
            })
    }
}
