import Foundation
import RunStore
import Studies

/// The live page: what lies in folders of results, for a browser on this machine.
package struct Dashboard: Sendable {
    private let site: Site
    private let server: PageServer
    /// The address to open, with its token.
    package let address: String

    /// - Parameters:
    ///   - folders: of results.
    ///   - host: the address to listen on.
    ///   - port: nil: 8425, or the next that is free.
    /// - Throws: `PageServer.Unusable`.
    package init(
        _ folders: [URL], host: String = "127.0.0.1", port: UInt16? = nil, allowsNotes: Bool = false
    ) throws {
        server = try port.map { try PageServer(host: host, port: $0) } ?? Dashboard.free(host)
        let access = Access(key: Access.key(), host: host, port: server.port)
        site = Site(StudyCatalogue(folders), access, allowsNotes: allowsNotes)
        let name = host.contains(":") ? "[\(host)]" : host == "0.0.0.0" ? "127.0.0.1" : host
        address = "http://\(name):\(server.port)/?token=\(access.token)"
    }

    private static let firstPort: UInt16 = 8425

    private static func free(_ host: String) throws -> PageServer {
        for port in firstPort..<firstPort + 20 {
            // The next port may be free.
            if let server = try? PageServer(host: host, port: port) { return server }
        }
        return try PageServer(host: host, port: 0)
    }

    /// Serves until the task is cancelled.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await site.follow() }
            group.addTask { try await server.run { await site.answer($0) } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
