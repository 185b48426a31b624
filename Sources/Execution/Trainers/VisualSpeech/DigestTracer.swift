import Digests
import Files
import Foundation
import Networks
import Training

/// Writes digests of what each layer computes in each batch, of the gradient of each parameter, and of
/// the parameters after each step: one JSON object a line. Two such files of one run, of two machines, show where these part.
final class DigestTracer {
    private let file: FileHandle
    private var batch = 0

    /// One line.
    struct Line: Codable, Equatable {
        /// From 1, over all epochs.
        var batch: Int
        /// From 0, in the order of the forward pass; nil: a gradient, or the parameters after the
        /// step.
        var layer: Int?
        var name: String
        var digest: String
        /// Sum and first number, for people.
        var sum: Double
        var first: Float
    }

    /// - Throws: `StoreError` if the file can't be written.
    init(_ url: URL, of training: TrainingRun) throws {
        guard FileManager.default.createFile(atPath: url.path, contents: nil),
            let file = FileHandle(forWritingAtPath: url.path)
        else { throw StoreError.unwritable(path: url.path, reason: systemProblem()) }
        self.file = file
        let names = training.layerNames
        training.observeLayer = { [self] layer, output in
            if layer == 0 { batch += 1 }
            write(layer, names[layer], output.used)
        }
        training.observeGradients = { [self] parameters in
            // The backward pass computes the last layer first, and so it is compared.
            for gradient in parameters.gradientTensors.reversed() {
                write(nil, "gradient of \(gradient.name)", gradient.values)
            }
        }
        training.observeStep = { [self] in
            write(nil, "parameters", Array($0.weights.elements) + Array($0.averages.elements))
        }
    }

    private func write(_ layer: Int?, _ name: String, _ values: [Float]) {
        let digest = values.withUnsafeBytes { hexadecimal(SHA256.hash($0)) }
        let line = Line(
            batch: batch, layer: layer, name: name, digest: digest,
            sum: values.reduce(0) { $0 + Double($1) }, first: values.first ?? 0)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        // A disk that is full ends the file; the comparison says that it is shorter.
        if let text = try? encoder.encode(line) {
            try? file.write(contentsOf: text + Data("\n".utf8))
        }
    }

    func close() { try? file.close() }

    /// - Throws: `StoreError` if a line is not one.
    static func read(_ url: URL) throws -> [Line] {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let lines = try DurableFile.read(url).split(separator: 0x0A)
        return try lines.enumerated().map { number, text in
            do { return try decoder.decode(Line.self, from: Data(text)) } catch {
                throw StoreError.unreadable(
                    path: url.path, reason: "line \(number + 1) is not one of --trace-digests")
            }
        }
    }
}
