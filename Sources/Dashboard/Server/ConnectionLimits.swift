import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ends connections that take too long, and bounds how many there are.
final class ConnectionLimits: Sendable {
    static let connectionLimit = 512
    static let streamLimit = 256
    /// Seconds for a whole request, for writing one piece of an answer, and between requests.
    static let requestTime = 10.0
    static let writeTime = 30.0
    static let idleTime = 60.0

    private struct State {
        /// When each connection is ended, by descriptor; infinity: not yet.
        var deadlines: [Int32: Double] = [:]
        var streams = 0
    }

    private let state = Mutex(State())

    /// - Returns: whether there is room for one more.
    func open(_ descriptor: Int32) -> Bool {
        state.withLock {
            guard $0.deadlines.count < ConnectionLimits.connectionLimit else { return false }
            $0.deadlines[descriptor] = now + ConnectionLimits.idleTime
            return true
        }
    }

    func allow(_ descriptor: Int32, _ seconds: Double) {
        state.withLock { $0.deadlines[descriptor] = now + seconds }
    }

    /// Before the descriptor is closed: it may soon be another connection's.
    func end(_ descriptor: Int32) {
        state.withLock { _ = $0.deadlines.removeValue(forKey: descriptor) }
    }

    func beginStream() -> Bool {
        state.withLock {
            guard $0.streams < ConnectionLimits.streamLimit else { return false }
            $0.streams += 1
            return true
        }
    }

    func endStream() { state.withLock { $0.streams -= 1 } }

    /// Shuts connections down whose time is over. Reading and writing them then fails.
    func reap() {
        let time = now
        state.withLock {
            for (descriptor, deadline) in $0.deadlines where deadline < time {
                shutdown(descriptor, Int32(SHUT_RDWR))
                $0.deadlines[descriptor] = .infinity
            }
        }
    }

    private var now: Double { ProcessInfo.processInfo.systemUptime }
}
