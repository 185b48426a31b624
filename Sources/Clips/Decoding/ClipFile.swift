import Foundation

/// A clip as it lies in a folder: a video, a folder of pictures, or an array.
enum ClipFile {
    /// Endings of videos that ffmpeg reads.
    static let videos: Set<String> = [
        "mov", "mp4", "m4v", "webm", "mkv", "avi", "mpg", "mpeg", "m2v", "vob", "ts", "m2t", "mts",
        "m2ts", "3gp", "3g2", "wmv", "asf", "flv", "ogv", "ogg", "dv", "mxf", "mjpeg", "mjpg",
        "y4m", "nut",
    ]
    static let arrays: Set<String> = ["npy", "npz"]
    static let endings = videos.union(arrays)

    /// The files it consists of.
    static func files(_ clip: URL) -> [URL] { FrameFolder.pictures(clip) ?? [clip] }

    /// What is wrong with it before its contents are looked at, in words.
    /// - Parameter root: the folder that links may not leave; nil: they may.
    /// - Throws: `ClipError.notDecoded` where a file may not be read: that is not the clip's fault.
    static func problem(_ clip: URL, within root: URL?) throws -> String? {
        let home = root?.resolvingSymlinksInPath().path
        for file in files(clip) {
            if let home {
                let place = file.resolvingSymlinksInPath().path
                guard place.hasPrefix(home + "/") else {
                    return
                        "it is a link that leaves the data set, to \(place): copy the file, or set follow_links: true"
                }
            }
            var facts = stat()
            guard stat(file.path, &facts) == 0 else {
                guard errno == ENOENT || errno == ELOOP else {
                    throw ClipError.notDecoded(
                        file: file.path, reason: String(cString: strerror(errno)))
                }
                return lstat(file.path, &facts) == 0
                    ? "it is a link to nowhere" : "there is no such file"
            }
            guard facts.st_mode & S_IFMT == S_IFREG else { return "it is not a regular file" }
            guard access(file.path, R_OK) == 0 else {
                throw ClipError.notDecoded(
                    file: file.path, reason: String(cString: strerror(errno)))
            }
            if facts.st_size == 0 {
                return file == clip
                    ? "it is empty (0 bytes)" : "\(file.lastPathComponent) is empty (0 bytes)"
            }
        }
        return nil
    }
}
