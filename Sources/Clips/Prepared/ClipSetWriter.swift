import Digests
import Files
import Foundation
import Studies

/// Writes a file of clips, one clip after the other, whatever their size all together: the pixels
/// go to a file beside it, and at the end, behind the description of all, into the file itself. It
/// is there whole or not at all.
package final class ClipSetWriter {
    private let file: URL
    private let spool: URL
    private let descriptor: Int32
    private var contents: ClipSetContents
    private var sizes: [FrameSize] = []
    /// Not yet in the spool.
    private var waiting: [UInt8] = []
    private var written = 0
    private static let bufferSize = 1 << 20

    package init(_ file: URL, classes: [String], settings: String) throws {
        self.file = file
        contents = ClipSetContents(classes: classes)
        contents.settings = settings
        let folder = file.deletingLastPathComponent()
        FileManager.default.ensureFolder(folder)
        spool = folder.appending(
            path: ".\(file.lastPathComponent).\(getpid())-\(randomName()).pixels")
        descriptor = open(spool.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw StoreError.unwritable(path: file.path, reason: systemProblem())
        }
        // Nobody else needs its name, and no kill leaves it behind.
        unlink(spool.path)
    }

    deinit { close(descriptor) }

    var count: Int { contents.entries.count }

    /// Takes in a clip. Where `frames` throws, nothing of it is kept.
    /// - Parameters:
    ///   - frameRate: frames a second; nil where the clip carries no time.
    ///   - word: the frames in which its word is spoken, where that is known, of so many frames.
    ///   - frames: hands each picture to its argument.
    package func append(
        name: String, split: Split, label: Int, frameRate: Double? = nil,
        word: (Int) throws -> Range<Int>? = { _ in nil },
        frames: ((Picture) throws -> Void) throws -> Void
    ) throws {
        let (before, bytes) = (sizes.count, written + waiting.count)
        var hash = SHA256()
        var spoken: Range<Int>?
        do {
            try frames { picture in
                sizes.append(
                    FrameSize(
                        width: picture.width, height: picture.height, channels: picture.channels))
                hash.update(picture.pixels)
                waiting += picture.pixels
                if waiting.count >= ClipSetWriter.bufferSize { try flush() }
            }
            spoken = try word(sizes.count - before)
        } catch {
            sizes.removeLast(sizes.count - before)
            if bytes >= written {
                waiting.removeLast(written + waiting.count - bytes)
            } else {
                waiting = []
                written = bytes
                lseek(descriptor, off_t(bytes), SEEK_SET)
            }
            throw error
        }
        contents.entries.append(
            .init(
                name: name, split: split, label: label, frames: before..<sizes.count,
                digest: Array(hash.finalize()), frameRate: frameRate, word: spoken))
    }

    private func flush() throws {
        try DurableFile.writeAll(waiting, descriptor, file)
        written += waiting.count
        waiting.removeAll(keepingCapacity: true)
    }

    /// Publishes the file.
    package func finish(skipped: [SkippedClip] = []) throws {
        try flush()
        contents.sizes = FrameSizes(sizes)
        contents.skipped = skipped
        var image = try ClipSetLayout.image(contents)
        let reserved = try ReservedBytes(in: image, count: written)
        let digest = Array(SHA256.hash(image))
        let start = (image.count + 4095) / 4096 * 4096
        let trailer = ClipSet.Trailer(
            imageCount: image.count, field: reserved.field, digest: digest)
        reserved.place(at: start, end: start + written, in: &image)
        image += [UInt8](repeating: 0, count: start - image.count)
        lseek(descriptor, 0, SEEK_SET)
        try DurableFile.write(to: file) { target in
            try DurableFile.writeAll(image, target, file)
            var left = written
            var buffer = [UInt8](repeating: 0, count: 4 << 20)
            while left > 0 {
                let count = read(descriptor, &buffer, min(left, buffer.count))
                guard count > 0 else {
                    throw StoreError.unwritable(path: file.path, reason: systemProblem())
                }
                try DurableFile.writeAll(
                    count == buffer.count ? buffer : Array(buffer[..<count]), target, file)
                left -= count
            }
            try DurableFile.writeAll(trailer.bytes, target, file)
        }
    }
}
