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
        /// Empty while it waits.
        package let node: String

        /// `12_3`.
        package var name: String { "\(job)_\(task)" }

        package init(job: String, task: String, state: String, reason: String, node: String) {
            (self.job, self.task, self.state) = (job, task, state)
            (self.reason, self.node) = (reason, node)
        }
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
    ///   - folder: the script's `#SBATCH` lines name files from there.
    /// - Returns: the number of the array's job.
    /// - Throws: `Problem`, with what sbatch says.
    package func submit(_ script: String, file: URL, in folder: URL) async throws -> String {
        try Data(script.utf8).write(to: file)
        let output = try await call("sbatch", ["--parsable", file.path], in: folder)
        let number = output.split(whereSeparator: { ";\n".contains($0) }).first.map(String.init)
        guard let number, Int(number) != nil else {
            throw Problem(program: "sbatch", message: "gave no job number: \(output)")
        }
        return number
    }

    /// All tasks of a name that wait or run, whoever submitted them: one question for all jobs. The
    /// columns have meant the same since Slurm 14; those of `squeue --json` have changed with most
    /// versions.
    package func tasks(named name: String) async throws -> [Task] {
        let output = try await call(
            "squeue", ["--name=\(name)", "--noheader", "--array", "--format=%F|%K|%T|%r|%N"])
        return output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(
                String.init)
            return parts.count == 5
                ? Task(
                    job: parts[0], task: parts[1], state: parts[2], reason: parts[3],
                    node: parts[4]) : nil
        }
    }

    package func cancel(_ jobs: [String]) async throws { _ = try await call("scancel", jobs) }

    /// Puts a task of this user back into the queue; if it runs, it ends.
    /// - Parameter job: `12_3`. The number of a task by itself is not enough: one task of an array
    ///   has the array's.
    package func requeue(_ job: String) async throws {
        _ = try await call("scontrol", ["requeue", job])
    }

    /// How a task that is no longer queued ended, from whatever of Slurm still knows it: the
    /// accounting, the controller, the file of ended jobs. Nil if none does.
    package func ending(job: String, task: Int) async -> SlurmEnding? {
        let name = "\(job)_\(task)"
        // Many clusters have no accounting; the controller forgets jobs after some minutes.
        let format = "--format=JobID,State,ExitCode,NodeList"
        if let text = try? await call(
            "sacct", ["--jobs=\(name)", "--parsable2", "--noheader", "--duplicates", format]),
            let ending = SlurmEnding(sacct: text, task: name)
        {
            return ending
        }
        if let text = try? await call("scontrol", ["--oneliner", "show", "job", name]),
            let ending = SlurmEnding(scontrol: text)
        {
            return ending
        }
        // The file may be on another machine, or not for everybody to read.
        guard let file = (try? await settings())?["JobCompLoc"],
            let text = try? String(contentsOfFile: file, encoding: .utf8)
        else { return nil }
        return SlurmEnding(jobCompletions: text, job: job, task: task)
    }

    /// `scontrol show config`.
    package func settings() async throws -> [String: String] {
        let lines = try await call("scontrol", ["show", "config"]).split(separator: "\n")
        let pairs = lines.compactMap { line -> (String, String)? in
            guard let equals = line.firstRange(of: " = ") else { return nil }
            return (
                line[..<equals.lowerBound].trimmingCharacters(in: .whitespaces),
                line[equals.upperBound...].trimmingCharacters(in: .whitespaces)
            )
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// Without what a person's own use of Slurm's programs sets: other columns, fewer jobs, other
    /// names.
    private static let plain: Environment = {
        let own = ProcessInfo.processInfo.environment.keys.filter { name in
            ["SQUEUE_", "SACCT_", "SCONTROL_"].contains { name.hasPrefix($0) }
                || [
                    "SBATCH_JOB_NAME", "SBATCH_ARRAY_INX", "SBATCH_OUTPUT", "SBATCH_ERROR",
                    "SBATCH_OPEN_MODE", "SBATCH_SIGNAL",
                ].contains(name)
        }
        return .inherit.updating(
            Dictionary(own.map { (Environment.Key(stringLiteral: $0), nil) }) { first, _ in first })
    }()

    private func call(_ program: String, _ arguments: [String], in folder: URL? = nil) async throws
        -> String
    {
        let (output, errors, isSuccess): (String, String, Bool)
        do {
            let result = try await Subprocess.run(
                .name(program), arguments: Arguments(arguments), environment: SlurmQueue.plain,
                workingDirectory: folder.map { FilePath($0.path) }, input: .none,
                output: .string(limit: 1 << 24), error: .string(limit: 1 << 16))
            (output, errors) = (result.standardOutput, result.standardError)
            isSuccess = result.terminationStatus.isSuccess
        } catch {
            throw Problem(
                program: program, message: "can't be started: is Slurm installed on this machine?")
        }
        guard isSuccess else {
            // Each line begins with the program's name.
            let lines = errors.split(separator: "\n").map {
                $0.replacing("\(program): ", with: "", maxReplacements: 1)
            }
            throw Problem(program: program, message: lines.joined(separator: "; "))
        }
        return output
    }
}
