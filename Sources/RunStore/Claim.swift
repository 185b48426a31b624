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

/// The lease of a study's folder: one session works in it at a time. The file `.lock` names its
/// owner; the owner keeps it locked, which on the same host shows at once whether the owner lives,
/// and touches it now and then, which is what other hosts go by.
package final class Claim: Sendable {
    package struct Owner: Codable, Sendable, Equatable {
        package var host: String
        /// Of the running kernel: after a restart of the host, no earlier process exists.
        package var boot: String
        package var process: Int32
        /// Random: a later session of the same process number is another owner.
        package var token: String
        /// Of a scheduler's job, as it names it; nil outside of one.
        package var job: String?

        /// This process, with a token of its own.
        package static func this(job: String? = nil) -> Owner {
            Owner(
                host: Claim.host, boot: Claim.boot, process: getpid(), token: randomName(),
                job: job)
        }
    }

    /// Another session holds the claim.
    package struct Taken: UserError {
        package let path: String
        package let owner: Owner?

        package var place: String { path }
        package var rule: String {
            "another sweep is running in this folder"
                + (owner.map { " (process \($0.process) on \($0.host))" } ?? "")
        }
        package var remedy: String { "wait for it, or choose another folder with --results" }
    }

    /// Seconds without a sign of life after which an owner on another host counts as gone.
    package static let leaseLength = 120.0
    /// Seconds between two signs of life.
    package static let heartbeat = 10.0

    private let descriptor: Int32
    package let owner: Owner

    /// - Throws: `Taken`; `StoreError` if the file can't be written.
    package init(_ folder: StudyFolder) throws {
        let file = folder.claim
        descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o666)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
        owner = .this()
        // Whoever asks for the state of a study holds the lock for a moment too.
        guard lockPatiently(descriptor) else {
            let other = Claim.readOwner(descriptor)
            close(descriptor)
            throw Taken(path: folder.url.path, owner: other)
        }
        if let other = Claim.readOwner(descriptor), other.host != owner.host,
            Claim.age(descriptor) < Claim.leaseLength
        {
            close(descriptor)
            throw Taken(path: folder.url.path, owner: other)
        }
        let bytes = Array(try RunFile.json(owner).utf8)
        do {
            guard ftruncate(descriptor, 0) == 0 else {
                throw StoreError.unwritable(path: file.path, reason: systemProblem())
            }
            try DurableFile.writeAll(bytes, descriptor, file)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// The claim ends with its owner: nothing has to be awaited afterwards.
    deinit {
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    /// A sign of life, for other hosts.
    package func renew() { futimens(descriptor, nil) }

    // MARK: Others' claims

    /// Whether a session works in a folder now.
    package static func isHeld(_ folder: StudyFolder) -> Bool { holder(folder) != nil }

    /// Whether the session with this token still holds a folder: a worker without a session would
    /// train on unseen.
    package static func isHeld(_ folder: StudyFolder, by token: String) -> Bool {
        holder(folder)?.token == token
    }

    /// The owner of a folder; nil if it has none.
    package static func holder(_ folder: StudyFolder) -> Owner? {
        let descriptor = open(folder.claim.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let owner = readOwner(descriptor) else { return nil }
        if owner.host == host {
            guard owner.boot == boot, flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
            return owner
        }
        return age(descriptor) < leaseLength ? owner : nil
    }

    /// Nil if the file names no owner: the last one has ended normally, or it is not a regular
    /// file.
    private static func readOwner(_ descriptor: Int32) -> Owner? {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        // A file of an earlier program, or an incomplete one, names no owner.
        return try? JSONDecoder().decode(Owner.self, from: Data(bytes[..<count]))
    }

    /// Seconds since the last sign of life.
    private static func age(_ descriptor: Int32) -> Double {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return .infinity }
        #if canImport(Darwin)
            let seconds = facts.st_mtimespec.tv_sec
        #else
            let seconds = facts.st_mtim.tv_sec
        #endif
        return Date().timeIntervalSince1970 - Double(seconds)
    }

    static let host: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// Empty where the system does not say: then a lock alone decides.
    static let boot =
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
        .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
}
