import ArgumentParser
import Digests
import Execution
import Files
import Foundation
import RunStore
import Studies
import Tensors

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export results for other tools: CSV, netCDF, safetensors, TensorBoard.",
        discussion: """
            Of a study: --csv writes a row for each run, --histories one for each epoch, --netcdf all of it as netCDF-4, \
            --tensorboard the event files that TensorBoard reads, a folder a run. Of a run: --safetensors writes its weights, --csv its histories, --clips its validation and test clips as its network \
            saw them (clip, time, channel, height, width). A name of - is standard output.
            """)

    @Argument(help: "A study's folder, or a run: results/<name>/runs/<id>.h5, or results/<name>:3.")
    var what: String
    @Option(help: ArgumentHelp("A table of the runs, or of a run's epochs.", valueName: "file"))
    var csv: String?
    @Option(help: ArgumentHelp("A table of all epochs of all runs.", valueName: "file"))
    var histories: String?
    @Option(help: ArgumentHelp("Weights under PyTorch's names.", valueName: "file"))
    var safetensors: String?
    @Option(
        help: ArgumentHelp(
            "Which weights: best or last (default: the best, or the last if only they were kept).",
            valueName: "epoch"))
    var weights: StoredNetwork.Weights?
    @Option(
        help: ArgumentHelp("Validation and test clips of a run, as safetensors.", valueName: "file")
    )
    var clips: String?
    @Option(help: ArgumentHelp("The whole study as netCDF-4.", valueName: "file"))
    var netcdf: String?
    @Option(help: ArgumentHelp("The files that a run has left (artifacts:).", valueName: "folder"))
    var artifacts: String?
    @Option(
        help: ArgumentHelp(
            "Histories as TensorBoard's event files: `tensorboard --logdir <folder>` shows them.",
            valueName: "folder"))
    var tensorboard: String?

    func validate() throws {
        if weights != nil, safetensors == nil {
            throw ValidationError("--weights says which weights --safetensors writes: give it too")
        }
        guard
            csv != nil || histories != nil || safetensors != nil || netcdf != nil || clips != nil
                || tensorboard != nil || artifacts != nil
        else {
            throw ValidationError(
                "nothing to write: give --csv, --histories, --netcdf, --tensorboard, --safetensors, --clips or --artifacts"
            )
        }
        let names = [csv, histories, safetensors, netcdf, clips, tensorboard, artifacts].compactMap
        { $0 }
        if names.count(where: { $0 == "-" }) > 1 {
            throw ValidationError("standard output takes one of them")
        }
        if Set(names).count < names.count {
            throw ValidationError("each of them needs a file of its own")
        }
    }

    func run() async throws {
        if StudyArgument.isStudy(what) {
            try exportStudy(StudyFolder(named: what))
        } else {
            try await exportRun()
        }
    }

    private func exportStudy(_ folder: StudyFolder) throws {
        guard safetensors == nil, clips == nil, artifacts == nil else {
            throw ValidationError(
                "--safetensors, --clips and --artifacts are of one run: name it, as \(what):1")
        }
        let plan = try folder.readPlan()
        let stored = StudyResults(folder, plan)
        for problem in stored.problems { complain("\(problem.reason): left out") }
        if let csv { try OutputFile.write(Data(CSV.runs(plan, stored).utf8), csv) }
        if let histories { try OutputFile.write(Data(CSV.histories(plan, stored).utf8), histories) }
        if let netcdf {
            try OutputFile.write(
                Data(SweepFile.image(plan, stored.inOrder(plan), meanings: keyMeanings(plan))),
                netcdf)
        }
        if let tensorboard {
            for (run, result) in stored.inOrder(plan) {
                let ends =
                    result.axis == .step
                    ? result.elapsed : try RunFile.epochEnds(folder.runFile(run.id))
                try writeEvents(
                    result.histories, result.steps, ends, started: result.provenance.started,
                    to: URL(filePath: tensorboard).appending(path: TensorBoardFile.folder(run)))
            }
        }
        if !stored.problems.isEmpty { throw ExitStatus.difference }
    }

    private func exportRun() async throws {
        guard histories == nil, netcdf == nil else {
            throw ValidationError("--histories and --netcdf are of a study: give its folder")
        }
        let file = try RunName.file(what)
        let record = try TrainerCatalog.read(file)
        if let csv { try OutputFile.write(Data(CSV.history(record).utf8), csv) }
        if let tensorboard {
            try writeEvents(
                record.histories, record.steps, record.elapsed,
                started: record.provenance.started,
                to: URL(filePath: tensorboard))
        }
        if let artifacts { try export(record, of: file, to: URL(filePath: artifacts)) }
        if let clips {
            try OutputFile.write(SafeTensors.data(await StoredNetwork(what).inputs()), clips)
        }
        guard let safetensors else { return }
        try OutputFile.write(
            SafeTensors.data(
                StoredNetwork.weights(of: record, named: what, weights),
                metadata: metadata(record)), safetensors)
    }

    /// Copies what a run has left, and compares digests.
    private func export(_ record: RunFileContents, of file: URL, to target: URL) throws {
        guard let kept = record.provenance.artifacts, !kept.isEmpty else {
            throw ValidationError("\(what): the run has left no files that were kept (artifacts:)")
        }
        let study = StudyFolder(file.deletingLastPathComponent().deletingLastPathComponent())
        for artifact in kept {
            let bytes = try DurableFile.read(
                study.artifacts(record.identity.id).appending(path: artifact.path))
            guard hexadecimal(SHA256.hash(bytes)) == artifact.digest else {
                throw StoreError.unreadable(
                    path: artifact.path, reason: "it is not the file that the run left")
            }
            let place = target.appending(path: artifact.path)
            FileManager.default.ensureFolder(place.deletingLastPathComponent())
            try DurableFile.write(bytes, to: place)
        }
    }

    private func writeEvents(
        _ histories: [History], _ steps: [Int]?, _ ends: [Double], started: String, to folder: URL
    ) throws {
        let events = TensorBoardFile.bytes(
            histories, steps: steps, ends: ends,
            started: Date(timestamp: started)?.timeIntervalSince1970 ?? 0)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try DurableFile.write(events, to: folder.appending(path: TensorBoardFile.name))
    }

    /// Which run the weights are of.
    private func metadata(_ record: RunFileContents) -> [String: String] {
        let settings = canonicalJSON(record.identity.settings.mapValues(\.json))
        var metadata = [
            "format": "pt", "run_id": record.identity.id, "label": record.provenance.label,
            "content_digest": record.contentDigest, "settings": settings,
            "best_\(record.axis.rawValue)": record.best.map { "\($0.number)" } ?? "",
        ]
        if !record.classes.isEmpty {
            metadata["classes"] =
                "[" + record.classes.map(jsonString).joined(separator: ",") + "]"
        }
        return metadata
    }

}
