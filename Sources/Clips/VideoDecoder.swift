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

    /// - Throws: `ClipError.noDecoder` where there is no ffmpeg.
    init(scratch: URL) async throws {
        executable = .name("ffmpeg")
        do { _ = try await executable.resolveExecutablePath(in: .inherit) } catch { throw ClipError.noDecoder }
        self.scratch = scratch
    }

    /// Decodes all of `files`, several at once. The order of the answer is that of the files.
    func decode(_ files: [URL], progress: @Sendable (Int) -> Void) async throws -> [Result<[Picture], ClipError>] {
        removeLeftovers()
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

    /// One process for all; where that fails, one for each, so that the broken file is known.
    private func decodeBatch(_ files: [URL], index: Int) async -> [Result<[Picture], ClipError>] {
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
                results.append(.failure(.undecodable(file: file.path, reason: reason)))
            } else {
                results.append(read(output, of: file))
            }
        }
        return results
    }

    private func read(_ output: URL, of file: URL) -> Result<[Picture], ClipError> {
        do {
            let pictures = try Y4M.pictures([UInt8](Data(contentsOf: output)))
            guard !pictures.isEmpty else {
                return .failure(.undecodable(file: file.path, reason: "it holds no picture"))
            }
            return .success(pictures)
        } catch let error as Y4M.Problem {
            return .failure(.undecodable(file: file.path, reason: error.description))
        } catch {
            return .failure(.undecodable(file: file.path, reason: "ffmpeg wrote nothing"))
        }
    }

    /// - Returns: nil, or what ffmpeg said.
    private func run(_ files: [URL], _ outputs: [URL]) async -> String? {
        var arguments = ["-nostdin", "-v", "error", "-xerror", "-y"]
        for file in files { arguments += ["-threads", "1", "-i", "file:" + file.path] }
        for (index, output) in outputs.enumerated() {
            arguments += ["-map", "\(index):v:0", "-fps_mode", "passthrough", "-strict", "-1", "-f", "yuv4mpegpipe"]
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
