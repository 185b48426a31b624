import Synchronization

/// Says to all open pages that something has changed: server-sent events (WHATWG HTML, section 9.2).
/// An event has all current revisions, so that a page that missed some needs only the last.
final class EventHub: Sendable {
    private struct State {
        var number = 0
        var last: [UInt8] = []
        var listeners: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// - Parameter json: one line.
    func send(_ json: [UInt8]) {
        state.withLock { state in
            state.number += 1
            state.last = Array("id: \(state.number)\nevent: change\ndata: ".utf8) + json + [10, 10]
            for listener in state.listeners.values { listener.yield(state.last) }
        }
    }

    /// Keeps connections open through whatever ends quiet ones, and finds those that are gone.
    func beat() {
        state.withLock { state in
            for listener in state.listeners.values { listener.yield(Array(": beat\n\n".utf8)) }
        }
    }

    /// Begins with the last event. A slow reader gets the newest ones.
    func stream() -> AsyncStream<[UInt8]> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(2))
        let number = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            continuation.yield(Array("retry: 1000\n\n".utf8) + state.last)
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }

    func end() {
        let all = state.withLock { state in
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        all.forEach { $0.finish() }
    }
}
