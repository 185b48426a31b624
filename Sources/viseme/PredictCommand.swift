import ArgumentParser
import Execution
import Foundation
import Training

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Classify video clips with a stored run.")

    @Argument(help: ArgumentHelp(RunArgument.help, valueName: "run"))
    var runFile: String
    @Argument(help: "Clips: videos, folders of pictures, or NumPy arrays.")
    var clips: [String]

    func run() async throws {
        let width = try chosenWidth()
        let network = try StoredNetwork(runFile)
        let record = network.contents
        let predictions = try await network.classify(clips.map { URL(filePath: $0) }, width: width)
        let rows = zip(clips, predictions).map { clip, prediction in
            let order = prediction.probabilities.indices.sorted {
                prediction.probabilities[$0] > prediction.probabilities[$1]
            }
            let others = order.dropFirst().prefix(2).map {
                "\(record.classes[$0]) \(decimals(Double(prediction.probabilities[$0]), 3))"
            }
            return [
                clip, record.classes[prediction.label],
                decimals(Double(prediction.probabilities[prediction.label]), 3),
                others.joined(separator: ", "),
            ]
        }
        print(table(["clip", "class", "probability", "next"], rows))
    }
}
