import CPlatform
import Files
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Decodes videos by ffmpeg, in child processes, to the planes they are stored in: ffmpeg's
/// conversion of colours differs between processors, ours (`Y4M`) does not.
struct VideoDecoder {
    static let secondsPerVideo = 60
    /// Of the planes of one video, on disk: more is a film rather than a clip.
    static let byteLimit = 4 << 30
    /// Of one process, for all its memory.
    static let memoryLimit = 4 << 30

    let executable: Executable
    /// 0: as the file has them.
    let fps: Double

    /// What ffmpeg reads, and what it makes of it.
    struct Input {
        /// For messages.
        let clip: URL
        let file: URL
        /// Stand before the file.
        var options: [String] = []
        /// Of pictures that are taken as they are; nil: planes.
        var raw: FrameSize?
        /// How many pictures there have to be; nil where only the file knows.
        var count: Int?
        let isVideo: Bool

        init(video: URL, of clip: URL) { (self.clip, file, isVideo) = (clip, video, true) }

        /// PNG files lose nothing as RGB or grey; JPEG files are planes, as videos are.
        init(pictures: URL, of clip: URL, _ facts: PictureFacts, count: Int) {
            (self.clip, file, self.count, isVideo) = (clip, pictures, count, false)
            options = ["-f", facts.isPNG ? "png_pipe" : "jpeg_pipe"]
            if facts.isPNG {
                raw = FrameSize(width: facts.width, height: facts.height, channels: facts.channels)
            }
        }

        var output: URL { file.appendingPathExtension("planes") }
    }

    /// - Throws: `ClipError.noDecoder` where there is no ffmpeg.
    init(fps: Double) async throws {
        executable = .name("ffmpeg")
        self.fps = fps
        do { _ = try await executable.resolveExecutablePath(in: .inherit) } catch {
            throw ClipError.noDecoder
        }
    }

    /// One process for all; where that fails, one for each, so that the broken file is known.
    func decode(_ files: [Input]) async throws -> [Result<DecodedClip.Part, ClipError>] {
        let together = await run(files)
        try Task.checkCancellation()
        if case .success(let matrices) = together {
            let parts = zip(files, matrices).map { part($0, $1) }
            // One by one, each clip shows its own reason.
            if parts.allSatisfy({ (try? $0.get()) != nil }) { return parts }
        }
        var results: [Result<DecodedClip.Part, ClipError>] = []
        for file in files {
            FileManager.default.discard(file.output)
            switch await run([file]) {
            case .success(let matrices): results.append(part(file, matrices[0]))
            case .failure(let failure):
                // Videos without planes (FFV1, PNG in a container) have no place in a stream of
                // planes.
                if file.raw == nil, file.isVideo, let colours = await inColours(file),
                    case .success = await run([colours])
                {
                    results.append(part(colours, .bt601))
                    continue
                }
                results.append(.failure(.undecodable(file: file.clip.path, reason: failure.reason)))
            }
            try Task.checkCancellation()
        }
        return results
    }

    /// What ffmpeg wrote, after a look at it.
    private func part(_ input: Input, _ matrix: Y4M.Matrix) -> Result<DecodedClip.Part, ClipError> {
        func failure(_ reason: String) -> Result<DecodedClip.Part, ClipError> {
            .failure(.undecodable(file: input.clip.path, reason: reason))
        }
        // No output: ffmpeg's own message is the reason.
        guard let bytes = try? Data(contentsOf: input.output, options: .alwaysMapped) else {
            return failure("ffmpeg wrote nothing")
        }
        if bytes.count >= VideoDecoder.byteLimit {
            return failure(
                "its pictures take more than \(VideoDecoder.byteLimit >> 30) GB: cut it into clips")
        }
        do {
            let found: Int
            if let raw = input.raw {
                found = bytes.count / raw.bytes
            } else {
                found = try bytes.withUnsafeBytes { try Y4M.count($0.bindMemory(to: UInt8.self)) }
            }
            guard found > 0 else {
                return failure(
                    "it holds no picture\(fps > 0 ? ", or none at fps \(fps): it may be shorter" : "")"
                )
            }
            if let count = input.count, found != count {
                return failure("\(count) pictures were to be read, and \(found) were")
            }
            if let raw = input.raw { return .success(.raw(input.output, raw, count: input.count)) }
            return .success(.planes(input.output, matrix))
        } catch {
            return failure("\(error)")
        }
    }

