import CZlib
import Foundation

/// ZIP archives (APPNOTE 6.3.9) whose entries are stored, not compressed: the same contents give the
/// same bytes. Long ones use ZIP64.
package enum ZipArchive {
    /// What goes into an archive.
    package struct Entry: Sendable {
        package enum Source: Sendable {
            case bytes([UInt8])
            case file(URL)
        }

        package let name: String
        package let source: Source
        package let isExecutable: Bool

        package init(_ name: String, _ source: Source, isExecutable: Bool = false) {
            (self.name, self.source, self.isExecutable) = (name, source, isExecutable)
        }
    }

    package struct Problem: Error, CustomStringConvertible, Equatable {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    static let localMark: UInt32 = 0x0403_4B50
    static let centralMark: UInt32 = 0x0201_4B50
    static let endMark: UInt32 = 0x0605_4B50
    static let longEndMark: UInt32 = 0x0606_4B50
    static let longLocatorMark: UInt32 = 0x0706_4B50
    static let most32 = 0xFFFF_FFFF

    // MARK: Writing

    /// Writes an archive: whole, or not at all.
    /// - Throws: `StoreError`.
    package static func write(_ entries: [Entry], to file: URL) throws {
        try DurableFile.write(to: file) { target in
            var offset = 0
            var central: [UInt8] = []
            func put(_ bytes: [UInt8]) throws {
                try DurableFile.writeAll(bytes, target, file)
                offset += bytes.count
            }
            for entry in entries {
                let (size, crc) = try measure(entry)
                let start = offset
                try put(header(entry, size, crc, isCentral: false, offset: 0))
                let before = offset
                try forEachPart(entry) { try put($0) }
                guard offset - before == size else {
                    throw StoreError.unwritable(
                        path: file.path, reason: "\(entry.name) changed while it was packed")
                }
                central += header(entry, size, crc, isCentral: true, offset: start)
            }
            let start = offset
            try put(central)
            try put(ending(entries.count, central.count, start))
        }
    }

    private static func forEachPart(_ entry: Entry, _ body: ([UInt8]) throws -> Void) throws {
        switch entry.source {
        case .bytes(let bytes): try body(bytes)
        case .file(let url):
            let file = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else {
                throw StoreError.unreadable(path: url.path, reason: systemProblem())
            }
            defer { close(file) }
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = read(file, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    throw StoreError.unreadable(path: url.path, reason: systemProblem())
                }
                guard count > 0 else { return }
                try body(Array(buffer[..<count]))
            }
        }
    }

    private static func measure(_ entry: Entry) throws -> (size: Int, crc: UInt32) {
        var (size, crc) = (0, UInt(0))
        try forEachPart(entry) { part in
            size += part.count
            crc = part.withUnsafeBufferPointer {
                CZlib.crc32(crc, $0.baseAddress, uInt($0.count))
            }
        }
        return (size, UInt32(truncatingIfNeeded: crc))
    }

    private static func header(
        _ entry: Entry, _ size: Int, _ crc: UInt32, isCentral: Bool, offset: Int
    ) -> [UInt8] {
        let name = entry.name
        let isLong = size >= most32 || offset >= most32
        var extra: [UInt8] = []
        if isLong {
            let numbers = isCentral ? [size, size, offset] : [size, size]
            extra =
                bytes(UInt16(1)) + bytes(UInt16(8 * numbers.count))
                + numbers.flatMap { bytes(UInt64($0)) }
        }
        var made = bytes(isCentral ? centralMark : localMark)
        // Made on Unix, by version 4.5 of the specification.
        if isCentral { made += bytes(UInt16(3 << 8 | 45)) }
        made += bytes(UInt16(isLong ? 45 : 20))
        made += bytes(UInt16(1 << 11))  // The name is UTF-8.
        made += bytes(UInt16(0))  // Stored.
        made += bytes(UInt16(0)) + bytes(UInt16(1 << 5 | 1))  // 1980-01-01 00:00.
        made += bytes(crc)
        let shown = UInt32(isLong ? most32 : size)
        made += bytes(shown) + bytes(shown)
        made += bytes(UInt16(name.utf8.count)) + bytes(UInt16(extra.count))
        if isCentral {
            made += bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(UInt16(0))
            made += bytes(UInt32(entry.isExecutable ? 0o100755 : 0o100644) << 16)
            made += bytes(UInt32(isLong ? most32 : offset))
        }
        return made + Array(name.utf8) + extra
    }

    private static func ending(_ count: Int, _ size: Int, _ start: Int) -> [UInt8] {
        var made: [UInt8] = []
        let isLong = count >= 0xFFFF || size >= most32 || start >= most32
        if isLong {
            made += bytes(longEndMark) + bytes(UInt64(44)) + bytes(UInt16(3 << 8 | 45))
            made += bytes(UInt16(45)) + bytes(UInt32(0)) + bytes(UInt32(0))
            made += bytes(UInt64(count)) + bytes(UInt64(count))
            made += bytes(UInt64(size)) + bytes(UInt64(start))
            made += bytes(longLocatorMark) + bytes(UInt32(0)) + bytes(UInt64(start + size))
            made += bytes(UInt32(1))
        }
        let shown = UInt16(isLong ? 0xFFFF : count)
        made += bytes(endMark) + bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(shown) + bytes(shown)
        made += bytes(UInt32(isLong ? most32 : size)) + bytes(UInt32(isLong ? most32 : start))
        return made + bytes(UInt16(0))
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
