import ArgumentParser
import Execution
import Foundation
import Kernels
import RunStore
import Studies

struct ExplainDifferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain-difference",
        abstract: "Name the first point at which two runs differ, and what may be the reason.",
        discussion: """
            Two stored runs are compared from the beginning: identity, start, then epoch by epoch. With one run, it is trained again \
            and compared with itself. To find the batch and the layer, write --trace-digests on both machines and give the two \
            files. The exit status is 3 if they differ.
            """)

    @Argument(
        help: ArgumentHelp(
            "\(RunArgument.help) Or of a bundle, x.zip:3. Or a file of --trace-digests.",
            valueName: "a"))
    var first: String
    @Argument(
        help: ArgumentHelp(
            "Another; without it, the first is trained again.", valueName: "b"))
    var second: String?
    @Option(
        help: ArgumentHelp(
            "Train the first again, and write digests of every batch and layer to this file (built-in trainer).",
            valueName: "file.jsonl"))
    var traceDigests: String?

    func validate() throws {
        if traceDigests != nil, second != nil {
            throw ValidationError("--trace-digests is of one run: leave out the second")
        }
    }

    func run() async throws {
        if let second, isTrace(first), isTrace(second) {
            return try report(
                try FirstDifference(traces: URL(filePath: first), URL(filePath: second)))
        }
        let a = try Source(first)
        let b: FirstDifference.Side
        if let second {
            let source = try Source(second)
            b = source.side
        } else {
            b = try await trainAgain(a)
        }
        try report(FirstDifference(a.side, b))
    }

    private func isTrace(_ name: String) -> Bool { name.hasSuffix(".jsonl") }

    private func report(_ difference: FirstDifference) throws {
        guard let point = difference.point else {
            print("the same, to the bit")
            return
        }
        print("first difference: \(point)")
        if !difference.causes.isEmpty {
            print("what else differs:")
            let shown = 20
            for cause in difference.causes.prefix(shown) { print("  \(cause)") }
            if difference.causes.count > shown {
                print("  … and \(difference.causes.count - shown) more")
            }
        }
        throw ExitStatus.difference
    }

    /// A run as a person names it.
    private struct Source {
        let folder: StudyFolder
        let contents: RunFileContents
        private let bundle: BundleReader?

        var side: FirstDifference.Side { FirstDifference.Side(contents, in: folder) }

        init(_ name: String) throws {
            if let colon = name.range(of: ".zip:") {
                let path = String(name[..<colon.lowerBound]) + ".zip"
                let bundle = try BundleReader(path)
                self.bundle = bundle
                folder = bundle.study
                let run = "\(folder.url.path):\(name[colon.upperBound...])"
                contents = try TrainerCatalog.read(RunName.file(run))
                return
            }
            bundle = nil
            let file = try RunName.file(name)
            folder = StudyFolder(file.deletingLastPathComponent().deletingLastPathComponent())
            contents = try TrainerCatalog.read(file)
        }
    }

    /// The same run, in a folder that is removed afterwards.
    private func trainAgain(_ source: Source) async throws -> FirstDifference.Side {
        let width = try chosenWidth()
        var options = StudyOptions()
        options.recipe = source.folder.url.path
        options.overrides = []
        options.place = ResultsOption()
        options.place.results = "results"
        let study = try await options.study()
        guard let run = study.plan.runs.first(where: { $0.id == source.contents.identity.id })
        else {
            throw ValidationError(
                "\(first): the recipe of this study no longer has this run: its identity has changed"
            )
        }
        let session = try VerificationSession.open(study, warn: complain)
        let provenance = await Provenance.gather(
            study.plan, width: study.trainer.needs.threads == nil ? width : nil)
        if study.plan.trainer.command != nil {
            guard traceDigests == nil else {
                throw ValidationError("--trace-digests is for the built-in trainer")
            }
            let launcher = LocalLauncher(capacity: 1)
            await session.run(
                [run], on: launcher, threads: study.trainer.needs.threads ?? 1,
                limits: RunLimits(), provenance: provenance
            ) { event in
                if case .failed(_, let failure) = event { complain(failure.reason) }
            }
        } else {
            let threads = ProcessInfo.processInfo.activeProcessorCount
            var worker = try WorkerRun(
                session.order(run, threads: threads, provenance: provenance), width: width,
                warn: complain)
            worker.traceFile = traceDigests.map { URL(filePath: $0) }
            try worker.train()
            if let traceDigests { print("written: \(traceDigests)") }
        }
        let file = session.folder.runFile(run.id)
        guard FileManager.default.fileExists(atPath: file.path) else {
            complain("\(first): training it again failed")
            throw ExitStatus.someFailed
        }
        defer { withExtendedLifetime(session) {} }
        return FirstDifference.Side(try TrainerCatalog.read(file), in: nil)
    }
}
