import Foundation

/// A clip as it lies in a folder: a video, a folder of pictures, or an array.
enum ClipFile {
    /// Endings of videos.
    static let videos: Set<String> = ["mov", "mp4", "webm", "avi", "mpg", "mpeg", "mkv", "m4v"]
    static let arrays: Set<String> = ["npy", "npz"]

    /// Whether a name in `folder` is a clip. A pipe or a device would be waited for in vain.
    static func isClip(_ name: String, in folder: URL) -> Bool {
        let file = folder.appending(path: name)
        let isNamedSo = videos.union(arrays).contains((name as NSString).pathExtension.lowercased())
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder) else {
            // A link to nowhere is a clip that can't be read, not one that is not there.
            return isNamedSo
                && (try? FileManager.default.destinationOfSymbolicLink(atPath: file.path)) != nil
        }
        if isFolder.boolValue { return FrameFolder(file) != nil }
        guard isNamedSo else { return false }
        // A file that vanishes meanwhile is no clip.
        let facts = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey])
        return facts?.isRegularFile == true
    }

    /// The files it consists of.
    static func files(_ clip: URL) -> [URL] { FrameFolder(clip)?.frames ?? [clip] }

    /// What is wrong with it before its contents are looked at, in words.
    /// - Parameter root: the folder that links may not leave; nil: they may.
    static func problem(_ clip: URL, within root: URL?) -> String? {
        let home = root?.resolvingSymlinksInPath().path
        for file in files(clip) {
            if let root, let home, file.path.hasPrefix(root.path) {
                let place = file.resolvingSymlinksInPath().path
                guard place.hasPrefix(home + "/") else {
                    return
                        "it is a link that leaves the data set, to \(place): copy the file, or set follow_links: true"
                }
            }
            guard FileManager.default.fileExists(atPath: file.path) else {
                // It throws for what is no link.
                let isLink =
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: file.path)) != nil
                return isLink ? "it is a link to nowhere" : "there is no such file"
            }
            guard FileManager.default.isReadableFile(atPath: file.path) else {
                return "it may not be read (permissions)"
            }
            let size =
                // The decoder reports a file that vanishes meanwhile.
                (try? FileManager.default.attributesOfItem(
                    atPath: file.resolvingSymlinksInPath().path)[.size]) ?? 0
            if (size as? NSNumber)?.intValue == 0 {
                return file == clip
                    ? "it is empty (0 bytes)" : "\(file.lastPathComponent) is empty (0 bytes)"
            }
        }
        return nil
    }
}
