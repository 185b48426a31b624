import ArgumentParser
import Clips
import Foundation
import Networks
import Recipes
import RunStore
import Training

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Classify video clips with a stored run.")

    @Argument(help: ArgumentHelp(RunArgument.help, valueName: "run"))
    var runFile: String
    @Argument(help: "Video files.")
    var clips: [String]

    func run() async throws {
        let width = try chosenWidth()
        let record = try RunFile.read(RunName.file(runFile))
        guard !record.anyWeights.isEmpty else {
            throw ValidationError(
                "\(runFile): holds no weights to classify with: the run diverged early, or they were not kept")
        }
        guard record.choosesBestEpoch else {
            throw ValidationError("\(runFile): was trained by a command; only its own program knows the network")
        }
        let configuration = record.configuration
        let read = try await ClipReader.read(
            clips.map { URL(filePath: $0) }, cache: FileManager.default.temporaryDirectory,
            settings: configuration.decodingSettings)
        let framed = read.reduce(into: FramedClips(format: configuration.clipFormat)) { $0.append($1) }
        let predictions = try Prediction.predict(
            framed, weights: record.anyWeights, classes: record.classes.count,
            settings: configuration.trainingSettings(metric: record.metric),
            machine: Machine(kernels: width.kernels, threads: 1))
        let rows = zip(clips, predictions).map { clip, prediction in
            let order = prediction.probabilities.indices.sorted {
                prediction.probabilities[$0] > prediction.probabilities[$1]
            }
            let others = order.dropFirst().prefix(2).map {
                "\(record.classes[$0]) \(decimals(Double(prediction.probabilities[$0]), 3))"
            }
            return [
                clip, record.classes[prediction.label], decimals(Double(prediction.probabilities[prediction.label]), 3),
                others.joined(separator: ", "),
            ]
        }
        print(table(["clip", "class", "probability", "next"], rows))
    }
}
