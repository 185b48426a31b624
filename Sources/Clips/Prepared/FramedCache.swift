import Digests
import Files
import Foundation

/// Framed clips in a file, so that only the first run of a study frames (or draws) them. Processes
/// that want the same at the same time wait for the one that makes it.
///
/// It is a cache: it can be deleted at any time, and one that is damaged is made again.
struct FramedCache {
    let file: URL
    private let format: ClipFormat

    /// Raised when framing changes.
    private static let version = 3

    /// - Parameter data: the digest of the data set.
    init(folder: URL, data: String, format: ClipFormat) {
        let frames =
            format.keepsAllFrames
            ? "all" : "\(format.frames) from the \(format.window == .start ? "start" : "centre")"
        let key =
            "framed \(FramedCache.version) \(data) \(frames)×\(format.keptHeight)×\(format.keptWidth)×\(format.channels)"
            + " padding \(format.padding)"
        file = folder.appending(
            path: "framed-" + hexadecimal(SHA256.hash(Data(key.utf8)).prefix(16)) + ".h5")
        self.format = format
    }

    /// - Parameter frame: hands each clip and its framed pictures to its argument.
    /// - Returns: nil where no file can be written.
    func clips(
        _ classes: () throws -> [String],
        from frame: ((FoundClip, [Picture]) throws -> Void) throws -> Void
    ) throws -> ClipSplits? {
        if let clips = read() { return clips }
        FileManager.default.ensureFolder(file.deletingLastPathComponent())
        let lock = open(file.path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else { return nil }
        // Who waits for it still holds the file without a name; who comes later finds the clips.
        defer {
            unlink(file.path + ".lock")
            close(lock)
        }
        while flock(lock, LOCK_EX) != 0, errno == EINTR {}
        if let clips = read() { return clips }
        let names = try classes()
        // Without a cache the clips are framed in memory.
        guard let writer = try? ClipSetWriter(file, classes: names, settings: "{}") else {
            return nil
        }
        // Damage to the clips is an error, a full disk is not.
        var unwritable = false
        do {
            try frame { clip, pictures in
                do {
                    try writer.append(name: clip.name, split: clip.split, label: clip.label) {
                        _ in
                        clip.word(in: format)
                    } frames: { take in
                        for picture in pictures { try take(picture) }
                    }
                } catch {
                    unwritable = true
                    throw error
                }
            }
        } catch {
            if unwritable { return nil }
            throw error
        }
        do { try writer.finish() } catch { return nil }
        return read()
    }

    private func read() -> ClipSplits? {
        // A cache that is missing or damaged is made anew.
        guard let set = try? ClipSet(file, isCache: true) else { return nil }
        let entries = set.contents.entries
        guard case .even(let size, _) = set.contents.sizes,
            size
                == FrameSize(
                    width: format.keptWidth, height: format.keptHeight, channels: format.channels),
            entries.allSatisfy({ format.keepsAllFrames || $0.frames.count <= format.frames })
        else { return nil }
        let test = FramedClips(format: format, set, .test)
        return ClipSplits(
            classes: set.contents.classes, train: FramedClips(format: format, set, .train),
            val: FramedClips(format: format, set, .val), test: test.count > 0 ? test : nil)
    }
}
