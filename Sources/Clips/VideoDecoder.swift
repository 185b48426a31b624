import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Decodes videos by ffmpeg, in child processes, to the planes they are stored in: ffmpeg's conversion of colours differs
/// between processors, ours (`Y4M`) does not.
struct VideoDecoder {
    /// Videos per process: starting one costs more than decoding a short clip.
    static let batchSize = 25
    static let secondsPerVideo = 60

    let executable: Executable
    let scratch: URL

    /// What ffmpeg reads, and what it makes of it.
    struct Input {
        /// For messages.
        let clip: URL
        let file: URL
        /// Stand before the file.
        var options: [String] = []
        /// Of pictures that are taken as they are; nil: planes.
        var raw: (width: Int, height: Int, channels: Int, count: Int)?
        /// How many pictures there have to be; nil where only the file knows.
        var count: Int?

        init(video: URL) { (clip, file) = (video, video) }

        /// PNG files lose nothing as RGB or grey; JPEG files are planes, as videos are.
        init(pictures: URL, of clip: URL, _ facts: PictureFacts, count: Int) {
            (self.clip, file, self.count) = (clip, pictures, count)
            options = ["-f", facts.isPNG ? "png_pipe" : "jpeg_pipe"]
            if facts.isPNG { raw = (facts.width, facts.height, facts.channels, count) }
        }
    }

    /// - Throws: `ClipError.noDecoder` where there is no ffmpeg.
    init(scratch: URL) async throws {
        executable = .name("ffmpeg")
        do { _ = try await executable.resolveExecutablePath(in: .inherit) } catch { throw ClipError.noDecoder }
        self.scratch = scratch
    }

    /// Decodes all of `files`, several at once. The order of the answer is that of the files.
    func decode(_ files: [Input], progress: @Sendable (Int) -> Void) async throws -> [Result<[Picture], ClipError>] {
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let batches = stride(from: 0, to: files.count, by: VideoDecoder.batchSize).map {
            Array(files[$0..<min($0 + VideoDecoder.batchSize, files.count)])
        }
        var results: [Int: [Result<[Picture], ClipError>]] = [:]
        var done = 0
        await withTaskGroup(of: (Int, [Result<[Picture], ClipError>]).self) { group in
            var next = 0
            func start() {
                guard next < batches.count else { return }
                let (index, batch) = (next, batches[next])
                next += 1
                group.addTask { (index, await decodeBatch(batch, index: index)) }
            }
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) { start() }
            for await (index, pictures) in group {
                results[index] = pictures
                done += pictures.count
                progress(done)
                if !Task.isCancelled { start() }
            }
        }
        try Task.checkCancellation()
        return batches.indices.flatMap { results[$0] ?? [] }
    }

    /// One process for all; where that fails, one for each, so that the broken file is known.
    private func decodeBatch(_ files: [Input], index: Int) async -> [Result<[Picture], ClipError>] {
        let outputs = files.indices.map { scratch.appending(path: "\(index)-\($0).y4m") }
        defer { for output in outputs { try? FileManager.default.removeItem(at: output) } }
        let reason = await run(files, outputs)
        if Task.isCancelled { return [] }
        if reason == nil {
            let pictures = zip(files, outputs).map { read($1, of: $0) }
            if pictures.allSatisfy({ (try? $0.get()) != nil }) { return pictures }
        }
        var results: [Result<[Picture], ClipError>] = []
        for (file, output) in zip(files, outputs) {
            try? FileManager.default.removeItem(at: output)
            if let reason = await run([file], [output]) {
                // Videos without planes (FFV1, PNG in a container) have no place in a stream of planes.
                if file.raw == nil, let colours = await inColours(file), await run([colours], [output]) == nil {
                    results.append(read(output, of: colours))
                    continue
                }
                results.append(.failure(.undecodable(file: file.clip.path, reason: reason)))
            } else {
                results.append(read(output, of: file))
            }
        }
        return results
    }

    private func read(_ output: URL, of input: Input) -> Result<[Picture], ClipError> {
        func failure(_ reason: String) -> Result<[Picture], ClipError> {
            .failure(.undecodable(file: input.clip.path, reason: reason))
        }
        guard let bytes = try? [UInt8](Data(contentsOf: output)) else { return failure("ffmpeg wrote nothing") }
        do {
            let pictures =
                try input.raw.map { VideoDecoder.pictures(bytes, $0.width, $0.height, $0.channels) }
                ?? Y4M.pictures(bytes)
            guard !pictures.isEmpty else { return failure("it holds no picture") }
            if let count = input.count, pictures.count != count {
                return failure("\(count) pictures were to be read, and \(pictures.count) were")
            }
            return .success(pictures)
        } catch {
            return failure("\(error)")
        }
    }

    /// Pictures that lie one after the other; what is left over makes none.
    private static func pictures(_ bytes: [UInt8], _ width: Int, _ height: Int, _ channels: Int) -> [Picture] {
        let size = width * height * channels
        return (0..<bytes.count / size).map {
            Picture(
                width: width, height: height, channels: channels, pixels: Array(bytes[($0 * size)..<(($0 + 1) * size)]))
        }
    }

    /// A video whose pictures are stored as RGB, to be read as such: nothing but the order of the bytes changes.
    private func inColours(_ input: Input) async -> Input? {
        let arguments = [
            "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=pix_fmt,width,height", "-of", "csv=p=0",
            "file:" + input.file.path,
        ]
        let probe = try? await Subprocess.run(
            .name("ffprobe"), arguments: Arguments(arguments), output: .string(limit: 1 << 16), error: .discarded)
        let told = (probe?.standardOutput ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        let fields = told.split(separator: ",")
        guard fields.count == 3, let width = Int(fields[0]), let height = Int(fields[1]), width > 0, height > 0,
            ["rgb24", "bgr24", "bgr0", "rgb0", "0rgb", "0bgr", "rgba", "bgra", "argb", "abgr", "gbrp", "pal8"].contains(
                String(fields[2]))
        else { return nil }
        var colours = input
        colours.raw = (width, height, 3, 0)
        return colours
    }

    /// - Returns: nil, or what ffmpeg said.
    private func run(_ files: [Input], _ outputs: [URL]) async -> String? {
        var arguments = ["-nostdin", "-v", "error", "-xerror", "-y"]
        for input in files { arguments += ["-threads", "1"] + input.options + ["-i", "file:" + input.file.path] }
        for (index, (input, output)) in zip(files, outputs).enumerated() {
            arguments += ["-map", "\(index):v:0", "-fps_mode", "passthrough", "-strict", "-1"]
            arguments +=
                input.raw.map { ["-pix_fmt", $0.channels == 1 ? "gray" : "rgb24", "-f", "rawvideo"] }
                ?? ["-f", "yuv4mpegpipe"]
            arguments.append("file:" + output.path)
        }
        do {
            let limit = Duration.seconds(VideoDecoder.secondsPerVideo * files.count)
            let result = try await withThrowingTaskGroup(of: (TerminationStatus, String?)?.self) { group in
                group.addTask { [arguments] in
                    let result = try await Subprocess.run(
                        executable, arguments: Arguments(arguments), output: .discarded, error: .string(limit: 1 << 20))
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
            guard let (status, message) = result else { return "ffmpeg took longer than \(limit)" }
            if status.isSuccess { return nil }
            let lines = (message ?? "").split(separator: "\n")
            return lines.last.map(String.init) ?? "ffmpeg ended with \(status)"
        } catch {
            return "ffmpeg could not be run: \(error)"
        }
    }
}
