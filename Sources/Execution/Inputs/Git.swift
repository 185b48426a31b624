import Files
import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Asks git about a repository.
struct Git {
    /// A folder in it.
    let folder: String

    private static let outputLimit = 1 << 28

    /// - Parameter input: names that git reads, each with a zero byte behind it; nil: none.
    /// - Returns: what git prints; nil without git, without a repository, or where git fails.
    func bytes(_ arguments: [String], input: [String]? = nil) async -> Data? {
        // Without a lock of the index: a process that is killed would leave it behind, in the way
        // of every commit.
        let all = Arguments(["--no-optional-locks", "-C", folder] + arguments)
        let output = DataOutput.data(limit: Git.outputLimit)
        guard let input else {
            let result = try? await Subprocess.run(
                .name("git"), arguments: all, input: .none, output: output, error: .discarded)
            return result.flatMap { $0.terminationStatus.isSuccess ? $0.standardOutput : nil }
        }
        // From a file: git may end before it has read all, and a pipe would break.
        let file = FileManager.default.temporaryDirectory.appending(path: "viseme-\(randomName())")
        let text = Data(input.map { $0 + "\0" }.joined().utf8)
        guard (try? text.write(to: file)) != nil,
            let names = try? FileDescriptor.open(FilePath(file.path), .readOnly)
        else { return nil }
        unlink(file.path)
        let result = try? await Subprocess.run(
            .name("git"), arguments: all,
            input: .fileDescriptor(names, closeAfterSpawningProcess: true), output: output,
            error: .discarded)
        return result.flatMap { $0.terminationStatus.isSuccess ? $0.standardOutput : nil }
    }

    func text(_ arguments: [String]) async -> String? {
        await bytes(arguments).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// Names that are divided by zero bytes.
    func names(_ arguments: [String], input: [String]? = nil) async -> [String]? {
        await bytes(arguments, input: input).map {
            String(decoding: $0, as: UTF8.self).split(separator: "\0").map(String.init)
        }
    }
}
