import Foundation
import Studies

/// Takes in all that a program prints.
package struct OutputTap: Sendable {
    let take: @Sendable ([UInt8]) -> Void
}

/// The last that a program printed, however much it printed.
package actor OutputTail {
    private var bytes: [UInt8] = []
    private var line: [UInt8] = []
    private let onLine: (@Sendable (String) async -> Bool)?
    private let isEchoed: Bool
    private let tap: OutputTap?
    private var echoed = 0

    private static let limit = 1 << 16
    private static let shownLines = 40

    /// - Parameters:
    ///   - onLine: is given each line; true takes it out of what is kept.
    ///   - isEchoed: whether all of it is printed too.
    ///   - tap: is given all of it.
    package init(
        onLine: (@Sendable (String) async -> Bool)? = nil, isEchoed: Bool = false,
        tap: OutputTap? = nil
    ) {
        self.onLine = onLine
        self.tap = tap
        self.isEchoed = isEchoed
    }

    package func take(_ chunk: [UInt8]) async {
        echo(chunk)
        tap?.take(chunk)
        guard onLine != nil else { return keep(chunk) }
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            rest = rest[rest.index(after: end)...]
            await endLine()
        }
        line += rest
        // No line of ours is as long.
        if line.count > OutputTail.limit { await endLine() }
    }

    /// A log on a shared disk holds so much of each run.
    private static let echoLimit = 1 << 20

    private func echo(_ chunk: [UInt8]) {
        guard isEchoed, echoed < OutputTail.echoLimit else { return }
        echoed += chunk.count
        let end = "\n… the rest of what this run prints is not in this log\n"
        let text = echoed < OutputTail.echoLimit ? Data(chunk) : Data(chunk) + Data(end.utf8)
        // A log that can't be written does not end the run.
        try? FileHandle.standardOutput.write(contentsOf: text)
    }

    package func end() async {
        if !line.isEmpty { await endLine() }
    }

    private func endLine() async {
        let whole = line
        line = []
        if let onLine, await onLine(String(decoding: whole, as: UTF8.self)) { return }
        keep(whole + [UInt8(ascii: "\n")])
    }

    private func keep(_ chunk: [UInt8]) {
        bytes += chunk.suffix(OutputTail.limit)
        if bytes.count > 2 * OutputTail.limit { bytes.removeFirst(bytes.count - OutputTail.limit) }
    }

    /// The last lines as plain text: of a line that a program wrote over again and again, the last;
    /// no colours.
    package var text: String {
        let lines = String(decoding: bytes.suffix(OutputTail.limit), as: UTF8.self).split(
            omittingEmptySubsequences: true, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        return lines.suffix(OutputTail.shownLines).map(OutputTail.plain).filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    private static func plain(_ line: Substring) -> String {
        let last = line.split(separator: "\r").last ?? ""
        var scalars = String.UnicodeScalarView()
        var isInSequence = false
        for scalar in last.unicodeScalars {
            // Colours and the like: escape, [, numbers, and a letter that ends them.
            if scalar == "\u{1B}" {
                isInSequence = true
            } else if isInSequence {
                isInSequence = scalar == "[" || !scalar.properties.isAlphabetic
            } else if scalar.value >= 0x20 && scalar.value != 0x7F || scalar == "\t" {
                scalars.append(scalar)
            }
            if scalars.count == 2000 { break }
        }
        return String(scalars)
    }
}
