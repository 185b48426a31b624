import Files
import Foundation
import RunStore

/// Keeps a second sweep out of a study's folder; the kernel lets go of it when the process ends, however it ends.
package final class StudyLock {
    private let descriptor: Int32

    /// - Throws: `StudyLock.Taken` where another process holds it.
    package init(_ folder: StudyFolder) throws {
        let file = folder.url.appending(path: ".lock")
        descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: String(cString: strerror(errno)))
        }
        // Whoever asks for the state of a study holds the lock for a moment too.
        guard lockPatiently(descriptor) else {
            close(descriptor)
            throw Taken(path: folder.url.path)
        }
    }

    deinit {
        close(descriptor)
    }

    package struct Taken: Error, CustomStringConvertible {
        let path: String

        package var description: String {
            "\(path): another sweep works in this folder: wait for it, or give this one another folder with --results"
        }
    }
}

extension StudyLock {
    /// Whether a sweep works in a folder now.
    package static func isTaken(_ folder: StudyFolder) -> Bool {
        let descriptor = open(folder.url.appending(path: ".lock").path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
