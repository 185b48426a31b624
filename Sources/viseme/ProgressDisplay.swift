import Execution
import Foundation
import Studies
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A few lines that show how far the work is, drawn over and over on a terminal; nothing where
/// output is not one.
final class ProgressDisplay: Sendable {
    let isTerminal = isatty(STDERR_FILENO) == 1
    /// How many lines are drawn now, and when they were drawn.
    private let shown = Mutex((lines: 0, at: 0.0))
    /// Drawn at most so often, in seconds.
    private static let interval = 0.1

    /// Replaces the lines by one with a bar.
    /// - Parameter part: 0…1.
    func show(_ title: String, _ part: Double, _ detail: String) {
        show { _, _ in ["\(title) \(ProgressDisplay.bar(part, cells: 24)) \(detail)"] }
    }

    /// Replaces the lines, unless they were drawn a moment ago.
    /// - Parameter make: is given how many lines and columns there is room for.
    func show(_ make: (_ lines: Int, _ columns: Int) -> [String]) {
        guard isTerminal else { return }
        shown.withLock { shown in
            let now = monotonicSeconds()
            guard shown.lines == 0 || now - shown.at >= ProgressDisplay.interval else { return }
            let (width, height) = size
            let lines = make(max(height - 1, 1), width).prefix(max(height - 1, 1)).map {
                ProgressDisplay.cut($0, to: width)
            }
            write(erasure(shown.lines) + lines.joined(separator: "\n"))
            shown = (lines.count, now)
        }
    }

    /// Takes the lines away.
    func clear() {
        shown.withLock { shown in
            guard shown.lines > 0 else { return }
            write(erasure(shown.lines))
            shown.lines = 0
        }
    }

    /// Prints a line above.
    func say(_ line: String) {
        clear()
        print(line)
    }

    static func bar(_ part: Double, cells: Int) -> String {
        let full = Int((max(0, min(1, part.isNaN ? 0 : part)) * Double(cells)).rounded())
        return String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
    }

    private static func cut(_ line: String, to width: Int) -> String {
        guard line.displayColumns > width else { return line }
        var (short, columns) = ("", 0)
        for letter in line {
            columns += String(letter).displayColumns
            if columns > width - 1 { break }
            short.append(letter)
        }
        return short + "…"
    }

    /// From the last line back to the first, and nothing below.
    private func erasure(_ lines: Int) -> String {
        "\r" + (lines > 1 ? "\u{1B}[\(lines - 1)A" : "") + "\u{1B}[J"
    }

    private var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else {
            return (79, 24)
        }
        return (Int(size.ws_col) - 1, Int(size.ws_row))
    }

    private func write(_ text: String) {
        // A display that can't be written does not end the sweep.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}

/// `3:07`, or `1:02:03`.
func clock(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    let padded = rest < 10 ? "0\(rest)" : "\(rest)"
    if hours == 0 { return "\(minutes):\(padded)" }
    return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(padded)"
}

/// A number with a fixed count of decimals.
func decimals(_ value: Double, _ count: Int) -> String {
    String(format: "%.\(count)f", value)
}
