import Files
import Foundation
import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What one folder of a data set holds: folders, clips, and files that are neither.
struct FolderListing {
    /// Each in the order of their bytes: no locale, no file system decides.
    private(set) var folders: [String] = []
    private(set) var clips: [String] = []
    /// What is neither, by kind: an ending (`.txt`), or words.
    private(set) var others: [(name: String, kind: String)] = []

    /// Folders and files that systems and editors leave behind.
    private static let leavings: Set<String> = [
        "@eaDir", "__MACOSX", "Thumbs.db", "desktop.ini", "lost+found", "$RECYCLE.BIN",
        "System Volume Information",
    ]

    /// - Throws: `ClipError.unreadable` if the folder can't be read, or two of its names differ
    ///   only in their Unicode form.
    init(_ folder: URL) throws {
        var names: [String] = []
        for bytes in try FolderListing.names(folder) {
            guard let name = String(validating: bytes, as: UTF8.self) else {
                let shown = String(decoding: bytes, as: UTF8.self)
                others.append((shown, "names that are not UTF-8"))
                continue
            }
            if name.hasPrefix(".") || FolderListing.leavings.contains(name) { continue }
            names.append(name)
        }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var seen: Set<String> = []
        if let twin = names.first(where: { !seen.insert($0).inserted }) {
            throw ClipError.unreadable(
                path: folder.path,
                reason:
                    "two names differ only in their Unicode form (composed and decomposed letters): \(twin): rename one"
            )
        }
        for name in names { take(name, in: folder) }
    }

    private mutating func take(_ name: String, in folder: URL) {
        let file = folder.appending(path: name)
        let ending = (name as NSString).pathExtension.lowercased()
        let isNamedClip = ClipFile.endings.contains(ending)
        var facts = stat()
        guard stat(file.path, &facts) == 0 else {
            // A link to nowhere that is named like a clip is a clip that can't be read.
            if isNamedClip { clips.append(name) } else { others.append((name, "links to nowhere")) }
            return
        }
        switch facts.st_mode & S_IFMT {
        case S_IFDIR:
            folders.append(name)
            if FrameFolder.holdsPictures(file) { clips.append(name) }
        case S_IFREG where isNamedClip: clips.append(name)
        case S_IFREG: others.append((name, ending.isEmpty ? "without an ending" : ".\(ending)"))
        default: others.append((name, "pipes, sockets and devices"))
        }
    }

    /// Endings of pictures that are not read.
    private static let otherPictures: Set<String> = [
        "bmp", "tif", "tiff", "webp", "gif", "ppm", "pgm", "pnm", "exr", "jp2", "heic", "avif",
    ]

    /// A folder that is no clip, in words: of pictures that are not read, or without pictures.
    static func kind(ofFolder folder: URL) -> String {
        let ending = FileManager.default.names(in: folder).map {
            ($0 as NSString).pathExtension.lowercased()
        }.first(where: otherPictures.contains)
        return ending.map { "folders of .\($0) pictures (PNG and JPEG are read)" }
            ?? "folders without pictures"
    }

    /// Names as the file system has them, without `.` and `..`.
    private static func names(_ folder: URL) throws -> [[UInt8]] {
        guard let directory = opendir(folder.path) else {
            throw ClipError.unreadable(path: folder.path, reason: String(cString: strerror(errno)))
        }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(directory) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if bytes != [0x2E], bytes != [0x2E, 0x2E] { names.append(bytes) }
            errno = 0
        }
        guard errno == 0 else {
            throw ClipError.unreadable(path: folder.path, reason: String(cString: strerror(errno)))
        }
        return names
    }
}

/// Files in a data set that are no clips, counted by kind: nothing is left out in silence.
package struct LeftOutFiles: Sendable, Equatable {
    package struct Kind: Sendable, Equatable {
        /// An ending (`.txt`), or words.
        package let name: String
        package fileprivate(set) var count = 0
        /// The first of them, by path within the data set.
        package fileprivate(set) var examples: [String] = []
    }

    private static let shown = 5
    /// In the order of their names.
    package private(set) var kinds: [Kind] = []

    package var count: Int { kinds.reduce(0) { $0 + $1.count } }

    /// - Parameter place: of the folder within the data set; empty, or with `/` at its end.
    mutating func add(_ others: [(name: String, kind: String)], in place: String) {
        for (name, kind) in others {
            let at =
                kinds.firstIndex { $0.name == kind }
                ?? {
                    kinds.append(Kind(name: kind))
                    return kinds.count - 1
                }()
            kinds[at].count += 1
            if kinds[at].examples.count < LeftOutFiles.shown {
                kinds[at].examples.append(place + name)
            }
        }
        kinds.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// `500 .txt, 1 .csv`.
    package var words: String { kinds.map { "\($0.count) \($0.name)" }.joined(separator: ", ") }
}
