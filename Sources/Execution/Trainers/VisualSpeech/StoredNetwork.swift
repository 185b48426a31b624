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
        let which: Weights?

        package init(run: String, which: Weights? = nil) { (self.run, self.which) = (run, which) }

        package var place: String { run }
        package var rule: String {
            which.map {
                "holds no weights of the \($0.rawValue) epoch: the recipe's keep: \($0.rawValue) keeps them"
            } ?? "holds no weights: the run diverged early, or they were not kept"
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

    /// Which of its weights: those of the best epoch, or of the last.
    package enum Weights: String, Sendable, CaseIterable {
        case best, last
    }

    private func weights(_ which: Weights?) throws -> [Tensor] {
        try StoredNetwork.weights(of: contents, named: name, which)
    }

    /// Weights of a run.
    /// - Parameter which: nil: the best, or the last if only they were kept.
    /// - Throws: `NoWeights`.
    package static func weights(of contents: RunFileContents, named name: String, _ which: Weights?)
        throws -> [Tensor]
    {
        let tensors =
            switch which {
            case .best: contents.weights
            case .last: contents.lastWeights
            case nil: contents.anyWeights
            }
        guard !tensors.isEmpty else { throw NoWeights(run: name, which: which) }
        return tensors
    }

    /// A data set whose clips were classified.
    package struct Classified {
        package let names: [String]
        /// The class of each clip as the run numbers them; nil where the run does not know it.
        package let labels: [Int?]
        package let predictions: [Prediction]
    }

    /// The classes of all clips of a folder, a table or a prepared file.
    /// - Throws: `NoWeights`, `ClipError`, `StoreError`, `WeightMismatch`.
    package func classify(dataset path: String, _ which: Weights?, width: VectorWidth) async throws
        -> Classified
    {
        let weights = try weights(which)
        var values = contents.configuration
        for key in values.keys where ClipParameters.belongsToOneSet(key) { values[key] = nil }
        // Training clips alone are cut.
        values["augment.variable_length"] = nil
        values["path_to_dataset"] = .text(path)
        let other = Configuration(values, schema: VisualSpeechTrainer.schema)
        let cache = FileManager.default.temporaryDirectory.appending(path: "viseme-\(randomName())")
        defer { FileManager.default.discard(cache) }
        let data = try await DataSource(other).forPrediction.prepare(cache: cache)
        let splits = try data.load(ClipFormat(other))
        var all = Classified(names: [], labels: [], predictions: [])
        for var clips in [splits.train, splits.val, splits.test].compactMap({ $0 })
        where clips.count > 0 {
            clips.statistics = statistics
            let known = splits.classes.map { contents.classes.firstIndex(of: $0) }
            all = Classified(
                names: all.names + clips.names, labels: all.labels + clips.labels.map { known[$0] },
                predictions: all.predictions
                    + (try predict(clips, weights: weights, width: width)))
        }
        return all
    }

    private var statistics: PixelStatistics? {
        contents.provenance.inputs.map {
            PixelStatistics(mean: $0.mean, deviation: $0.deviation)
        }
    }

    private func predict(_ clips: FramedClips, weights: [Tensor], width: VectorWidth) throws
        -> [Prediction]
    {
        try Prediction.predict(
            clips, weights: weights, classes: contents.classes.count,
            settings: TrainingSettings(configuration, metric: contents.metric),
            context: ComputeContext(kernels: width.kernels, threads: 1))
    }

    /// The classes of video clips.
    /// - Throws: `NoWeights`, `ClipError`, `WeightMismatch`.
    package func classify(_ clips: [URL], _ which: Weights? = nil, width: VectorWidth) async throws
        -> [Prediction]
    {
        let weights = try weights(which)
        let read = try await ClipReader.read(
            clips, cache: FileManager.default.temporaryDirectory,
            settings: DecodingSettings(configuration),
            needsWords: configuration.bool("word_boundary"))
        var empty = FramedClips(format: ClipFormat(configuration))
        empty.statistics = statistics
        let framed = read.reduce(into: empty) {
            $0.append($1)
        }
        return try predict(framed, weights: weights, width: width)
    }

    /// Its validation and test clips as the network saw them, and their classes.
    /// - Returns: `val/clips`, `[clip][time][channel][row][column]`, 0…1; `val/labels`; where the
    ///   network sees it, `val/word_boundary`, `[clip][time]`; the same of `test`.
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
                ] + (try $0.boundaries(named: "\(name)/word_boundary"))
            } ?? []
        }
    }
}
