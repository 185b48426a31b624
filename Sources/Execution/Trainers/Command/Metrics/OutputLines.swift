/// Lines of what a program prints, put together from pieces of any size. Of a line that is drawn over
/// and over with carriage returns each state is a line, and backspaces take characters away; colours
/// go.
struct OutputLines {
    private var line: [UInt8] = []
    /// Whether the rest of a line that is too long is skipped.
    private var isSkipping = false

    /// Lines that were too long.
    private(set) var skipped = 0

    static let limit = 1 << 16

    /// - Parameters:
    ///   - chunk: any bytes.
    ///   - body: is given each line without its end, and whether the line is over: after a carriage
    ///     return alone more may follow in its place.
    mutating func take(
        _ chunk: [UInt8], _ body: (UnsafeBufferPointer<UInt8>, _ isOver: Bool) throws -> Void
    ) rethrows {
        try chunk.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                let end = bytes[start...].firstIndex { $0 == 10 || $0 == 13 } ?? bytes.count
                // Whole lines are looked at where they are.
                if end < bytes.count, line.isEmpty, !isSkipping {
                    try pass(
                        UnsafeBufferPointer(rebasing: bytes[start..<end]), bytes[end] == 10, body)
                } else {
                    if line.count + end - start > OutputLines.limit {
                        if !isSkipping { skipped += 1 }
                        isSkipping = true
                        line = []
                    }
                    if !isSkipping { line += bytes[start..<end] }
                    if end < bytes.count { try endLine(bytes[end] == 10, body) }
                }
                start = end + 1
            }
        }
    }

    /// The last line, which has no end.
    mutating func end(_ body: (UnsafeBufferPointer<UInt8>, Bool) throws -> Void) rethrows {
        if !line.isEmpty { try endLine(true, body) }
    }

    private mutating func endLine(
        _ isOver: Bool, _ body: (UnsafeBufferPointer<UInt8>, Bool) throws -> Void
    ) rethrows {
        let whole = line
        line = []
        isSkipping = false
        try whole.withUnsafeBufferPointer { try pass($0, isOver, body) }
    }

    private mutating func pass(
        _ text: UnsafeBufferPointer<UInt8>, _ isOver: Bool,
        _ body: (UnsafeBufferPointer<UInt8>, Bool) throws -> Void
    ) rethrows {
        let isPlain = text.allSatisfy { $0 != 0x1B && $0 != 8 && $0 < 0x80 }
        if isPlain { return try body(text, isOver) }
        // Matching wants UTF-8; anything else is replaced.
        let repaired = Array(String(decoding: OutputLines.plain(text), as: UTF8.self).utf8)
        try repaired.withUnsafeBufferPointer { try body($0, isOver) }
    }

    /// Without colours and what backspaces have taken away.
    static func plain(_ text: some Sequence<UInt8>) -> [UInt8] {
        var found: [UInt8] = []
        var isInSequence = false
        for byte in text {
            if byte == 0x1B {
                isInSequence = true
            } else if isInSequence {
                // Escape, [, numbers, and the letter that ends them.
                isInSequence = byte == UInt8(ascii: "[") || !(0x40...0x7E).contains(byte)
            } else if byte == 8 {
                // All bytes of the character before.
                while let last = found.popLast(), last & 0xC0 == 0x80 {}
            } else {
                found.append(byte)
            }
        }
        return found
    }
}
