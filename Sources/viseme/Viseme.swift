import ArgumentParser
import Clips
import Files
import Foundation
import Kernels
import Networks
import Recipes
import RunStore
import Execution

@main
struct Viseme: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "viseme",
        abstract: "One recipe in, one finished study out, the same to the bit for whoever repeats it.",
        version: Program.version,
        subcommands: [
            SweepCommand.self, PlanCommand.self, ReportCommand.self, VerifyCommand.self, CheckCommand.self,
            StatusCommand.self, ShowCommand.self, CompareCommand.self, ExportCommand.self, MergeCommand.self,
            GCCommand.self, TrainCommand.self, PredictCommand.self, DataCommand.self, NewCommand.self,
            ExplainCommand.self,
            ImportCommand.self, SchemaCommand.self,
            WorkerCommand.self, BenchCommand.self,
        ])

    /// Every way out: 0 done, 1 some runs failed, 2 the recipe, the command line or the data is wrong, 3 a difference was
    /// found, 130 interrupted.
    static func main() async {
        // A file that grows beyond what is allowed is an error to be told, not the end.
        signal(SIGXFSZ, SIG_IGN)
        // Nor does a reader who has seen enough end the work.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let status as ExitStatus {
            Foundation.exit(status.rawValue)
        } catch {
            Foundation.exit(ending(error))
        }
    }

    private static func ending(_ error: any Error) -> Int32 {
        switch error {
        case is RecipeMistakes:
            complain("\(error)")
            return ExitStatus.wrong.rawValue
        case is RunStopped:
            complain("viseme: \(error)")
            return ExitStatus.interrupted.rawValue
        case is UnreadableFile, is ClipError, is VectorWidthError, is WeightMismatch, is StoreError, is StudyError,
            is StudyLock.Taken,
            is Journal.Claimed, is NotRepeated:
            complain("viseme: error: \(error)")
            return ExitStatus.wrong.rawValue
        default:
            let message = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                print(message)
                return ExitStatus.completed.rawValue
            }
            complain(message)
            return ExitStatus.wrong.rawValue
        }
    }
}

/// How the program ends, as the design decides.
enum ExitStatus: Int32, Error {
    case completed = 0
    case someFailed = 1
    case wrong = 2
    case difference = 3
    case interrupted = 130
}

/// Writes to standard error.
func complain(_ message: String) {
    try? FileHandle.standardError.write(contentsOf: Data((message + "\n").utf8))
}

/// What most commands take.
struct StudyOptions: ParsableArguments {
    @Argument(help: "The recipe, a YAML file.")
    var recipe: String

    @Argument(help: "Changes to the recipe, as key=value: epoch=5 'lr=[0.1,0.01]'.")
    var overrides: [String] = []

    @Option(help: ArgumentHelp("Folder of all results.", valueName: "folder"))
    var results = "results"

    var resultsFolder: URL { URL(filePath: results) }

    func validate() throws {
        if results.isEmpty { throw ValidationError("--results: names no folder") }
    }

    /// The study, with its data prepared.
    func study() async throws -> Study {
        let progress = DecodingProgress()
        defer { progress.end() }
        let (recipe, overrides, folder) = (recipe, overrides, resultsFolder)
        let study = try await Interruption.guarding {
            try await Study(path: recipe, overrides: overrides, results: folder) { progress.show($0, $1) }
        }
        progress.end()
        tellSkipped(study.plan)
        for duplicate in study.duplicates.prefix(10) { complain(duplicate) }
        if study.duplicates.count > 10 {
            complain("… and \(study.duplicates.count - 10) more that are the same as others")
        }
        return study
    }

    private func tellSkipped(_ plan: StoredPlan) {
        for data in plan.dataSets {
            guard let count = data.skippedCount, let first = data.skipped?.first else { continue }
            complain(
                "\(count) \(count == 1 ? "clip" : "clips") can't be read and left out (on_error: skip), as \(first.name): "
                    + "\(first.reason); `viseme data info \(([recipe] + overrides).joined(separator: " "))` lists them")
        }
    }
}

/// The vector width of this process, by processor and `VISEME_SIMD`.
func chosenWidth() throws -> VectorWidth {
    try VectorWidth.chosen(environment: ProcessInfo.processInfo.environment)
}

/// This very executable.
func ownProgram() -> URL {
    if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
        return URL(filePath: path)
    }
    return Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
}

/// The program's own metadata and the libraries' versions, as the configuration wants them.
func printHeader(_ configuration: Configuration, width: VectorWidth) {
    if !configuration.hidesMetadata {
        print("\(Program.name) \(Program.version) (\(Program.licence)): \(Program.summary)")
    }
    if !configuration.hidesLibraryVersions {
        let versions = Program.libraries.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        print("\(versions), vectors \(width.rawValue)")
    }
}
