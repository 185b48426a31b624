import Files
import Foundation
import Studies
import Tensors

/// `runs/<id>.h5`: one completed run. The layout is described in docs/format.md.
package enum RunFile {
    static let format = "viseme-run"

    /// Writes a completed run: whole, or not at all.
    package static func write(_ contents: RunFileContents, to file: URL) throws {
        let image = try HDF5File.image { try write(contents, $0) }
        try SealedFile.write(image, to: file)
    }

    /// Reads a run after its digest was verified.
    /// - Parameter schemas: of the trainers, by name. The configuration in the file has to be that
    ///   of its identity; which keys are part of an identity, and their defaults, is known for
    ///   these.
    /// - Throws: `StoreError`.
    package static func read(_ file: URL, schemas: [String: ParameterSchema] = [:]) throws
        -> RunFileContents
    {
        let parts = try SealedFile.read(file) { try read($0, path: file.path) }
        _ = try parts.verifiedDigest(file.path)
        var contents = parts.contents
        contents.configuration = try decode([String: Value].self, parts.configuration, file.path)
        // All keys of a trainer without defaults are part of the identity.
        let open =
            contents.bestEpochRule == .fromHistories ? ParameterSchema([], isOpen: true) : nil
        if let schema = schemas[contents.trainer] ?? open,
            !contents.identity.agrees(with: Configuration(contents.configuration, schema: schema))
        {
            throw StoreError.unreadable(
                path: file.path, reason: "its configuration is not the one of its identity")
        }
        contents.provenance = try decode(Provenance.self, parts.provenance, file.path)
        return contents
    }

    /// A run file as the library gives it: what is only text is not yet decoded, and nothing
    /// compared.
    private struct Parts {
        /// Without configuration and provenance.
        var contents: RunFileContents
        var configuration, provenance: String
        var statedDigest: String

        func verifiedDigest(_ path: String) throws -> String {
            let digest = contents.contentDigest
            guard digest == statedDigest else {
                throw StoreError.unreadable(
                    path: path, reason: "its contents do not match its content digest")
            }
            return digest
        }
    }

    /// What the sweep file holds of a run, from its own file.
    /// - Parameters:
    ///   - id: whose file it has to be.
    ///   - excluded: the metrics that the digest leaves out.
    package static func result(
        _ file: URL, id: String, excluding excluded: [String], facts: FileFacts
    ) throws
        -> RunResult
    {
        let parts = try SealedFile.read(file) { try read($0, path: file.path, isSummary: true) }
        let digest = try parts.verifiedDigest(file.path)
        var contents = parts.contents
        contents.provenance = try decode(Provenance.self, parts.provenance, file.path)
        guard contents.identity.id == id else {
            throw StoreError.unreadable(
                path: file.path, reason: "it is another run's: its identity is not that of \(id)")
        }
        guard contents.excludedMetrics != excluded else {
            return RunResult(contents, contentDigest: digest, file: facts)
        }
        contents.excludedMetrics = excluded
        return RunResult(contents, contentDigest: contents.contentDigest, file: facts)
    }

    static func write(_ record: RunFileContents, _ root: HDF5Group) throws {
        let weightsDigest = record.weightsDigest
        try root.setAttribute("format", format)
        try root.setAttribute("format_version", formatVersion)
        try root.setAttribute("title", "one run of viseme")
        try root.setAttribute("run_id", record.identity.id)
        try root.setAttribute("label_when_created", record.provenance.label)
        try root.setAttribute("content_digest", record.contentDigest(weights: weightsDigest))
        try root.setAttribute("trainer", record.trainer)
        try root.setAttribute("NX_class", "NXroot")
        try root.setAttribute("default", "history")
        try root.write("identity", [record.identity.json], shape: [])
        let classes = try root.write("class_names", record.classes, shape: [record.classes.count])
        try classes.makeScale("class_names")
        try classes.setAttribute("long_name", "classes, in the order of their numbers")

        let configuration = try root.makeGroup("configuration")
        try writeSettings(record.identity.settings, configuration)
        try configuration.write(
            "json", [canonicalJSON(record.configuration.mapValues(\.json))], shape: [])
        try configuration.write("yaml", [record.configurationText], shape: [])

        let outcome = try root.makeGroup("result")
        try outcome.setAttribute("outcome", record.outcome.rawValue)
        try outcome.setAttribute("stopped_early", record.stoppedEarly ? 1 : 0)
        try outcome.setAttribute("metric", record.metric.name)
        try outcome.setAttribute("goal", record.metric.goal.rawValue)
        // Epochs count from 1; 0 says that no epoch gave a number.
        try outcome.setAttribute("best_epoch", record.best?.epoch ?? 0)
        try outcome.setAttribute("best_value", record.best?.value ?? .nan)
        if let step = record.best?.step { try outcome.setAttribute("best_step", step) }

        try writeHistory(record, root)
        if let test = record.test { try writeTest(test, record.classes, root) }
        if !record.predictions.isEmpty {
            try writePredictions(record.predictions, record.classes, root)
        }
        if let thumbnails = record.thumbnails { try writeThumbnails(thumbnails, root) }
        let weights = try root.makeGroup("weights")
        try weights.setAttribute("digest", weightsDigest ?? "")
        try weights.setAttribute("removed", record.removedWeights == nil ? 0 : 1)
        try write(record.weights, weights)
        if !record.lastWeights.isEmpty {
            try write(record.lastWeights, root.makeGroup("last_weights"))
        }

        if let inputs = record.inputs { try write(inputs, root) }
        let provenance = try root.makeGroup("provenance")
        try provenance.write("json", [try RunFile.json(record.provenance)], shape: [])
        let count = record.epochSeconds.count
        let scale = try writeScale(record, count, provenance)
        let seconds = try provenance.write("seconds", record.epochSeconds, shape: [count])
        try seconds.attach(scale, dimension: 0)
        try seconds.setAttribute(
            "long_name",
            record.axis == .step ? "time since the row before" : "time taken by each epoch")
        try seconds.setAttribute("units", "s")
        try provenance.write("output", [record.output], shape: [])
        if !record.epochDigests.isEmpty {
            let digests = try provenance.write(
                "parameter_digest", record.epochDigests, shape: [record.epochDigests.count])
            try digests.setAttribute(
                "long_name", "SHA-256 of all parameters at the start and after each epoch")
        }
    }

    /// The keys that differ from their default as attributes, for readers of a single file.
    private static func writeSettings(_ settings: [String: Value], _ group: HDF5Group) throws {
        for (key, value) in settings.sorted(by: { $0.key < $1.key })
        where !key.isEmpty && !key.contains("\0") {
            switch value {
            case .integer(let number): try group.setAttribute(key, number)
            case .number(let number): try group.setAttribute(key, number)
            default: try group.setAttribute(key, value.label)
            }
        }
    }

    private static func write(_ tensors: [Tensor], _ group: HDF5Group) throws {
        // A name may contain characters that HDF5 does not allow; an attribute then has the
        // original.
        for (tensor, name) in fillingNodes(Array(zip(tensors, names(tensors.map(\.name))))) {
            let dataset: HDF5Dataset
            switch tensor.elements {
            case .float32(let values):
                dataset = try group.write(
                    name, values, shape: tensor.shape,
                    plain: name == tensor.name && tensor.dtype == "F32")
            case .float64(let values): dataset = try group.write(name, values, shape: tensor.shape)
            case .integer(let values): dataset = try group.write(name, values, shape: tensor.shape)
            }
            if name != tensor.name { try dataset.setAttribute("tensor_name", tensor.name) }
            if tensor.dtype != "F32" { try dataset.setAttribute("dtype", tensor.dtype) }
        }
    }

    /// In an order that fills the nodes of a group's list: it splits a full node of eight in
    /// halves, and a list that grows in the order of names leaves every node half empty. Here the
    /// second halves are added after the first.
    private static func fillingNodes(_ members: [(Tensor, String)]) -> [(Tensor, String)] {
        let sorted = members.sorted { $0.1.utf8.lexicographicallyPrecedes($1.1.utf8) }
        let isFirst = { (place: Int) in place % 8 < 4 }
        return sorted.indices.filter(isFirst).map { sorted[$0] }
            + sorted.indices.filter { !isFirst($0) }.map { sorted[$0] }
    }

    private static func names(_ tensors: [String]) -> [String] {
        tensors.allSatisfy {
            !$0.contains("/") && $0 != "." && $0 != ".." && !$0.isEmpty && !$0.contains("\0")
        }
            ? tensors : VariableNames(tensors, taken: []).variables
    }

    private static func tensors(_ group: HDF5Group) throws -> [Tensor] {
        try group.datasets().map { name, dataset in
            let elements: Tensor.Elements
            switch try dataset.kind() {
            case .float(...4): elements = .float32(try dataset.floats())
            case .float: elements = .float64(try dataset.doubles())
            case .integer: elements = .integer(try dataset.integers())
            default:
                throw HDF5Error(action: "read the weights \(name)", reason: "they are no numbers")
            }
            return Tensor(
                name: try dataset.hasAttribute("tensor_name") ? dataset.text("tensor_name") : name,
                shape: try dataset.shape(), elements: elements,
                dtype: try dataset.hasAttribute("dtype") ? dataset.text("dtype") : "F32")
        }
    }

    /// - Parameter isSummary: leaves out what neither the sweep file nor the content digest holds.
    private static func read(_ root: HDF5Group, path: String, isSummary: Bool = false) throws
        -> Parts
    {
        let (kind, version) = (try root.text("format"), try root.integer("format_version"))
        guard kind == format, readableFormats.contains(version) else {
            throw StoreError.otherFormat(
                path: path, found: "\(kind) \(version)", known: formatVersion)
        }
        let outcome = try root.group("result")
        let history = try root.group("history")
        let (axis, rows, histories) = try readHistory(history, path)
        let epochs = rows.count
        let metricName = try outcome.text("metric")
        let bestEpoch = try outcome.integer("best_epoch")
        guard let ending = Outcome(rawValue: try outcome.text("outcome")),
            let goal = Metric.Goal(rawValue: try outcome.text("goal")),
            histories.allSatisfy({ $0.values.count == epochs }), (0...epochs).contains(bestEpoch)
        else { throw StoreError.unreadable(path: path, reason: "its parts are inconsistent") }
        let judged = histories.first { $0.name == metricName }?.values
        let weights = try root.group("weights")
        let provenance = try root.group("provenance")
        let classes = try root.dataset("class_names").texts()
        let trainer = try root.text("trainer")
        var contents = RunFileContents(
            identity: Identity(json: try root.dataset("identity").texts().first ?? ""),
            configuration: [:],
            configurationText: isSummary
                ? "" : try root.group("configuration").dataset("yaml").texts().first ?? "",
            metric: Metric(name: metricName, goal: goal), trainer: trainer,
            bestEpochRule: bestEpochRule(trainer),
            outcome: ending, histories: histories,
            epochSeconds: try provenance.dataset("seconds").doubles(),
            best: bestEpoch == 0
                ? nil
                : judged.map {
                    BestEpoch(
                        epoch: bestEpoch, step: axis == .step ? rows[bestEpoch - 1] : nil,
                        value: $0[bestEpoch - 1])
                },
            stoppedEarly: try outcome.integer("stopped_early") == 1, classes: classes,
            weights: try tensors(weights),
            lastWeights: root.has("last_weights") ? try tensors(root.group("last_weights")) : [],
            test: root.has("test") ? try readTest(root.group("test"), classes.count) : nil,
            predictions: isSummary ? [] : try readPredictions(root, path: path),
            thumbnails: isSummary ? nil : try readThumbnails(root, path: path),
            excludedMetrics: try decode([String].self, try history.text("excluded_metrics"), path),
            output: isSummary ? "" : try provenance.dataset("output").texts().first ?? "")
        contents.axis = axis
        if !isSummary { contents.inputs = try readInputs(root) }
        if !isSummary, provenance.has("parameter_digest") {
            contents.epochDigests = try provenance.dataset("parameter_digest").texts()
        }
        if try weights.integer("removed") == 1 {
            contents.removedWeights = try weights.text("digest")
        }
        return Parts(
            contents: contents,
            configuration: isSummary
                ? "" : try root.group("configuration").dataset("json").texts().first ?? "",
            provenance: try provenance.dataset("json").texts().first ?? "",
            statedDigest: try root.text("content_digest"))
    }

    /// In format 2 the trainer's name says it.
    private static func bestEpochRule(_ trainer: String) -> BestEpochRule {
        trainer == "command" ? .fromHistories : .whileTraining
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Decoded: Decodable>(
        _ type: Decoded.Type, _ text: String, _ path: String
    ) throws
        -> Decoded
    {
        do { return try JSONDecoder().decode(type, from: Data(text.utf8)) } catch {
            throw StoreError.unreadable(
                path: path, reason: "a text in it is not the JSON it has to be")
        }
    }
}
