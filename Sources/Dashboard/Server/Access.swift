import Digests
import Foundation

/// Who may see a page: whoever has the address with its token, from a page of this server.
package struct Access: Sendable {
    package let token: String
    /// For changes: a page learns it, another site can't.
    let notesToken: String
    private let cookie: String
    private let cookieName: String
    private let hosts: Set<String>

    /// - Parameters:
    ///   - key: secret of the user; tokens are made from it, so that pages stay good when the
    ///     server starts again.
    ///   - host: what the server listens on.
    package init(key: [UInt8], host: String, port: UInt16) {
        func derived(_ purpose: String) -> String {
            String(
                hexadecimal(SHA256.hash(key + Array("viseme dashboard \(purpose) \(port)".utf8)))
                    .prefix(32))
        }
        (token, cookie, notesToken) = (derived("token"), derived("cookie"), derived("notes"))
        cookieName = "viseme_\(port)"
        hosts = [
            "127.0.0.1", "localhost", "[::1]", host, "[\(host)]",
            ProcessInfo.processInfo.hostName.lowercased(),
        ]
    }

    /// - Returns: the answer to a request that may see nothing, or that brings the token; nil: it may.
    package func reply(to request: HTTPRequest) -> HTTPReply? {
        guard let host = request.headers["host"]?.lowercased(),
            hosts.contains(Access.name(host))
        else {
            // A name of somebody else's that leads here (DNS rebinding).
            return .plain(.forbidden, "this server is not reached by that name")
        }
        if let origin = request.headers["origin"], origin != "http://\(host)" {
            return .plain(.forbidden, "requests of other sites are not answered")
        }
        if let given = request.query["token"] {
            guard Access.isSame(given, token) else { return refusal }
            let path = "/" + request.path.map(Access.escaped).joined(separator: "/")
            var reply = HTTPReply.plain(.seeOther)
            reply.headers += [
                ("Location", path),
                ("Set-Cookie", "\(cookieName)=\(cookie); Path=/; HttpOnly; SameSite=Strict"),
            ]
            return reply
        }
        let cookies = (request.headers["cookie"] ?? "").split(separator: ";").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        return cookies.contains { Access.isSame($0, "\(cookieName)=\(cookie)") } ? nil : refusal
    }

    private var refusal: HTTPReply {
        .plain(
            .forbidden,
            "this page needs the address that `viseme dashboard` printed, with its token")
    }

    /// Without the port.
    private static func name(_ host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[...end]) }
        return String(host.prefix { $0 != ":" })
    }

    static func escaped(_ part: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return part.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    /// In a time that does not depend on where they differ.
    static func isSame(_ a: String, _ b: String) -> Bool {
        let (x, y) = (Array(a.utf8), Array(b.utf8))
        guard x.count == y.count else { return false }
        return zip(x, y).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The user's secret: kept in a file that only the user can read; a new one where none can be
    /// kept.
    static func key() -> [UInt8] {
        let environment = ProcessInfo.processInfo.environment
        let state =
            environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].map { $0 + "/.local/state" }
        var random = SystemRandomNumberGenerator()
        let made = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        guard let state else { return made }
        let file = state + "/viseme/dashboard.key"
        if let found = privateFile(file) { return found }
        // Without a folder there is no file; the key then lasts as long as the program.
        try? FileManager.default.createDirectory(
            atPath: state + "/viseme", withIntermediateDirectories: true)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return privateFile(file) ?? made }
        defer { close(descriptor) }
        _ = made.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        return made
    }

    /// The contents of a file that is the user's own and that nobody else can read.
    private static func privateFile(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_uid == getuid(), facts.st_mode & 0o077 == 0,
            facts.st_size == 32
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        return read(descriptor, &bytes, 32) == 32 ? bytes : nil
    }
}
