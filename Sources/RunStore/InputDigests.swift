import Digests
import Files
import Foundation
import Studies
import Synchronization

/// SHA-256 of files. One whose size and time of change stay is not hashed again by this process.
package final class InputDigests: Sendable {
    package static let shared = InputDigests()

    private let known = Mutex<[String: (facts: FileFacts, digest: String)]>([:])

    /// - Returns: nil if there is no regular file, it can't be read, or it is being changed.
    package func digest(_ path: String) -> (facts: FileFacts, digest: String)? {
        guard let facts = FileFacts(path: path) else { return nil }
        if let found = known.withLock({ $0[path] }), found.facts == facts { return found }
        guard let digest = InputDigests.hash(path), FileFacts(path: path) == facts else {
            return nil
        }
        known.withLock { $0[path] = (facts, digest) }
        return (facts, digest)
    }

    private static func hash(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { return hexadecimal(hash.finalize()) }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
