import CPlatform
import Foundation
import Synchronization

/// The threads of one run. They only share out independent results, so that their number never
/// shows in one.
///
/// A training step shares out hundreds of pieces of work of a few microseconds: between two pieces
/// the threads wait awake for a moment, and sleep when nothing comes.
public final class Team: Sendable {
    public let threads: Int
    private let board: Board?

    /// Multiply-adds of sixteen lanes below which sharing costs more than it saves.
    private static let smallestShare = 4_000

    public init(threads: Int) {
        guard threads > 1 else {
            self.threads = 1
            board = nil
            return
        }
        let board = Board(threads: threads)
        // A system that gives fewer threads makes a run slower, not different.
        var helpers = 0
        while helpers < threads - 1 && board.addHelper(helpers + 1) { helpers += 1 }
        board.helpers = helpers
        self.threads = helpers + 1
        self.board = board
    }

    deinit {
        board?.dismiss()
    }

    /// Calls `body(thread, part)` with parts that make up `0..<count`, side by side where `work`,
    /// the multiply-adds in all, is worth it. Not to be called by two threads at once, nor from
    /// within `body`.
    public func share(_ count: Int, work: Int, _ body: (_ thread: Int, _ part: Range<Int>) -> Void)
    {
        let parts = min(threads, count, max(1, work / Team.smallestShare))
        guard parts > 1, let board else { return body(0, 0..<count) }
        var job = (board: board, parts: parts, count: count)
        withUnsafeMutablePointer(to: &job) { job in
            lend({ thread, first, end in body(thread, first..<end) }, job) { job, work in
                let (board, parts, count) = job.load(
                    as: (board: Board, parts: Int, count: Int).self)
                board.run(Board.Job(parts: parts, count: count, work: work))
            }
        }
    }
}

/// Calls `run` with the closure as two words that other threads may call until `run` returns.
///
/// `withoutActuallyEscaping` would be plain Swift, and allocates a box at each call: 144 a training
/// step of two threads, where a test allows none. A structure for each piece of work would allocate
/// nothing, and every caller would have to spell out what its closure captures.
@_silgen_name("viseme_lend")
private func lend(
    _ body: (_ thread: Int, _ first: Int, _ end: Int) -> Void, _ job: UnsafeMutableRawPointer,
    _ run: @convention(c) (_ job: UnsafeMutableRawPointer, _ work: viseme_closure) -> Void)

/// Where the caller leaves a job and the helpers find it.
private final class Board: @unchecked Sendable {
    struct Job {
        let parts, count: Int
        let work: viseme_closure

        func run(_ part: Int) {
            viseme_call(work, part, part * count / parts, (part + 1) * count / parts)
        }
    }

    /// Set before the first job.
    var helpers = 0
    /// Written before `number` goes up, read after that was seen.
    private var job: Job?
    private let number = Atomic<Int>(0)
    /// Helpers that have not yet finished with the job.
    private let busy = Atomic<Int>(0)
    private let asleep = Atomic<Int>(0)
    private let isDismissed = Atomic<Bool>(false)
    private let bell = NSCondition()

    /// Rounds of waiting awake, some tens of microseconds, before a helper goes to sleep. Where
    /// there are more threads than processors, waiting awake only keeps the others from working.
    private let patience: Int

    init(threads: Int) {
        patience = threads <= ProcessInfo.processInfo.activeProcessorCount ? 2_000 : 10
    }

    /// Starts a thread.
    /// - Returns: false where the system has none left.
    func addHelper(_ number: Int) -> Bool {
        final class Start {
            let board: Board
            let number: Int

            init(_ board: Board, _ number: Int) {
                self.board = board
                self.number = number
            }
        }
        let start = Unmanaged.passRetained(Start(self, number))
        var thread = pthread_t()
        let problem = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                start.board.help(as: start.number)
                return nil
            }, start.toOpaque())
        if problem != 0 {
            start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    func run(_ job: Job) {
        self.job = job
        busy.store(helpers, ordering: .relaxed)
        ring()
        job.run(0)
        var rounds = 0
        while busy.load(ordering: .acquiring) > 0 {
            viseme_processor_pause()
            rounds += 1
            // A helper that the system has set aside needs a processor more than we do.
            if rounds > patience { sched_yield() }
        }
        self.job = nil
    }

    func dismiss() {
        isDismissed.store(true, ordering: .relaxed)
        ring()
    }

    private func ring() {
        number.add(1, ordering: .sequentiallyConsistent)
        guard asleep.load(ordering: .sequentiallyConsistent) > 0 else { return }
        bell.lock()
        bell.broadcast()
        bell.unlock()
    }

    func help(as helper: Int) {
        var seen = 0
        while true {
            wait(beyond: seen)
            seen += 1
            if isDismissed.load(ordering: .relaxed) { return }
            if let job, helper < job.parts { job.run(helper) }
            busy.subtract(1, ordering: .releasing)
        }
    }

    /// Until job number `seen + 1` is there. The caller posts the next only when all are done with
    /// this one.
    private func wait(beyond seen: Int) {
        for _ in 0..<patience {
            if number.load(ordering: .acquiring) > seen { return }
            viseme_processor_pause()
        }
        bell.lock()
        asleep.add(1, ordering: .sequentiallyConsistent)
        while number.load(ordering: .sequentiallyConsistent) <= seen { bell.wait() }
        asleep.subtract(1, ordering: .relaxed)
        bell.unlock()
    }
}
