import ArgumentParser
import Execution
import Foundation
import Kernels
import Studies
import Tensors

@main
struct Viseme: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "viseme",
        abstract:
            "Run a study from one recipe, with results that anyone can repeat bit for bit.",
        discussion: """
            A first study, and what to do with it:
              viseme new mine.yaml                  write a commented recipe
              viseme sweep mine.yaml                train its runs and write the report
              viseme verify mine.yaml --sample 1    train one run again and compare the bits
            """,
        version: Program.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Training",
                subcommands: [
                    SweepCommand.self, WorkCommand.self, CancelCommand.self, TrainCommand.self,
                    PlanCommand.self,
                    VerifyCommand.self, ExplainDifferenceCommand.self,
                ]),
            CommandGroup(
                name: "Reading",
                subcommands: [
                    StatusCommand.self, ShowCommand.self, ReportCommand.self, CompareCommand.self,
                    ExportCommand.self,
                    PredictCommand.self,
                ]),
            CommandGroup(
                name: "Stored files",
                subcommands: [
                    CheckCommand.self, BundleCommand.self, RestoreCommand.self, MergeCommand.self,
                    GCCommand.self, ListCommand.self, NoteCommand.self, TagCommand.self,
                    DashboardCommand.self,
                ]),
            CommandGroup(
                name: "Recipes and data",
                subcommands: [
                    NewCommand.self, ExplainCommand.self, ModelCommand.self, ImportCommand.self,
                    SchemaCommand.self,
                    DataCommand.self,
                ]),
            CommandGroup(name: "", subcommands: [WorkerCommand.self, BenchCommand.self]),
        ])

    static func main() async {
        Output.reserveDescriptors()
        // A file that grows beyond what is allowed is an error to be reported, not the end.
        signal(SIGXFSZ, SIG_IGN)
        // Nor does a reader who has seen enough end the work.
        signal(SIGPIPE, SIG_IGN)
        BufferMemory.onExhaustion = { bytes in
            complain(
                "viseme: error: out of memory: \(bytes >> 20) MB more are needed: make batch_size,"
                    + " len_video, size_lips or filters smaller, or run fewer jobs at once")
            Foundation.exit(ExitStatus.someFailed.rawValue)
        }
        do {
            var command = try parseAsRoot()
            try RepeatedOptions.check(CommandLine.arguments)
            try SystemLimits.check()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(ErrorMessage.report(error))
        }
        end(.completed)
    }

    /// What could not be printed is a failure, even if the rest went well.
    private static func end(_ status: ExitStatus) -> Never {
        guard let problem = Output.problem else { Foundation.exit(status.rawValue) }
        complain("viseme: error: \(problem)")
        Foundation.exit((status == .completed ? .someFailed : status).rawValue)
    }
}

/// The vector width of this process, by processor and `VISEME_SIMD`.
func chosenWidth() throws -> VectorWidth {
    try VectorWidth.chosen(environment: ProcessInfo.processInfo.environment)
}
