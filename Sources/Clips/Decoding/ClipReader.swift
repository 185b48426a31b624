import Foundation

/// Reads single clips, for classification.
package enum ClipReader {
    /// - Throws: `ClipError` with all that can't be read.
    package static func read(_ files: [URL], cache: URL, settings: DecodingSettings) async throws
        -> [Clip]
    {
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
                clips.append(Clip(name: file.path, label: 0, frames: try result.get().pictures()))
            } catch {
                problems.append(
                    (error as? ClipError) ?? .unreadableClip(file: file.path, reason: "\(error)"))
            }
        }
        guard problems.isEmpty else { throw ClipError.several(problems) }
        return clips
    }
}
