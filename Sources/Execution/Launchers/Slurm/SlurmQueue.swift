import Foundation
import Studies
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The scheduler, by its own programs.
package struct SlurmQueue: Sendable {
    /// One task of an array.
    package struct Task: Sendable, Equatable {
        package let job, task: String
        /// `PENDING`, `RUNNING`, `COMPLETING`, …
        package let state: String
        package let reason: String
    }

    /// A program of Slurm could not do what it was asked.
    package struct Problem: UserError {
        let program, message: String
        package var place: String { program }
        package var rule: String { message }
        package var remedy: String { "" }
    }

    package init() {}

    /// - Parameters:
    ///   - script: for sbatch.
    ///   - file: where the script is kept.
    /// - Returns: the number of the array's job.
    /// - Throws: `Problem`, with what sbatch says.
    package func submit(_ script: String, file: URL) async throws -> String {
        try Data(script.utf8).write(to: file)
        let output = try await call("sbatch", ["--parsable", file.path])
        let number = output.split(whereSeparator: { ";\n".contains($0) }).first.map(String.init)
        guard let number, Int(number) != nil else {
            throw Problem(program: "sbatch", message: "gave no job number: \(output)")
        }
        return number
    }

    /// All tasks of this user that wait or run: one question for all jobs.
    package func tasks() async throws -> [Task] {
        let output = try await call(
            "squeue", ["--me", "--noheader", "--array", "--format=%F|%K|%T|%r"])
        return output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(
                String.init)
            return parts.count == 4
                ? Task(job: parts[0], task: parts[1], state: parts[2], reason: parts[3]) : nil
        }
    }

    package func cancel(_ jobs: [String]) async throws { _ = try await call("scancel", jobs) }

    /// How a task that is no longer queued ended; nil if the scheduler no longer knows.
    package func ending(job: String, task: Int) async -> String? {
        let asked = try? await call("scontrol", ["--oneliner", "show", "job", "\(job)_\(task)"])
        guard let output = asked else { return nil }
        let pairs = output.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1) }
        func value(_ key: String) -> String? {
            pairs.first { $0.count == 2 && $0[0] == key }.map { String($0[1]) }
        }
        guard let state = value("JobState") else { return nil }
        let exit = value("ExitCode").map { ", exit code \($0)" } ?? ""
        return "\(state) on \(value("NodeList") ?? "no node")\(exit)"
    }

    private func call(_ program: String, _ arguments: [String]) async throws -> String {
        let (output, errors, isSuccess): (String, String, Bool)
        do {
            let result = try await Subprocess.run(
                .name(program), arguments: Arguments(arguments), input: .none,
                output: .string(limit: 1 << 24), error: .string(limit: 1 << 16))
            (output, errors) = (result.standardOutput, result.standardError)
            isSuccess = result.terminationStatus.isSuccess
        } catch {
            throw Problem(
                program: program, message: "can't be started: is Slurm installed on this machine?")
        }
        guard isSuccess else {
            throw Problem(
                program: program, message: errors.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return output
    }
}
