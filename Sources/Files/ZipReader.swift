import CZlib
import Foundation

/// Reads an archive, of which nothing is trusted. Bundles have stored entries alone.
package final class ZipReader {
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let size: Int
        package let isExecutable: Bool
        let crc: UInt32
        let offset: Int
        /// Bytes in the archive, and whether they are a deflate stream.
        let packed: Int
        let isDeflated: Bool
    }

    private static let nameLimit = 1000
    private static let countLimit = 1_000_000

    package let entries: [Entry]
    private let file: URL
    private let data: Data

    /// - Parameter allowsDeflate: whether entries may be compressed.
    /// - Throws: `ZipArchive.Problem`: what is wrong with it, in words.
    package init(_ file: URL, allowsDeflate: Bool = false) throws(ZipArchive.Problem) {
        self.file = file
        var facts = stat()
        guard stat(file.path, &facts) == 0 else {
            throw ZipArchive.Problem(String(cString: strerror(errno)))
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw ZipArchive.Problem("it is not a regular file")
        }
        do { data = try Data(contentsOf: file, options: .alwaysMapped) } catch {
            throw ZipArchive.Problem("it can't be read: \(error.localizedDescription)")
        }
        entries = try ZipReader.directory(data, allowsDeflate)
    }

    /// The contents of an entry.
    package func contents(_ entry: Entry) throws(ZipArchive.Problem) -> Data {
        let start = try ZipReader.start(entry, data)
        var found = data[start..<start + entry.packed]
        if entry.isDeflated {
            guard let inflated = Zlib.inflated([UInt8](found)[...], count: entry.size) else {
                throw ZipArchive.Problem("\(entry.name) is damaged: it can't be decompressed")
            }
            found = Data(inflated)
        }
        let crc = found.withUnsafeBytes { bytes in
            // zlib takes at most 32 bits of length at once.
            var crc = UInt(0)
            var at = 0
            while at < bytes.count {
                let count = min(1 << 30, bytes.count - at)
                crc = CZlib.crc32(
                    crc, bytes.baseAddress?.advanced(by: at).assumingMemoryBound(to: UInt8.self),
                    uInt(count))
                at += count
            }
            return UInt32(truncatingIfNeeded: crc)
        }
        guard crc == entry.crc else {
            throw ZipArchive.Problem("\(entry.name) is damaged: its checksum differs")
        }
        return found
    }

    // MARK: The directory

    private static func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ data: Data, _ at: Int, _ type: Number.Type
    ) throws(ZipArchive.Problem) -> Int {
        let size = MemoryLayout<Number>.size
        guard at >= 0, at <= data.count - size else { throw truncated }
        let value = data.withUnsafeBytes {
            Number(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: Number.self))
        }
        guard let number = Int(exactly: value) else { throw truncated }
        return number
    }

    private static let truncated = ZipArchive.Problem(
        "it is truncated, or not a ZIP archive: its directory can't be read")

    private static func directory(_ data: Data, _ allowsDeflate: Bool) throws(ZipArchive.Problem)
        -> [Entry]
    {
        // The end mark is the last thing, but for a comment.
        var end = data.count - 22
        while end >= max(0, data.count - 22 - 0xFFFF) {
            if try number(data, end, UInt32.self) == Int(ZipArchive.endMark),
                try number(data, end + 20, UInt16.self) == data.count - end - 22
            {
                break
            }
            end -= 1
        }
        guard end >= max(0, data.count - 22 - 0xFFFF) else { throw truncated }
        var count = try number(data, end + 10, UInt16.self)
        var size = try number(data, end + 12, UInt32.self)
        var start = try number(data, end + 16, UInt32.self)
        if count == 0xFFFF || size == ZipArchive.most32 || start == ZipArchive.most32, end >= 20,
            try number(data, end - 20, UInt32.self) == Int(ZipArchive.longLocatorMark)
        {
            let place = try number(data, end - 12, UInt64.self)
            guard try number(data, place, UInt32.self) == Int(ZipArchive.longEndMark) else {
                throw truncated
            }
            count = try number(data, place + 32, UInt64.self)
            size = try number(data, place + 40, UInt64.self)
            start = try number(data, place + 48, UInt64.self)
        }
        guard count <= countLimit, start <= data.count, size <= data.count - start else {
            throw truncated
        }
        var entries: [Entry] = []
        var names: Set<String> = []
        var folders: Set<String> = []
        var at = start
        var sum = 0
        for _ in 0..<count {
            let (entry, length) = try ZipReader.entry(data, at, allowsDeflate)
            at += length
            try check(entry.name)
            guard names.insert(entry.name).inserted else {
                throw ZipArchive.Problem("\(entry.name) is in it twice")
            }
            var folder = entry.name[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                folders.insert(String(folder))
            }
            sum += entry.packed
            // Entries that share bytes would become more than the archive is.
            guard sum <= data.count else {
                throw ZipArchive.Problem(
                    "its entries are larger than the archive: it is made to fill a disk")
            }
            entries.append(entry)
        }
        if let clash = names.intersection(folders).min() {
            throw ZipArchive.Problem("\(clash) is a file and a folder in it")
        }
        return entries
    }

    private static func entry(_ data: Data, _ at: Int, _ allowsDeflate: Bool)
        throws(ZipArchive.Problem) -> (Entry, Int)
    {
        guard try number(data, at, UInt32.self) == Int(ZipArchive.centralMark) else {
            throw truncated
        }
        let flags = try number(data, at + 8, UInt16.self)
        let method = try number(data, at + 10, UInt16.self)
        let crc = try number(data, at + 16, UInt32.self)
        var packed = try number(data, at + 20, UInt32.self)
        var size = try number(data, at + 24, UInt32.self)
        let nameCount = try number(data, at + 28, UInt16.self)
        let extraCount = try number(data, at + 30, UInt16.self)
        let commentCount = try number(data, at + 32, UInt16.self)
        let mode = try number(data, at + 38, UInt32.self) >> 16
        var offset = try number(data, at + 42, UInt32.self)
        let extra = at + 46 + nameCount
        guard extra + extraCount + commentCount <= data.count else { throw truncated }
        guard let name = String(validating: data[at + 46..<extra], as: UTF8.self) else {
            throw ZipArchive.Problem("it holds a name that is not UTF-8")
        }
        guard flags & 1 == 0 else { throw ZipArchive.Problem("\(name) is encrypted") }
        let isDeflated = allowsDeflate && method == 8
        guard isDeflated || method == 0 && packed == size else {
            throw ZipArchive.Problem(
                "\(name) is compressed: bundles are stored (zip -0), and this one was made by another program"
            )
        }
        let kind = mode & Int(S_IFMT)
        guard kind == 0 || kind == Int(S_IFREG) else {
            throw ZipArchive.Problem(
                "\(name) is a link, a folder or a device: only files may be in it")
        }
        if size == ZipArchive.most32 || offset == ZipArchive.most32 {
            // Sizes come first, where they are long too.
            guard try number(data, extra, UInt16.self) == 1,
                try number(data, extra + 2, UInt16.self) >= 24
            else { throw truncated }
            size = try number(data, extra + 4, UInt64.self)
            packed = try number(data, extra + 12, UInt64.self)
            offset = try number(data, extra + 20, UInt64.self)
        }
        // A deflate stream becomes at most 1032 times as long.
        guard packed <= data.count, offset <= data.count,
            isDeflated ? size / 1032 <= packed : size == packed
        else { throw truncated }
        return (
            Entry(
                name: name, size: size, isExecutable: mode & 0o100 != 0,
                crc: UInt32(truncatingIfNeeded: crc), offset: offset, packed: packed,
                isDeflated: isDeflated),
            46 + nameCount + extraCount + commentCount
        )
    }

    private static func start(_ entry: Entry, _ data: Data) throws(ZipArchive.Problem) -> Int {
        guard try number(data, entry.offset, UInt32.self) == Int(ZipArchive.localMark) else {
            throw truncated
        }
        let start =
            entry.offset + 30 + (try number(data, entry.offset + 26, UInt16.self))
            + (try number(data, entry.offset + 28, UInt16.self))
        guard start <= data.count, entry.packed <= data.count - start else { throw truncated }
        return start
    }

    /// Whether an archive may hold a file of this name.
    package static func allows(_ name: String) -> Bool {
        do throws(ZipArchive.Problem) { try check(name) } catch { return false }
        return true
    }

    /// A name may lead nowhere but below the folder that it is unpacked to.
    private static func check(_ name: String) throws(ZipArchive.Problem) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain =
            !name.isEmpty && name.utf8.count <= nameLimit
            && !name.unicodeScalars.contains { $0.value < 32 || $0 == "\\" || $0.value == 127 }
            && !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }
        guard isPlain else {
            throw ZipArchive.Problem(
                "it holds the path \"\(name.prefix(200))\", which leads out of it, or is no plain path"
            )
        }
    }
}
