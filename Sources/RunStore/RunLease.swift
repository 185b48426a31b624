import Dispatch
import Files
import Foundation
import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The lease of one run: who trains it, on whatever machine that shares the study's folder. The file
/// `running/<id>.lease` is published by `link`, which is atomic on local and shared file systems:
/// the first one has the run. Its owner touches it now and then. On the same host an open lock shows
/// at once whether the owner lives.
///
/// Two owners of one run may still be alive for a moment, after a long pause of the first. Nothing
/// depends on that: their journals and checkpoints have names of their own, and the run file is
/// published by the first that has it.
package final class RunLease: Sendable {
    /// Seconds without a sign of life after which an owner on another host counts as gone.
    package static let length =
        Double(environment("VISEME_LEASE")).flatMap { $0 >= 1 && $0.isFinite ? $0 : nil } ?? 120
    /// Seconds between two signs of life.
    package static var heartbeat: Double { max(0.5, length / 12) }
    /// Clocks of two hosts may differ by so many seconds: a lease that is older than this and its
    /// length has surely ended.
    private static let clockDifference = 1800.0

    package let owner: Claim.Owner
    /// Whether it was taken over from an owner that is gone.
    package let isTakenOver: Bool
    private let file: URL
    private let descriptor: Int32

    private static func environment(_ name: String) -> String {
        ProcessInfo.processInfo.environment[name] ?? ""
    }

    private init(_ file: URL, _ owner: Claim.Owner, _ descriptor: Int32, isTakenOver: Bool) {
        (self.file, self.owner, self.descriptor) = (file, owner, descriptor)
        self.isTakenOver = isTakenOver
    }

    /// The lease ends with its owner's object, unless somebody else has taken it over.
    deinit {
        if RunLease.owner(of: file)?.token == owner.token { unlink(file.path) }
        close(descriptor)
    }

    /// A sign of life.
    /// - Returns: whether the lease is still this owner's.
    @discardableResult
    package func renew() -> Bool {
        futimens(descriptor, nil)
        return RunLease.owner(of: file)?.token == owner.token
    }

    // MARK: Taking

    /// What an owner on another host was last seen to do: a lease without a sign of life for its
    /// whole length, as one's own clock has it, has ended. Clocks of two hosts are not compared.
    package struct Watch: Sendable {
        private var seen: [String: (sign: [Int], at: Double)] = [:]

        package init() {}

        /// Whether the lease of a run has shown no sign of life for so long.
        fileprivate mutating func hasEnded(_ id: String, _ sign: [Int]) -> Bool {
            let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
            guard let before = seen[id], before.sign == sign else {
                seen[id] = (sign, now)
                return false
            }
            return now - before.at >= RunLease.length
        }
    }

    /// Takes the lease of a run, or leaves it to its living owner.
    /// - Returns: nil if another has it.
    /// - Throws: `StoreError` if it can't be written.
    package static func take(
        _ id: String, in folder: StudyFolder, as owner: Claim.Owner, watch: inout Watch
    ) throws -> RunLease? {
        let file = folder.leaseFile(id)
        if let lease = try publish(file, owner) { return lease }
        guard isOver(file, id, &watch) else { return nil }
        // Only one of several takers moves the old lease away, and sees that it was the old one.
        guard let old = RunLease.owner(of: file) else { return try publish(file, owner) }
        let aside = file.deletingLastPathComponent().appending(
            path: ".\(id).\(owner.token).lease.tmp")
        guard rename(file.path, aside.path) == 0 else { return nil }
        defer { unlink(aside.path) }
        guard RunLease.owner(of: aside)?.token == old.token else {
            // Another taker was faster: its lease goes back, unless a third is there by now.
            link(aside.path, file.path)
            return nil
        }
        return try publish(file, owner, isTakenOver: true)
    }

    /// Whether somebody alive has the run.
    package static func isHeld(_ id: String, in folder: StudyFolder) -> Bool {
        var watch = Watch()
        let file = folder.leaseFile(id)
        return access(file.path, F_OK) == 0 && !isOver(file, id, &watch)
    }

    /// Whether this owner, on this host, still has the run, and lives.
    package static func isHeld(_ id: String, in folder: StudyFolder, by token: String) -> Bool {
        let file = folder.leaseFile(id)
        guard let owner = owner(of: file), owner.token == token else { return false }
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Where locks do not work, the process itself is looked for.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 || kill(owner.process, 0) == 0
    }

    /// The owners of all leases in a folder that are not known to be over, by run.
    package static func owners(in folder: StudyFolder) -> [String: Claim.Owner] {
        var owners: [String: Claim.Owner] = [:]
        for name in FileManager.default.names(in: folder.running) where name.hasSuffix(".lease") {
            let id = String(name.dropLast(".lease".count))
            if !name.hasPrefix("."), isHeld(id, in: folder) {
                owners[id] = owner(of: folder.leaseFile(id))
            }
        }
        return owners
    }

    /// A new file, locked, with the owner in it, under the lease's name.
    private static func publish(
        _ file: URL, _ owner: Claim.Owner, isTakenOver: Bool = false
    ) throws -> RunLease? {
        let folder = file.deletingLastPathComponent()
        FileManager.default.ensureFolder(folder)
        let own = folder.appending(path: ".\(file.lastPathComponent).\(owner.token).tmp")
        let descriptor = open(own.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: own.path, reason: systemProblem())
        }
        defer { unlink(own.path) }
        do {
            try DurableFile.writeAll(Array(try RunFile.json(owner).utf8), descriptor, own)
        } catch {
            close(descriptor)
            throw error
        }
        // Where locks do not work, the heartbeat decides.
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        guard link(own.path, file.path) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EEXIST else {
                throw StoreError.unwritable(
                    path: file.path, reason: String(cString: strerror(code)))
            }
            return nil
        }
        return RunLease(file, owner, descriptor, isTakenOver: isTakenOver)
    }

    /// Whether a lease is known to be over.
    private static func isOver(_ file: URL, _ id: String, _ watch: inout Watch) -> Bool {
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return false }
        guard let owner = owner(of: file) else {
            // An incomplete file is a lease whose writer was killed: it was linked complete.
            return true
        }
        if owner.host == Claim.host, owner.boot == Claim.boot {
            // The lock of a living owner can't be had.
            if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return kill(owner.process, 0) != 0 }
            return false
        }
        let sign = [Int(facts.st_ino), Int(facts.st_mtim.tv_sec), Int(facts.st_mtim.tv_nsec)]
        let age = Date().timeIntervalSince1970 - Double(facts.st_mtim.tv_sec)
        return watch.hasEnded(id, sign) || age > length + clockDifference
    }

    private static func owner(of file: URL) -> Claim.Owner? {
        // A lease that is gone has no owner.
        guard let data = try? Data(contentsOf: file), data.count < 4096 else { return nil }
        return try? JSONDecoder().decode(Claim.Owner.self, from: data)
    }
}
