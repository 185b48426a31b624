import Clips
import Files
import Foundation
import Kernels
import Networks
import RunStore
import Studies
import Tensors
import Training

/// The network of a stored run of the built-in trainer.
package struct StoredNetwork {
    /// A run whose network only its own program knows.
    package struct Unknown: UserError {
        let run: String

        package var place: String { run }
        package var rule: String {
            "was trained by a command; only its own program knows the network and the data"
        }
    }

    /// A run without weights.
    package struct NoWeights: UserError {
        let run: String

        package init(run: String) { self.run = run }

        package var place: String { run }
        package var rule: String {
            "holds no weights: the run diverged early, or they were not kept"
        }
    }

    /// A run whose data have changed.
    package struct OtherData: UserError {
        let run, data: String

        package var place: String { run }
        package var rule: String { "its data, \(data), have changed since the training" }
    }

    private let name: String
    package let contents: RunFileContents
    private let configuration: Configuration

    /// - Parameter name: as a person gave it.
    /// - Throws: `StoreError`, `StudyError`, `Unknown`.
    package init(_ name: String) throws {
        self.name = name
        contents = try TrainerCatalog.read(RunName.file(name))
        guard contents.trainer == VisualSpeechTrainer.declaration.name else {
            throw Unknown(run: name)
        }
        configuration = Configuration(contents.configuration, schema: VisualSpeechTrainer.schema)
    }

    /// The classes of video clips.
    /// - Throws: `NoWeights`, `ClipError`, `WeightMismatch`.
    package func classify(_ clips: [URL], width: VectorWidth) async throws -> [Prediction] {
        guard !contents.anyWeights.isEmpty else { throw NoWeights(run: name) }
        let read = try await ClipReader.read(
            clips, cache: FileManager.default.temporaryDirectory,
            settings: DecodingSettings(configuration))
        var empty = FramedClips(format: ClipFormat(configuration))
        empty.statistics = contents.provenance.inputs.map {
            PixelStatistics(mean: $0.mean, deviation: $0.deviation)
        }
        let framed = read.reduce(into: empty) {
            $0.append($1)
        }
        return try Prediction.predict(
            framed, weights: contents.anyWeights, classes: contents.classes.count,
            settings: TrainingSettings(configuration, metric: contents.metric),
            context: ComputeContext(kernels: width.kernels, threads: 1))
    }

    /// Its validation and test clips as the network saw them, and their classes.
    /// - Returns: `val/clips`, `[clip][time][channel][row][column]`, 0…1; `val/labels`; the same of
    ///   `test`.
    /// - Throws: `OtherData`, `ClipError`, `StoreError`.
    package func inputs() async throws -> [Tensor] {
        let cache = FileManager.default.temporaryDirectory.appending(path: "viseme-\(randomName())")
        defer { FileManager.default.discard(cache) }
        let data = try await DataSource(configuration).prepare(cache: cache)
        guard data.digest == contents.provenance.dataDigest else {
            throw OtherData(run: name, data: contents.provenance.data)
        }
        let splits = try data.load(ClipFormat(configuration))
        return try [("val", splits.val), ("test", splits.test)].flatMap { name, clips in
            try clips.map {
                [
                    try $0.tensor(named: "\(name)/clips"),
                    Tensor(
                        name: "\(name)/labels", shape: [$0.count], elements: .integer($0.labels),
                        dtype: "I64"),
                ]
            } ?? []
        }
    }
}
