import Dashboard
import Testing

private func request(_ text: String) throws -> HTTPRequest {
    try HTTPRequest(head: Array(text.replacing("\n", with: "\r\n").utf8))
}

@Test func aRequestIsReadAsItIsWritten() throws {
    let found = try request(
        "GET /api/s/a%20b/run/c?since=3&metric=val%2Floss HTTP/1.1\nHost: localhost:1\nX-One: 1 : 2\n\n"
    )
    #expect(found.method == .get && found.path == ["api", "s", "a b", "run", "c"])
    #expect(found.query == ["since": "3", "metric": "val/loss"])
    #expect(found.headers == ["host": "localhost:1", "x-one": "1 : 2"])
}

@Test(arguments: [
    "GET /../etc/passwd HTTP/1.1\n\n", "GET /a/%2e%2e/b HTTP/1.1\n\n", "GET /a%2Fb HTTP/1.1\n\n",
    "GET /%00 HTTP/1.1\n\n", "GET /%zz HTTP/1.1\n\n", "GET http://other/ HTTP/1.1\n\n",
    "GET / HTTP/2\n\n", "GET  / HTTP/1.1\n\n", "\n\n", "GET / HTTP/1.1\nno colon\n\n",
    "GET / HTTP/1.1\nHost: a\nHost: b\n\n", "GET / HTTP/1.1\nContent-Length: -1\n\n",
    "GET / HTTP/1.1\nContent-Length: 99999999999999999999\n\n", "GET / HTTP/1.1\nA : b\n\n",
    "GET /é HTTP/1.1\n\n",
])
func aMalformedRequestIsRefused(_ text: String) {
    #expect(throws: HTTPRequest.Malformed.self) { try request(text) }
}

private let access = Access(key: [UInt8](repeating: 7, count: 32), host: "127.0.0.1", port: 8425)

private func reply(_ path: String, _ headers: String) throws -> HTTPReply? {
    access.reply(to: try request("GET \(path) HTTP/1.1\n\(headers)\n\n"))
}

@Test func onlyTheTokenOpensThePage() throws {
    #expect(try reply("/", "Host: 127.0.0.1:8425")?.status == .forbidden)
    #expect(try reply("/?token=0", "Host: 127.0.0.1:8425")?.status == .forbidden)
    let opened = try #require(
        try reply("/s/a?token=\(access.token)", "Host: localhost:9000"))
    #expect(opened.status == .seeOther)
    let headers = Dictionary(uniqueKeysWithValues: opened.headers.map { ($0.name, $0.value) })
    #expect(headers["Location"] == "/s/a")
    let cookie = try #require(headers["Set-Cookie"])
    #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Strict"))
    #expect(!cookie.contains(access.token))
    let pair = cookie.prefix { $0 != ";" }
    #expect(try reply("/", "Host: 127.0.0.1:8425\nCookie: a=b; \(pair)") == nil)
    #expect(try reply("/", "Host: [::1]:8425\nCookie: \(pair)") == nil)
    // Names of others that lead here, other sites, and requests without a name.
    for host in ["evil.example:8425", "127.0.0.1.evil.example", "localhost.evil.example"] {
        #expect(try reply("/", "Host: \(host)\nCookie: \(pair)")?.status == .forbidden)
    }
    #expect(try reply("/", "Cookie: \(pair)")?.status == .forbidden)
    #expect(
        try reply("/", "Host: 127.0.0.1:8425\nOrigin: http://evil.example\nCookie: \(pair)")?.status
            == .forbidden)
    #expect(
        try reply("/", "Host: 127.0.0.1:8425\nOrigin: http://127.0.0.1:8425\nCookie: \(pair)")
            == nil)
    // Another server's token, by another key or of another port, opens nothing.
    let other = Access(key: [UInt8](repeating: 7, count: 32), host: "127.0.0.1", port: 8426)
    #expect(try reply("/?token=\(other.token)", "Host: 127.0.0.1:8425")?.status == .forbidden)
}
