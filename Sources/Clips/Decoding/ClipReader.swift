import Foundation

/// Reads single clips, for classification.
package enum ClipReader {
    /// - Parameter needsWords: whether each has to have metadata that say when its word is spoken.
    /// - Throws: `ClipError` with all that can't be read.
    package static func read(
        _ files: [URL], cache: URL, settings: DecodingSettings, needsWords: Bool = false
    ) async throws -> [Clip] {
        for file in files where !FileManager.default.fileExists(atPath: file.path) {
            throw ClipError.unreadable(path: file.path, reason: "there is no such file")
        }
        let decoder = ClipDecoder(
            cache: cache, settings: settings,
            root: nil)
        var clips: [Clip] = []
        var problems: [ClipError] = []
        try await decoder.decode(files) { place, result in
            let file = files[place]
            do {
                let decoded = try result.get()
                var clip = Clip(name: file.path, label: 0, frames: try decoded.pictures())
                if needsWords {
                    guard let time = try ClipMetadata.word(of: file) else {
                        throw WordTime.Problem.missing
                    }
                    clip.word = try time.frames(of: clip.frames.count, rate: decoded.frameRate)
                }
                clips.append(clip)
            } catch let problem as WordTime.Problem {
                problems.append(.noWord(file: file.path, reason: problem.description))
            } catch {
                problems.append(
                    (error as? ClipError) ?? .unreadableClip(file: file.path, reason: "\(error)"))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        return clips
    }
}
