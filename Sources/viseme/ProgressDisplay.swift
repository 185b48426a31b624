import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One line that shows how far the work is: a bar on a terminal, nothing where output is not one.
final class ProgressDisplay: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let isShown = Mutex(false)

    /// Replaces the bar.
    /// - Parameter part: 0…1.
    func show(_ title: String, _ part: Double, _ detail: String) {
        guard isTerminal else { return }
        let cells = 24
        let full = Int((max(0, min(1, part)) * Double(cells)).rounded())
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: cells - full)
        let line = "\(title) \(bar) \(detail)"
        isShown.withLock { shown in
            shown = true
            write("\r\u{1B}[2K" + line.prefix(width))
        }
    }

    /// Takes the bar away.
    func clear() {
        isShown.withLock { shown in
            guard shown else { return }
            shown = false
            write("\r\u{1B}[2K")
        }
    }

    /// Prints a line above the bar.
    func say(_ line: String) {
        clear()
        print(line)
        fflush(nil)
    }

    private var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) - 1 : 79
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
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
