import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output as a person sees it: how wide it is, and whether it shows colours.
enum Terminal {
    /// Columns of a terminal; nil where standard output is none: then nothing is cut.
    static let columns: Int? = {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 79 }
        return Int(size.ws_col)
    }()

    /// By https://no-color.org.
    static let hasColours: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return columns != nil && (environment["NO_COLOR"] ?? "").isEmpty
            && environment["TERM"] != "dumb"
    }()

    enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
    }

    static func styled(_ text: String, _ style: Style) -> String {
        hasColours ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes text whose parts were made visible before they were marked.
    static func print(_ marked: String) { Output.write(Data((marked + "\n").utf8)) }
}
