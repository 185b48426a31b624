import Dispatch

/// The threads of one run. They only share out independent results, so that their number never shows in one.
public struct Team: Sendable {
    public let threads: Int

    /// Multiply-adds of sixteen lanes below which sharing costs more than it saves.
    private static let smallestShare = 20_000

    public init(threads: Int) {
        self.threads = max(1, threads)
    }

    /// Calls `body(thread, part)` with parts that make up `0..<count`, side by side where `work`, the multiply-adds in
    /// all, is worth it.
    public func share(_ count: Int, work: Int, _ body: (_ thread: Int, _ part: Range<Int>) -> Void) {
        let parts = min(threads, count, max(1, work / Team.smallestShare))
        guard parts > 1 else { return body(0, 0..<count) }
        withoutActuallyEscaping(body) { escapable in
            // Parts are disjoint and this call waits for all of them.
            nonisolated(unsafe) let shared = escapable
            DispatchQueue.concurrentPerform(iterations: parts) { part in
                shared(part, part * count / parts..<(part + 1) * count / parts)
            }
        }
    }
}
