import Files
import Foundation

/// How clips become pictures. What differs here makes other pixels.
package struct DecodingSettings: Sendable, Hashable {
    package var crop: CropBox?
    /// Frames a second that videos are brought to, by their time stamps; 0: every frame as it is.
    package var fps = 0.0
    /// The numbers of float arrays that become black and white.
    package var lowest = 0.0
    package var highest = 1.0
    /// Which pictures of a folder of pictures are its frames (`color_*.png`); empty: all.
    package var frames = ""

    package init() {}

    func check() throws {
        guard lowest < highest else {
            throw ClipError.badRange(lowest: lowest, highest: highest)
        }
    }
}

/// Reads clips of any form.
struct ClipDecoder {
    /// Where a folder for what is under way is made.
    let cache: URL
    let settings: DecodingSettings
    /// The folder that links may not leave; nil: they may.
    let root: URL?

    /// Clips that are decoded together: starting a process costs more than decoding a short clip.
    private static let batchSize = 25

    /// Decodes clips, several batches at once, and hands them on in their order.
    /// - Parameter take: is given each clip's place and what came of it; it is gone afterwards.
    /// - Throws: `ClipError.noDecoder` where a clip needs ffmpeg and there is none; what `take`
    ///   throws.
    func decode(_ clips: [URL], take: (Int, Result<DecodedClip, ClipError>) throws -> Void)
        async throws
    {
        let scratch = try ScratchFolder(in: cache, prefix: ".viseme-decoding-")
        defer { withExtendedLifetime(scratch) {} }
        let room = scratch.url
        let needsFFmpeg = clips.contains {
            !ClipFile.arrays.contains($0.pathExtension.lowercased())
        }
        let ffmpeg = needsFFmpeg ? try await VideoDecoder(fps: settings.fps) : nil
        let batches = stride(from: 0, to: clips.count, by: ClipDecoder.batchSize).map {
            $0..<min($0 + ClipDecoder.batchSize, clips.count)
        }
        let atOnce = max(1, ProcessInfo.processInfo.activeProcessorCount)
        try await withThrowingTaskGroup(of: (Int, [Result<DecodedClip, ClipError>]).self) { group in
            var (next, wanted) = (0, 0)
            // One more than are worked on: a processor is not idle while a batch is taken.
            func start() {
                guard next < batches.count, next < wanted + 2 * atOnce else { return }
                let (index, batch) = (next, batches[next])
                next += 1
                group.addTask { (index, try await decodeBatch(clips, batch, ffmpeg, room)) }
            }
            for _ in 0...atOnce { start() }
            var ready: [Int: [Result<DecodedClip, ClipError>]] = [:]
            while let (index, decoded) = try await group.next() {
                ready[index] = decoded
                while let turn = ready.removeValue(forKey: wanted) {
                    for (clip, result) in zip(batches[wanted], turn) { try take(clip, result) }
                    for clip in batches[wanted] { FileManager.default.discard(folder(clip, room)) }
                    wanted += 1
                    start()
                }
                start()
            }
        }
    }

    /// Of what belongs to one clip.
    private func folder(_ clip: Int, _ room: URL) -> URL { room.appending(path: "\(clip)") }

    private func decodeBatch(
        _ clips: [URL], _ batch: Range<Int>, _ ffmpeg: VideoDecoder?, _ room: URL
    ) async throws -> [Result<DecodedClip, ClipError>] {
        var results = [Result<DecodedClip, ClipError>?](repeating: nil, count: batch.count)
        var inputs: [(place: Int, input: VideoDecoder.Input)] = []
        for (place, index) in batch.enumerated() {
            try Task.checkCancellation()
            let clip = clips[index]
            if let problem = try ClipFile.problem(clip, within: root) {
                results[place] = .failure(.unreadableClip(file: clip.path, reason: problem))
            } else if ClipFile.arrays.contains(clip.pathExtension.lowercased()) {
                results[place] = try array(clip)
            } else {
                do {
                    inputs += try self.inputs(clip, folder(index, room)).map { (place, $0) }
                } catch let problem as PictureFacts.Problem {
                    results[place] = .failure(
                        .unreadableClip(file: clip.path, reason: problem.description))
                } catch let problem as FrameFolder.Problem {
                    results[place] = .failure(
                        .unreadableClip(file: clip.path, reason: problem.description))
                } catch {
                    throw ClipError.notDecoded(
                        file: clip.path, reason: error.localizedDescription)
                }
            }
        }
        guard let ffmpeg, !inputs.isEmpty else { return results.compactMap { $0 } }
        let decoded = try await ffmpeg.decode(inputs.map(\.input))
        for (part, made) in zip(inputs, decoded) {
            switch (results[part.place], made) {
            case (nil, .success(let one)):
                results[part.place] = .success(
                    DecodedClip(
                        parts: [one], crop: settings.crop,
                        frameRate: part.input.isVideo ? frameRate(one) : nil))
            case (nil, .failure(let error)): results[part.place] = .failure(error)
            case (.success(var earlier), .success(let one)):
                earlier.parts.append(one)
                results[part.place] = .success(earlier)
            case (.success, .failure(let error)): results[part.place] = .failure(error)
            case (.failure, _): break
            }
        }
        return results.compactMap { $0 }
    }

    /// Of a decoded video.
    private func frameRate(_ video: DecodedClip.Part) -> Double? {
        if settings.fps > 0 { return settings.fps }
        guard case .planes(let file, _) = video else { return nil }
        return Y4M.frameRate(file)
    }

    /// - Throws: `ClipError.notDecoded` where the file can't be read.
    private func array(_ clip: URL) throws -> Result<DecodedClip, ClipError> {
        // The reader below reports a file that can't be read.
        let size =
            (try? clip.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize)
            ?? 0
        guard size <= NumPyArray.byteLimit else {
            return .failure(
                .unreadableClip(
                    file: clip.path, reason: "its \(size >> 30) GB are more than a clip has"))
        }
        do {
            let pictures = try NumPyArray.pictures(
                [UInt8](Data(contentsOf: clip)), range: settings.lowest...settings.highest)
            return .success(DecodedClip(parts: [.pictures(pictures)], crop: settings.crop))
        } catch let problem as NumPyArray.Problem {
            return .failure(.unreadableClip(file: clip.path, reason: problem.description))
        } catch {
            throw ClipError.notDecoded(file: clip.path, reason: error.localizedDescription)
        }
    }

    /// What ffmpeg reads of a clip: the video, or the pictures of a folder as streams, one for each
    /// run of equal size. Its own names may be anything; ffmpeg sees ours.
    private func inputs(_ clip: URL, _ room: URL) throws -> [VideoDecoder.Input] {
        try FileManager.default.createDirectory(at: room, withIntermediateDirectories: true)
        guard let folder = try FrameFolder(clip, series: settings.frames) else {
            let link = room.appending(path: "clip.\(clip.pathExtension.lowercased())")
            try FileManager.default.createSymbolicLink(
                atPath: link.path, withDestinationPath: clip.resolvingSymlinksInPath().path)
            return [VideoDecoder.Input(video: link, of: clip)]
        }
        return try folder.parts().enumerated().map { number, part in
            let file = room.appending(path: "\(number).pictures")
            try Data().write(to: file)
            let stream = try FileHandle(forWritingTo: file)
            // All was written and checked before.
            defer { try? stream.close() }
            for frame in part.files {
                try stream.write(contentsOf: Data(contentsOf: frame, options: .mappedIfSafe))
            }
            return VideoDecoder.Input(pictures: file, of: clip, part.facts, count: part.files.count)
        }
    }
}
