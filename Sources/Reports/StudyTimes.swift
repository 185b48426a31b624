import Foundation
import RunStore
import Studies

/// When the runs of a study were trained, and how many at once.
struct StudyTimes {
    /// Of the first run's start and the last run's end.
    let start, end: Date
    /// Seconds: summed over the runs; during which at least one run was trained.
    let work, busy: Double
    /// Most runs at one time.
    let atOnce: Int

    /// - Parameter runs: start and seconds of each.
    init?(_ runs: [(start: Date, seconds: Double)]) {
        guard let start = runs.map(\.start).min(),
            let end = runs.map({ $0.start + $0.seconds }).max()
        else { return nil }
        (self.start, self.end) = (start, end)
        work = runs.reduce(0) { $0 + $1.seconds }
        // Starts are whole seconds: a run that ends in the second in which another starts made room
        // for it.
        var changes: [(time: Date, change: Int)] = []
        for run in runs {
            changes.append((run.start, 1))
            changes.append((run.start + run.seconds, -1))
        }
        changes.sort { ($0.time, $0.change) < ($1.time, $1.change) }
        var (running, most, busy) = (0, 0, 0.0)
        var since = start
        for (time, change) in changes {
            if running > 0 { busy += time.timeIntervalSince(since) }
            since = time
            running += change
            most = max(most, running)
        }
        (self.busy, atOnce) = (busy, most)
    }

    init?(_ results: [RunResult]) {
        self.init(
            results.compactMap { result in
                Date(timestamp: result.provenance.started).map { ($0, result.seconds) }
            })
    }

    /// `2 h 05 min`, `3 min 20 s`, `4.2 s`.
    static func words(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 1e12).rounded())
        switch seconds {
        case ..<60: return "\(fixed(max(seconds, 0), 1)) s"
        case ..<3600: return "\(whole / 60) min \(padded(whole % 60)) s"
        case ..<172_800: return "\(whole / 3600) h \(padded(whole / 60 % 60)) min"
        default: return "\(whole / 86_400) d \(padded(whole / 3600 % 24)) h"
        }
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
