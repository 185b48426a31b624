import ArgumentParser
import Clips
import Execution
import Files
import Foundation
import RunStore
import Training

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classify video clips, or a whole data set, with a stored run.",
        discussion: """
            A data set is a folder with a folder for each class, a table (.csv) or a prepared file (.h5). Where its classes have \
            the names of the run's, the share of right clips is shown too. A table needs no classes here, only a column path.
            """)

    @Argument(help: ArgumentHelp(RunArgument.help, valueName: "run"))
    var runFile: String
    @Argument(
        help:
            "Clips: videos, folders of pictures, or NumPy arrays. Or data sets: folders, tables, prepared files."
    )
    var clips: [String]
    @Option(
        help: ArgumentHelp(
            "Which weights: best or last (default: the best, or the last if only they were kept).",
            valueName: "epoch"))
    var weights: StoredNetwork.Weights?
    @Option(help: ArgumentHelp("Write all probabilities as a table.", valueName: "file"))
    var csv: String?

    /// A clip with what the network says of it.
    private struct Row {
        let name: String
        /// Nil if it is not known.
        let label: Int?
        let prediction: Prediction
    }

    func run() async throws {
        let width = try chosenWidth()
        let network = try StoredNetwork(runFile)
        let classes = network.contents.classes
        var rows: [Row] = []
        var single: [String] = []
        var sets: [String] = []
        for path in clips {
            switch try DataSource.content(of: path) {
            case .clip: single.append(path)
            case .clips(let found):
                guard !found.isEmpty else {
                    throw ValidationError("\(path): the folder holds no clips")
                }
                single += found.map {
                    path.hasSuffix("/")
                        ? path + $0.lastPathComponent : "\(path)/\($0.lastPathComponent)"
                }
            case .dataset: sets.append(path)
            }
        }
        let predictions =
            single.isEmpty
            ? []
            : try await network.classify(single.map { URL(filePath: $0) }, weights, width: width)
        rows += zip(single, predictions).map { Row(name: $0, label: nil, prediction: $1) }
        for path in sets {
            let found = try await network.classify(dataset: path, weights, width: width)
            for (at, prediction) in found.predictions.enumerated() {
                rows.append(
                    Row(name: found.names[at], label: found.labels[at], prediction: prediction))
            }
        }
        if let csv {
            try OutputFile.write(Data(PredictCommand.csv(rows, classes).utf8), csv)
            if csv == "-" { return }
        }
        print(PredictCommand.table(rows, classes))
        let known = rows.filter { $0.label != nil }
        guard !known.isEmpty else { return }
        let right = known.count { $0.label == $0.prediction.label }
        print(
            "\(right) of \(known.count) right: \(decimals(Double(right) / Double(known.count) * 100, 1)) %"
        )
    }

    private static func table(_ rows: [Row], _ classes: [String]) -> String {
        let knowsAny = rows.contains { $0.label != nil }
        let cells = rows.map { row in
            let shares = row.prediction.probabilities
            let order = shares.indices.sorted { shares[$0] > shares[$1] }
            let others = order.dropFirst().prefix(2).map {
                "\(classes[$0]) \(decimals(Double(shares[$0]), 3))"
            }
            let truth = knowsAny ? [row.label.map { classes[$0] } ?? "–"] : []
            return [row.name] + truth + [
                classes[row.prediction.label], decimals(Double(shares[row.prediction.label]), 3),
                others.joined(separator: ", "),
            ]
        }
        return viseme.table(
            ["clip"] + (knowsAny ? ["is"] : []) + ["class", "probability", "next"], cells)
    }

    private static func csv(_ rows: [Row], _ classes: [String]) -> String {
        let head = ["clip", "is", "class"] + classes
        let lines = rows.map { row in
            [row.name, row.label.map { classes[$0] } ?? "", classes[row.prediction.label]]
                + row.prediction.probabilities.map { "\($0)" }
        }
        return CSV.text([head] + lines)
    }
}

extension StoredNetwork.Weights: ExpressibleByArgument {}
