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
        /// How the pictures are asked for where they are not planes as they are.
        var format: PixelFormat?
        /// Of pictures that are no planes.
        var size: FrameSize?
        /// How many pictures there have to be; nil where only the file knows.
        var count: Int?
        let isVideo: Bool

        init(video: URL, of clip: URL) { (self.clip, file, isVideo) = (clip, video, true) }

        /// PNG files lose nothing as RGB or grey; JPEG files are planes, as videos are.
        init(pictures: URL, of clip: URL, _ facts: PictureFacts, count: Int) {
            (self.clip, file, self.count, isVideo) = (clip, pictures, count, false)
            options = ["-f", facts.isPNG ? "png_pipe" : "jpeg_pipe"]
            if facts.isPNG {
                size = FrameSize(width: facts.width, height: facts.height, channels: facts.channels)
            }
        }

        /// Bytes of a picture that is not planes; nil for planes.
        var pictureBytes: Int? {
            guard let size else { return nil }
            if case .deep = format { return 2 * size.bytes }
            return size.bytes
        }

        /// The name of the format in which ffmpeg hands the pictures over; nil: as they are.
        var pixelFormat: String? {
            switch format {
            case .planes(let name), .deep(let name, _, _): name
            case .colours: "rgb24"
            case nil: size.map { $0.channels == 1 ? "gray" : "rgb24" }
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
    /// - Throws: `ClipError.notDecoded` where it is not the file that is to blame.
    func decode(_ files: [Input]) async throws -> [Result<DecodedClip.Part, ClipError>] {
        let together = await run(files)
        try Task.checkCancellation()
        if case .success(let matrices) = together {
            let parts = zip(files, matrices).map { part($0, $1) }
            // One by one, each clip shows its own reason.
            if parts.allSatisfy({ if case .success = $0 { true } else { false } }) {
                return parts.compactMap {
                    if case .success(let part) = $0 { .success(part) } else { nil }
                }
            }
        }
        var results: [Result<DecodedClip.Part, ClipError>] = []
        for file in files {
            do throws(Failure) {
                results.append(.success(try await alone(file)))
            } catch {
                guard error.isOfData else {
                    throw ClipError.notDecoded(file: file.clip.path, reason: error.reason)
                }
                results.append(.failure(.undecodable(file: file.clip.path, reason: error.reason)))
            }
            try Task.checkCancellation()
        }
        return results
    }

    /// Seconds before another attempt where the machine failed.
    private static let pauses = [0.2, 1.0]

    /// One input in a process of its own; in another format, if it has no place in a stream of
    /// planes; again, if the machine failed.
    private func alone(_ file: Input) async throws(Failure) -> DecodedClip.Part {
        var input = file
        var pauses = VideoDecoder.pauses
        while true {
            do throws(Failure) {
                FileManager.default.discard(input.output)
                let matrices: [Y4M.Matrix]
                switch await run([input]) {
                case .success(let found): matrices = found
                case .failure(let failure): throw failure
                }
                return try part(input, matrices[0]).get()
            } catch {
                if error.isOfData {
                    guard input.format == nil, input.size == nil else { throw error }
                    let probe = await probe(input)
                    guard let name = probe?.pixelFormat, let size = probe?.size else { throw error }
                    // Planes as they are fail for another reason.
                    if Y4M.formats.contains(name) { throw error }
                    guard let format = PixelFormat(name) else {
                        throw Failure(
                            "its pixel format is \(name), which is not read: convert it, with ffmpeg -i in -pix_fmt yuv420p out"
                        )
                    }
                    input.format = format
                    if case .planes = format { continue }
                    input.size = size
                } else if let pause = pauses.first, !Task.isCancelled {
                    pauses.removeFirst()
                    // Sleep throws only when it is cancelled.
                    try? await Task.sleep(for: .seconds(pause))
                } else {
                    throw error
                }
            }
        }
    }

    /// What ffmpeg wrote, after a look at it.
    private func part(_ input: Input, _ matrix: Y4M.Matrix) -> Result<DecodedClip.Part, Failure> {
        let bytes: Data
        do { bytes = try Data(contentsOf: input.output, options: .alwaysMapped) } catch {
            return .failure(Failure("what ffmpeg wrote is gone", isOfData: false))
        }
        if bytes.count >= VideoDecoder.byteLimit {
            return .failure(
                Failure(
                    "its pictures take more than \(VideoDecoder.byteLimit >> 30) GB: cut it into clips"
                ))
        }
        do {
            let found =
                try input.pictureBytes.map { bytes.count / $0 }
                ?? bytes.withUnsafeBytes { try Y4M.count($0.bindMemory(to: UInt8.self)) }
            guard found > 0 else {
                return .failure(
                    Failure(
                        "it holds no picture\(fps > 0 ? ", or none at fps \(fps): it may be shorter" : "")"
                    ))
            }
            if let count = input.count, found != count {
                return .failure(Failure("\(count) pictures were to be read, and \(found) were"))
            }
        } catch {
            return .failure(Failure("\(error)"))
        }
        guard let size = input.size else { return .success(.planes(input.output, matrix)) }
        if case .deep(_, let depth, let isPlanar) = input.format {
            return .success(.deep(input.output, size, depth: depth, isPlanar: isPlanar))
        }
        return .success(.raw(input.output, size, count: input.count))
    }

    /// The pixel format and size of an input's first video stream; nil without an answer.
    private func probe(_ input: Input) async -> (pixelFormat: String, size: FrameSize)? {
        let arguments =
            ["-v", "error"] + input.options + VideoDecoder.whitelists(input) + [
                "-select_streams", "V:0", "-show_entries", "stream=pix_fmt,width,height",
                "-of", "csv=p=0", "file:" + input.file.path,
            ]
        // Without ffprobe the first reason stays.
        let probe = try? await Subprocess.run(
            .name("ffprobe"), arguments: Arguments(arguments), output: .string(limit: 1 << 16),
            error: .discarded)
        let output = probe?.standardOutput ?? ""
        let fields = (output.split(whereSeparator: \.isNewline).first ?? "").split(separator: ",")
        guard fields.count == 3, let width = Int(fields[0]), let height = Int(fields[1]), width > 0,
            height > 0
        else { return nil }
        return (String(fields[2]), FrameSize(width: width, height: height, channels: 3))
    }

    private struct Failure: Error {
        let reason: String
        /// Whether the decoder found the bytes at fault. Only then may a clip be left out, or its
        /// failure be remembered: a process that was killed says nothing about the data.
        let isOfData: Bool

        init(_ reason: String, isOfData: Bool = true) {
            (self.reason, self.isOfData) = (reason, isOfData)
        }
    }

    /// Containers of videos. Playlists and manifests are none of them: they name other files.
    private static let containers =
        "mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,mjpeg,flv,asf,ogg,dv,mxf,nut,yuv4mpegpipe"

    private static func whitelists(_ input: Input) -> [String] {
        ["-protocol_whitelist", "file"]
            + (input.isVideo ? ["-format_whitelist", VideoDecoder.containers] : [])
    }

    private func arguments(_ files: [Input]) -> [String] {
        var arguments = [
            "-nostdin", "-hide_banner", "-nostats", "-v", "level+info", "-xerror", "-y",
        ]
        for input in files {
            arguments +=
                ["-threads", "1"] + input.options + VideoDecoder.whitelists(input)
                + ["-i", "file:" + input.file.path]
        }
        for (index, input) in files.enumerated() {
            arguments += [
                "-map", "\(index):V:0", "-strict", "-1", "-fs", String(VideoDecoder.byteLimit),
            ]
            // The filter takes the frame that is shown at each time, by the time stamps.
            arguments +=
                input.isVideo && fps > 0
                ? ["-vf", "fps=fps=\(fps)"] : ["-fps_mode", "passthrough"]
            if let format = input.pixelFormat { arguments += ["-pix_fmt", format] }
            arguments += ["-f", input.size == nil ? "yuv4mpegpipe" : "rawvideo"]
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
                return .failure(
                    Failure(
                        "ffmpeg took longer than \(limit), on a busy machine or for a long video",
                        isOfData: false))
            }
            if case .signaled = status {
                return .failure(Failure("ffmpeg was ended: \(status)", isOfData: false))
            }
            let log = FFmpegLog(message ?? "")
            if let problem = log.problem {
                return .failure(Failure(problem, isOfData: !log.isOfMachine))
            }
            guard status.isSuccess else { return .failure(Failure("ffmpeg ended with \(status)")) }
            return .success(log.matrices(files.count))
        } catch {
            return .failure(Failure("ffmpeg could not be run: \(error)", isOfData: false))
        }
    }
}
