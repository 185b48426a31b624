import Foundation

/// A clip as it lies in a folder: a video, a folder of pictures, or an array.
enum ClipFile {
    /// Endings of videos.
    static let videos: Set<String> = ["mov", "mp4", "webm", "avi", "mpg", "mpeg", "mkv", "m4v"]
    static let arrays: Set<String> = ["npy", "npz"]

    /// Whether a name in `folder` is a clip. A pipe or a device would be waited for in vain.
    static func isClip(_ name: String, in folder: URL) -> Bool {
        let file = folder.appending(path: name)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder) else { return false }
        if isFolder.boolValue { return FrameFolder(file) != nil }
        guard videos.union(arrays).contains((name as NSString).pathExtension.lowercased()) else { return false }
        let facts = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey])
        return facts?.isRegularFile == true
    }

    /// The files it consists of.
    static func files(_ clip: URL) -> [URL] { FrameFolder(clip)?.frames ?? [clip] }
}

/// Reads clips of any form.
struct ClipDecoder {
    let scratch: URL
    /// The numbers of float arrays that become black and white.
    let range: ClosedRange<Double>

    /// - Parameter progress: how many clips are done.
    /// - Returns: the pictures of each clip, in the order given.
    /// - Throws: `ClipError.noDecoder` where a clip needs ffmpeg and there is none.
    func decode(_ clips: [URL], progress: @Sendable (Int) -> Void) async throws -> [Result<[Picture], ClipError>] {
        var results = [Result<[Picture], ClipError>?](repeating: nil, count: clips.count)
        var inputs: [(clip: Int, input: VideoDecoder.Input)] = []
        var done = 0
        removeLeftovers()
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        for (index, clip) in clips.enumerated() {
            if ClipFile.arrays.contains(clip.pathExtension.lowercased()) {
                results[index] = array(clip)
                done += 1
                if done % 50 == 0 { progress(done) }
            } else if let folder = FrameFolder(clip) {
                do { inputs += try streams(folder, clip, index) } catch {
                    results[index] = .failure(.unreadableClip(file: clip.path, reason: "\(error)"))
                    done += 1
                }
            } else {
                inputs.append((index, VideoDecoder.Input(video: clip)))
            }
        }
        guard !inputs.isEmpty else { return results.compactMap { $0 } }
        let (before, count) = (done, inputs.count)
        let decoder = try await VideoDecoder(scratch: scratch.appending(path: "streams"))
        let decoded = try await decoder.decode(inputs.map(\.input)) {
            progress(before + $0 * (clips.count - before) / count)
        }
        for (part, pictures) in zip(inputs, decoded) {
            switch (results[part.clip], pictures) {
            case (nil, _): results[part.clip] = pictures
            case (.success(let earlier), .success(let more)): results[part.clip] = .success(earlier + more)
            case (.success, .failure): results[part.clip] = pictures
            case (.failure, _): break
            }
        }
        return results.compactMap { $0 }
    }

    /// What processes that were killed left behind: folders named after processes that are no more.
    private func removeLeftovers() {
        let parent = scratch.deletingLastPathComponent()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? [] {
            guard name.hasPrefix("decoding-"), let process = Int32(name.dropFirst("decoding-".count)),
                kill(process, 0) != 0
            else { continue }
            try? FileManager.default.removeItem(at: parent.appending(path: name))
        }
    }

    private func array(_ clip: URL) -> Result<[Picture], ClipError> {
        do {
            return .success(try NumPyArray.pictures([UInt8](Data(contentsOf: clip)), range: range))
        } catch let problem as NumPyArray.Problem {
            return .failure(.unreadableClip(file: clip.path, reason: problem.description))
        } catch {
            return .failure(.unreadableClip(file: clip.path, reason: "it may not be read"))
        }
    }

    /// The pictures of a folder as streams, one for each run of equal size.
    private func streams(_ folder: FrameFolder, _ clip: URL, _ index: Int) throws -> [(
        clip: Int, input: VideoDecoder.Input
    )] {
        try folder.parts().enumerated().map { number, part in
            let file = scratch.appending(path: "\(index)-\(number).pictures")
            var bytes = Data()
            for frame in part.files { bytes.append(try Data(contentsOf: frame)) }
            try bytes.write(to: file)
            return (index, VideoDecoder.Input(pictures: file, of: clip, part.facts, count: part.files.count))
        }
    }
}
