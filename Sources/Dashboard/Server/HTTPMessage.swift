import Foundation

/// A request for a page, as far as this server understands HTTP/1.1 (RFC 9112): a head of at most
/// 16 KB and a body of at most 64 KB whose length is given.
package struct HTTPRequest: Sendable, Equatable {
    package enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST" }

    package var method: Method
    /// Parts of the path between slashes, without percent signs.
    package var path: [String]
    package var query: [String: String]
    /// By name in lower case.
    package var headers: [String: String]
    var body: [UInt8] = []

    static let headLimit = 16 << 10
    static let bodyLimit = 64 << 10

    var keepsConnection: Bool { headers["connection"]?.lowercased() != "close" }

    /// How long the body is that follows the head.
    package let bodyLength: Int

    /// What is wrong with a request: the status to answer with.
    package struct Malformed: Error { package let status: HTTPReply.Status }

    /// - Parameter head: the lines up to the empty one, with their ends.
    /// - Throws: `Malformed`.
    package init(head: [UInt8]) throws(Malformed) {
        // Bytes outside of ASCII belong in no head.
        guard head.allSatisfy({ $0 < 0x7F && ($0 >= 0x20 || $0 == 9 || $0 == 10 || $0 == 13) })
        else { throw Malformed(status: .badRequest) }
        var lines = String(decoding: head, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { throw Malformed(status: .badRequest) }
        let first = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard first.count == 3, first[2] == "HTTP/1.1" || first[2] == "HTTP/1.0",
            first[1].hasPrefix("/")
        else { throw Malformed(status: .badRequest) }
        guard let method = Method(rawValue: String(first[0])) else {
            throw Malformed(status: .methodNotAllowed)
        }
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { throw Malformed(status: .badRequest) }
            let name = line[..<colon].lowercased()
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            // A header that comes twice could mean one thing here and another elsewhere.
            guard !name.isEmpty, !name.contains(" "), !name.contains("\t"),
                headers.updateValue(value, forKey: name) == nil || name == "accept"
            else { throw Malformed(status: .badRequest) }
        }
        guard headers["transfer-encoding"] == nil else { throw Malformed(status: .notImplemented) }
        let length = headers["content-length"] ?? "0"
        guard length.allSatisfy({ $0.isASCII && $0.isNumber }), let bytes = Int(length) else {
            throw Malformed(status: .badRequest)
        }
        guard bytes <= HTTPRequest.bodyLimit else { throw Malformed(status: .contentTooLarge) }
        let target = first[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = HTTPRequest.path(target[0]),
            let query = HTTPRequest.query(target.count > 1 ? target[1] : "")
        else { throw Malformed(status: .badRequest) }
        (self.method, self.path, self.query, self.headers) = (method, path, query, headers)
        bodyLength = bytes
    }

    /// Nil where an escape is none, or a part would leave its folder.
    private static func path(_ text: Substring) -> [String]? {
        var parts: [String] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: true) {
            guard let plain = part.removingPercentEncoding, plain != "..", plain != ".",
                !plain.contains("/"), !plain.contains("\0")
            else { return nil }
            parts.append(plain)
        }
        return parts
    }

    private static func query(_ text: Substring) -> [String: String]? {
        var found: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = String(parts[0]).removingPercentEncoding,
                let value = (parts.count > 1 ? String(parts[1]) : "").removingPercentEncoding
            else { return nil }
            found[name] = value
        }
        return found
    }
}

/// An answer.
package struct HTTPReply: Sendable {
    package enum Status: String, Sendable {
        case ok = "200 OK"
        case seeOther = "303 See Other"
        case badRequest = "400 Bad Request"
        case forbidden = "403 Forbidden"
        case notFound = "404 Not Found"
        case methodNotAllowed = "405 Method Not Allowed"
        case requestTimeout = "408 Request Timeout"
        case contentTooLarge = "413 Content Too Large"
        case headersTooLarge = "431 Request Header Fields Too Large"
        case internalError = "500 Internal Server Error"
        case notImplemented = "501 Not Implemented"
        case unavailable = "503 Service Unavailable"
    }

    enum Body: Sendable {
        case bytes([UInt8])
        /// Goes on until the sequence or the connection ends.
        case stream(AsyncStream<[UInt8]>)
    }

    package var status: Status
    package var headers: [(name: String, value: String)]
    var body: Body

    init(_ status: Status, _ type: String, _ body: [UInt8], headers: [(String, String)] = []) {
        self.status = status
        self.headers = [("Content-Type", type)] + headers
        self.body = .bytes(body)
    }

    init(stream: AsyncStream<[UInt8]>) {
        status = .ok
        headers = [("Content-Type", "text/event-stream")]
        body = .stream(stream)
    }

    /// A short page of plain text.
    static func plain(_ status: Status, _ words: String = "") -> HTTPReply {
        HTTPReply(
            status, "text/plain; charset=utf-8",
            Array((words.isEmpty ? status.rawValue : words).utf8 + [0x0A]))
    }

    func head(keepsConnection: Bool) -> Data {
        var lines = ["HTTP/1.1 \(status.rawValue)"]
        // Values come from this program; none has an end of line.
        lines += headers.map { "\($0.name): \($0.value)" }
        lines += [
            "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin",
            "Cross-Origin-Opener-Policy: same-origin", "X-Frame-Options: DENY",
        ]
        if case .bytes(let bytes) = body { lines.append("Content-Length: \(bytes.count)") }
        lines.append("Connection: \(keepsConnection ? "keep-alive" : "close")")
        return Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
