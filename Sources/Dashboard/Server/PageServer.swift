import FlyingSocks
import Foundation
import Studies

/// Serves pages to browsers over HTTP/1.1. Sockets are FlyingSocks'; requests are read here, since
/// FlyingFox's own reader bounds neither the length of a line nor the time that it takes.
struct PageServer: Sendable {
    /// An address that can't be served on.
    struct Unusable: UserError {
        let place: String
        let rule: String
        let remedy: String
    }

    private let socket: Socket
    private let pool: any AsyncSocketPool = PageServer.makePool()
    private let limits = ConnectionLimits()
    let port: UInt16

    /// - Parameters:
    ///   - host: an address of this machine: `127.0.0.1`.
    ///   - port: 0: any that is free.
    /// - Throws: `Unusable`.
    init(host: String, port: UInt16) throws {
        do {
            if host.contains(":") {
                socket = try PageServer.listen(try .inet6(ip6: host, port: port))
            } else {
                socket = try PageServer.listen(try .inet(ip4: host, port: port))
            }
            switch try socket.sockname() {
            case .ip4(_, let port): self.port = port
            case .ip6(_, let port): self.port = port
            case .unix: self.port = port
            }
        } catch {
            throw Unusable(
                place: "\(host):\(port)", rule: "can't listen there: \(error.localizedDescription)",
                remedy: "give another --port, or an address of this machine with --bind")
        }
    }

    private static func makePool() -> some AsyncSocketPool {
        #if canImport(Darwin)
            return .kQueue()
        #else
            return .ePoll()
        #endif
    }

    private static func listen(_ address: some SocketAddress) throws -> Socket {
        let socket = try Socket(domain: Int32(type(of: address).family))
        try socket.setValue(true, for: .localAddressReuse)
        try socket.bind(to: address)
        try socket.listen()
        return socket
    }

    /// Serves until the task is cancelled.
    func run(_ answer: @escaping @Sendable (HTTPRequest) async -> HTTPReply) async throws {
        try await pool.prepare()
        let listener = try AsyncSocket(socket: socket, pool: pool)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run() }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    limits.reap()
                }
            }
            group.addTask { try await accept(listener, answer) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func accept(
        _ listener: AsyncSocket, _ answer: @escaping @Sendable (HTTPRequest) async -> HTTPReply
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let connection: AsyncSocket
                do { connection = try await listener.accept() } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    // Too many open files, or a client that left before it was served.
                    try await Task.sleep(for: .milliseconds(50))
                    continue
                }
                guard limits.open(connection.socket.file.rawValue) else {
                    try? connection.close()
                    continue
                }
                group.addTask { await serve(connection, answer) }
            }
        }
    }

    private func serve(
        _ connection: AsyncSocket, _ answer: @escaping @Sendable (HTTPRequest) async -> HTTPReply
    ) async {
        let descriptor = connection.socket.file.rawValue
        defer {
            limits.end(descriptor)
            // A connection that is closed by its other end needs no more.
            try? connection.close()
        }
        var buffer: [UInt8] = []
        do {
            while true {
                let request: HTTPRequest
                do {
                    guard let read = try await read(connection, &buffer) else { return }
                    request = read
                } catch let error as HTTPRequest.Malformed {
                    return try await write(.plain(error.status), connection, keepsConnection: false)
                }
                let reply = await answer(request)
                let isHead = request.method == .head
                try await write(
                    reply, connection, keepsConnection: request.keepsConnection, isHead: isHead)
                if case .stream = reply.body { return }
                guard request.keepsConnection else { return }
            }
        } catch {
            // The client has gone, or its time was over.
        }
    }

    /// - Returns: nil where the client has closed the connection between two requests.
    private func read(_ connection: AsyncSocket, _ buffer: inout [UInt8]) async throws
        -> HTTPRequest?
    {
        let descriptor = connection.socket.file.rawValue
        limits.allow(
            descriptor,
            buffer.isEmpty ? ConnectionLimits.idleTime : ConnectionLimits.requestTime)
        var searched = 0
        var end: Int?
        while end == nil {
            if buffer.count > searched {
                end = PageServer.endOfHead(buffer, from: max(0, searched - 3))
                searched = buffer.count
                continue
            }
            guard buffer.count <= HTTPRequest.headLimit else {
                throw HTTPRequest.Malformed(status: .headersTooLarge)
            }
            let isFirst = buffer.isEmpty
            do { buffer += try await connection.read(atMost: 4096) } catch {
                if isFirst { return nil }
                throw error
            }
            if isFirst { limits.allow(descriptor, ConnectionLimits.requestTime) }
        }
        guard let end, end <= HTTPRequest.headLimit else {
            throw HTTPRequest.Malformed(status: .headersTooLarge)
        }
        var request = try HTTPRequest(head: Array(buffer[..<end]))
        while buffer.count < end + request.bodyLength {
            buffer += try await connection.read(atMost: 4096)
        }
        request.body = Array(buffer[end..<end + request.bodyLength])
        buffer.removeFirst(end + request.bodyLength)
        return request
    }

    /// The place after the empty line.
    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for place in start...bytes.count - 4
        where bytes[place] == 13 && bytes[place + 1] == 10 && bytes[place + 2] == 13
            && bytes[place + 3] == 10
        {
            return place + 4
        }
        return nil
    }

    private func write(
        _ reply: HTTPReply, _ connection: AsyncSocket, keepsConnection: Bool, isHead: Bool = false
    ) async throws {
        let descriptor = connection.socket.file.rawValue
        switch reply.body {
        case .bytes(let bytes):
            var message = reply.head(keepsConnection: keepsConnection)
            if !isHead { message.append(contentsOf: bytes) }
            // A large answer goes in pieces: each has its time.
            var start = message.startIndex
            while start < message.endIndex {
                let end = min(message.endIndex, start + (1 << 20))
                limits.allow(descriptor, ConnectionLimits.writeTime)
                try await connection.write(message.subdata(in: start..<end))
                start = end
            }
        case .stream(let pieces):
            guard limits.beginStream() else {
                return try await write(
                    .plain(.unavailable, "too many open streams"), connection,
                    keepsConnection: false)
            }
            defer { limits.endStream() }
            limits.allow(descriptor, ConnectionLimits.writeTime)
            try await connection.write(reply.head(keepsConnection: false))
            for await piece in pieces {
                limits.allow(descriptor, ConnectionLimits.writeTime)
                try await connection.write(Data(piece))
                limits.allow(descriptor, .infinity)
            }
        }
    }
}
