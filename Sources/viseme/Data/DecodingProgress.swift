import Execution
import Synchronization

/// How far the decoding of clips is: a bar with the time left on a terminal, else a line every ten
/// seconds.
final class DecodingProgress: Sendable {
    private let display = ProgressDisplay()
    private let started = monotonicSeconds()
    private let said = Mutex(monotonicSeconds())
    private static let interval = 10.0

    func show(_ done: Int, _ count: Int) {
        let now = monotonicSeconds()
        let left = (now - started) / Double(max(done, 1)) * Double(count - done)
        let detail =
            "\(done) of \(count) clips" + (now - started > 1 ? ", \(clock(left)) left" : "")
        display.show("decoding", Double(done) / Double(max(count, 1)), detail)
        guard !display.isTerminal else { return }
        let isDue = said.withLock { said in
            guard now - said >= DecodingProgress.interval else { return false }
            said = now
            return true
        }
        if isDue { complain("decoding: \(detail)") }
    }

    func end() { display.clear() }
}
