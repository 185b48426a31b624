import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The built program, run as a person would, in folders of its own.
struct Program {
    static let package = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Beside the tests' own bundle, or where `VISEME_PROGRAM` says.
    static let url: URL = {
        if let path = ProcessInfo.processInfo.environment["VISEME_PROGRAM"] {
            return URL(filePath: path)
        }
        #if DEBUG
            return package.appending(path: ".build/debug/viseme")
        #else
            return package.appending(path: ".build/release/viseme")
        #endif
    }()

    struct Ending {
        let status: TerminationStatus
        let output: String
        let errors: String
    }

    let folder = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")

    init(_ files: [String: String] = [:]) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    func close() { try? FileManager.default.removeItem(at: folder) }

    /// The user's cache and state are in the folder too.
    private var own: [Environment.Key: String?] {
        [
            "XDG_CACHE_HOME": folder.path + "/user-cache",
            "XDG_STATE_HOME": folder.path + "/user-state",
        ]
    }

    func run(_ arguments: String..., environment: [Environment.Key: String?] = [:]) async throws
        -> Ending
    {
        let result = try await Subprocess.run(
            .path(FilePath(Program.url.path)), arguments: Arguments(arguments),
            environment: .inherit.updating(own).updating(environment),
            workingDirectory: FilePath(folder.path), output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 22))
        return Ending(
            status: result.terminationStatus, output: result.standardOutput,
            errors: result.standardError)
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// Runs the program by another, such as an emulator: `command` is that one and its first
    /// arguments.
    func run(
        under command: [String], _ arguments: String...,
        environment: [Environment.Key: String?] = [:]
    )
        async throws -> Ending
    {
        try await run(command: command + [Program.url.path] + arguments, environment: environment)
    }

    /// Runs any other program in this folder.
    func run(command: [String], environment: [Environment.Key: String?] = [:]) async throws
        -> Ending
    {
        let name = command[0]
        let result = try await Subprocess.run(
            name.contains("/") ? .path(FilePath(name)) : .name(name),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .inherit.updating(own).updating(environment),
            workingDirectory: FilePath(folder.path),
            output: .string(limit: 1 << 22), error: .string(limit: 1 << 22))
        return Ending(
            status: result.terminationStatus, output: result.standardOutput,
            errors: result.standardError)
    }

    /// The id of the one run that `train` trained.
    func trainedRun() throws -> String {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "results/train").path)
        guard names.count == 1 else { throw CocoaError(.fileReadUnknown) }
        return names[0]
    }

    /// Whether a command of this name is on the PATH.
    static func has(_ command: String) -> Bool {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(command)") }
    }

    static var lrGrid: String { package.appending(path: "recipes/lr_grid.yaml").path }
    static var tiny: String { package.appending(path: "recipes/tiny.yaml").path }
}
