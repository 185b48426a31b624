import ArgumentParser
import Foundation
import RunStore
import Tensors

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Hand results to other tools: CSV, netCDF, safetensors.",
        discussion: """
            Of a study: --csv writes a row for each run, --histories one for each epoch, --netcdf all of it as netCDF-4. Of a \
            run: --safetensors writes its weights, --csv its histories. A name of - is standard output.
            """)

    @Argument(help: "A study's folder, or a run: results/<name>/runs/<id>.h5, or results/<name>:3.")
    var what: String
    @Option(help: ArgumentHelp("A table of the runs, or of a run's epochs.", valueName: "file"))
    var csv: String?
    @Option(help: ArgumentHelp("A table of all epochs of all runs.", valueName: "file"))
    var histories: String?
    @Option(help: ArgumentHelp("Weights under PyTorch's names.", valueName: "file"))
    var safetensors: String?
    @Option(help: ArgumentHelp("The whole study as netCDF-4.", valueName: "file"))
    var netcdf: String?

    func validate() throws {
        guard csv != nil || histories != nil || safetensors != nil || netcdf != nil else {
            throw ValidationError("say what to write: --csv, --histories, --netcdf or --safetensors")
        }
        if [csv, histories, safetensors, netcdf].count(where: { $0 == "-" }) > 1 {
            throw ValidationError("standard output takes one of them")
        }
    }

    func run() throws {
        if StudyArgument.isStudy(what) { try exportStudy(StudyFolder(URL(filePath: what))) } else { try exportRun() }
    }

    private func exportStudy(_ folder: StudyFolder) throws {
        guard safetensors == nil else {
            throw ValidationError("--safetensors writes the weights of one run: name it, as \(what):1")
        }
        let plan = try folder.readPlan()
        let stored = Stored(folder, plan)
        for problem in stored.problems { complain("\(problem.reason): left out") }
        if let csv { try write(Data(CSV.runs(plan, stored).utf8), csv) }
        if let histories { try write(Data(CSV.histories(plan, stored).utf8), histories) }
        if let netcdf { try write(Data(SweepFile.image(plan, stored.inOrder(plan))), netcdf) }
        if !stored.problems.isEmpty { throw ExitStatus.difference }
    }

    private func exportRun() throws {
        guard histories == nil, netcdf == nil else {
            throw ValidationError("--histories and --netcdf are of a study: give its folder")
        }
        let file = try RunArgument.file(what)
        let record = try RunFile.read(file)
        if let csv { try write(Data(CSV.history(record).utf8), csv) }
        guard let safetensors else { return }
        guard !record.anyWeights.isEmpty else {
            throw ValidationError("\(what): holds no weights: the run diverged early, or they were not kept")
        }
        try write(SafeTensors.data(record.anyWeights), safetensors)
    }

    private func write(_ data: Data, _ name: String) throws {
        let folder = URL(filePath: name).deletingLastPathComponent()
        let isStored = [folder, folder.deletingLastPathComponent()].contains {
            FileManager.default.fileExists(atPath: StudyFolder($0).plan.path)
        }
        guard name == "-" || !isStored else {
            throw StoreError.unwritable(path: name, reason: "it lies among a study's own files: choose another place")
        }
        if name == "-" { return try FileHandle.standardOutput.write(contentsOf: data) }
        do { try data.write(to: URL(filePath: name), options: .atomic) } catch {
            throw StoreError.unwritable(path: name, reason: "the folder is not there, or may not be written")
        }
        print("written: \(name)")
    }
}