    /// A video whose pictures are stored as RGB, to be read as such: nothing but the order of the
    /// bytes changes.
    private func inColours(_ input: Input) async -> Input? {
        let arguments = [
            "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=pix_fmt,width,height",
            "-of", "csv=p=0",
            "file:" + input.file.path,
        ]
        // Without an answer the usual matrix is taken, as ffmpeg does.
        let probe = try? await Subprocess.run(
            .name("ffprobe"), arguments: Arguments(arguments), output: .string(limit: 1 << 16),
            error: .discarded)
        let output = (probe?.standardOutput ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        let fields = output.split(separator: ",")
        guard fields.count == 3, let width = Int(fields[0]), let height = Int(fields[1]), width > 0,
            height > 0,
            [
                "rgb24", "bgr24", "bgr0", "rgb0", "0rgb", "0bgr", "rgba", "bgra", "argb", "abgr",
                "gbrp", "pal8",
            ].contains(
                String(fields[2]))
        else { return nil }
        var colours = input
        colours.raw = FrameSize(width: width, height: height, channels: 3)
        return colours
    }

    private struct Failure: Error {
        let reason: String
    }

    private func arguments(_ files: [Input]) -> [String] {
        var arguments = [
            "-nostdin", "-hide_banner", "-nostats", "-v", "level+info", "-xerror", "-y",
        ]
        for input in files {
            arguments += ["-threads", "1"] + input.options + ["-i", "file:" + input.file.path]
        }
        for (index, input) in files.enumerated() {
            arguments += [
                "-map", "\(index):v:0", "-strict", "-1", "-fs", String(VideoDecoder.byteLimit),
            ]
            // The filter takes the frame that is shown at each time, by the time stamps.
            arguments +=
                input.isVideo && fps > 0
                ? ["-vf", "fps=fps=\(fps)"] : ["-fps_mode", "passthrough"]
            arguments +=
                input.raw.map {
                    ["-pix_fmt", $0.channels == 1 ? "gray" : "rgb24", "-f", "rawvideo"]
                }
                ?? ["-f", "yuv4mpegpipe"]
            arguments.append("file:" + input.output.path)
        }
        return arguments
    }

    /// - Returns: the colour matrix of each, or what ffmpeg said.
    private func run(_ files: [Input]) async -> Result<[Y4M.Matrix], Failure> {
        let arguments = arguments(files)
        do {
            // A batch that takes long is tried one by one.
            let limit = Duration.seconds(VideoDecoder.secondsPerVideo + 2 * (files.count - 1))
            let result = try await withThrowingTaskGroup(of: (TerminationStatus, String?)?.self) {
                group in
                group.addTask {
                    let result = try await Subprocess.run(
                        executable, arguments: Arguments(arguments), input: .none,
                        output: .discarded,
                        error: .string(limit: 4 << 20)
                    ) { execution in
                        _ = viseme_limit_memory(
                            execution.processIdentifier.value, VideoDecoder.memoryLimit)
                    }
                    return (result.terminationStatus, result.standardError)
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                let first = try await group.next() ?? nil
                group.cancelAll()
                return first
            }
            guard let (status, message) = result else {
                return .failure(Failure(reason: "ffmpeg took longer than \(limit)"))
            }
            let log = FFmpegLog(message ?? "")
            if let problem = log.problem { return .failure(Failure(reason: problem)) }
            guard status.isSuccess else {
                return .failure(Failure(reason: "ffmpeg ended with \(status)"))
            }
            return .success(log.matrices(files.count))
        } catch {
            return .failure(Failure(reason: "ffmpeg could not be run: \(error)"))
        }
    }
}
