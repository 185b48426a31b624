import Digests
import Files
import Foundation
import Synchronization

/// A file of clips: what it says of them is in memory, their pixels are read from the file one clip
/// at a time, and verified when they are first read. What was read lately the system keeps, for all
/// processes together.
package final class ClipSet: Sendable {
    let file: URL
    package let contents: ClipSetContents
    let isCache: Bool
    private let descriptor: Int32
    private let pixelStart: Int
    /// Which clips have been verified.
    private let verified: Mutex<[Bool]>

    /// The index at the end of the file.
    struct Trailer {
        private static let magic: [UInt8] = Array(
            "\u{89}VISEMEC".unicodeScalars.map { UInt8($0.value) })
        static let count = 8 + 8 + 8 + 32

        let imageCount: Int
        /// See `ReservedBytes`.
        let field: Int
        /// SHA-256 of the image as it is without its reserved bytes.
        let digest: [UInt8]

        init(imageCount: Int, field: Int, digest: [UInt8]) {
            (self.imageCount, self.field, self.digest) = (imageCount, field, digest)
        }

        init?(_ bytes: [UInt8]) {
            func number(_ at: Int) -> Int? {
                Int(
                    exactly: (0..<8).reduce(UInt64(0)) {
                        $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1)
                    })
            }
            guard bytes.count == Trailer.count, Array(bytes[..<8]) == Trailer.magic,
                let imageCount = number(8),
                let field = number(16)
            else { return nil }
            self.init(imageCount: imageCount, field: field, digest: Array(bytes[24...]))
        }

        var bytes: [UInt8] {
            func bytes(_ number: Int) -> [UInt8] {
                withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) }
            }
            return Trailer.magic + bytes(imageCount) + bytes(field) + digest
        }
    }

    /// - Throws: `StoreError`.
    /// - Parameter isCache: whether it can be made again, and goes where it is damaged.
    package convenience init(_ file: URL, isCache: Bool = false) throws {
        // A pipe would be waited for in vain.
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw StoreError.unreadable(
                path: file.path, reason: "there is no such file, or it may not be read")
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw StoreError.unreadable(
                path: file.path, reason: "it is no file of clips, but a folder, a pipe or a device")
        }
        do {
            let (contents, pixelStart) = try ClipSet.understand(file, descriptor)
            self.init(file, isCache, descriptor, contents, pixelStart)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private init(
        _ file: URL, _ isCache: Bool, _ descriptor: Int32, _ contents: ClipSetContents,
        _ pixelStart: Int
    ) {
        (self.file, self.isCache, self.descriptor) = (file, isCache, descriptor)
        (self.contents, self.pixelStart) = (contents, pixelStart)
        verified = Mutex([Bool](repeating: false, count: contents.entries.count))
    }

    /// - Returns: what the file says, and where its pixels begin.
    private static func understand(_ file: URL, _ descriptor: Int32) throws -> (
        ClipSetContents, Int
    ) {
        func damaged(_ reason: String) -> StoreError {
            .unreadable(path: file.path, reason: reason)
        }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size > Trailer.count,
            let tail = read(descriptor, size - Trailer.count, Trailer.count),
            let trailer = Trailer(tail), trailer.imageCount < min(size, 1 << 31),
            var image = read(descriptor, 0, trailer.imageCount)
        else { throw damaged("it does not end as a file of clips does that viseme wrote whole") }
        guard let said = ReservedBytes(field: trailer.field).remove(from: &image),
            Array(SHA256.hash(image)) == trailer.digest, said.end == size - Trailer.count,
            (trailer.imageCount...said.end).contains(said.address)
        else {
            throw damaged(
                "its description is not the one that its digest was made of: it was damaged or changed"
            )
        }
        let contents = try SealedFile.understand(image, of: file) {
            try ClipSetLayout.read($0, byteCount: said.end - said.address)
        }
        return (contents, said.address)
    }

    deinit { close(descriptor) }

    /// Reads a clip's pixels.
    /// - Parameter pixels: room for exactly so many.
    /// - Throws: `StoreError` where they are not those they were.
    func read(_ clip: Int, into pixels: UnsafeMutableRawBufferPointer) throws {
        let place = contents.bytes(clip)
        precondition(pixels.count == place.count)
        guard ClipSet.read(descriptor, pixelStart + place.lowerBound, into: pixels) else {
            throw StoreError.unreadable(path: file.path, reason: "its end is missing")
        }
        if verified.withLock({ $0[clip] }) { return }
        guard
            SHA256.hash(UnsafeRawBufferPointer(pixels)).elementsEqual(contents.entries[clip].digest)
        else {
            throw changed(clip)
        }
        verified.withLock { $0[clip] = true }
    }

    /// The pictures of a clip.
    package func pictures(_ clip: Int) throws -> [Picture] {
        var pictures: [Picture] = []
        try forEachPicture(clip, 0..<contents.entries[clip].frames.count) { pictures.append($0) }
        return pictures
    }

    /// Hands out some pictures of a clip, one by one: no clip has to fit into memory.
    /// - Parameter wanted: frames of the clip, from 0.
    /// - Throws: `StoreError`, maybe not before the last picture, where its pixels are not those
    ///   they were; what `body` throws.
    func forEachPicture(_ clip: Int, _ wanted: Range<Int>, _ body: (Picture) throws -> Void) throws
    {
        let entry = contents.entries[clip]
        let isVerified = verified.withLock { $0[clip] }
        var hash = SHA256()
        for place in isVerified ? wanted : 0..<entry.frames.count {
            let frame = entry.frames.lowerBound + place
            let size = contents.sizes[frame]
            guard
                let pixels = ClipSet.read(
                    descriptor, pixelStart + contents.sizes.bytes(frame), size.bytes)
            else {
                throw StoreError.unreadable(path: file.path, reason: "its end is missing")
            }
            if !isVerified { hash.update(pixels) }
            guard wanted.contains(place) else { continue }
            try body(
                Picture(
                    width: size.width, height: size.height, channels: size.channels, pixels: pixels)
            )
        }
        if isVerified { return }
        guard hash.finalize().elementsEqual(entry.digest) else { throw changed(clip) }
        verified.withLock { $0[clip] = true }
    }

    /// A damaged file of a cache goes: the next try makes it again.
    private func changed(_ clip: Int) -> StoreError {
        if isCache { unlink(file.path) }
        return .unreadable(
            path: file.path,
            reason:
                "the pixels of \(contents.entries[clip].name) do not have their digest: it was damaged or changed"
                + (isCache ? ". It is only a cache, and was removed: start again" : ""))
    }

    private static func read(_ descriptor: Int32, _ at: Int, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return bytes.withUnsafeMutableBytes { read(descriptor, at, into: $0) } ? bytes : nil
    }

    private static func read(
        _ descriptor: Int32, _ at: Int, into bytes: UnsafeMutableRawBufferPointer
    ) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = pread(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done,
                off_t(at + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
