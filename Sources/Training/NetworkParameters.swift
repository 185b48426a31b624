import Networks
import Studies

/// The configuration keys that choose a network and its parts.
package enum NetworkParameters {
    package static let model: [Parameter] = [
        Parameter(
            "model", .choice(NetworkRegistry.names), .text("resnet18_lstm"),
            "the network; `viseme model recipe.yaml` lists its layers with shapes, parameters and multiply-adds"
        ),
        Parameter(
            "filters", .integer(1...256), .integer(64),
            "filters of the first stage; 64 is the published network"),
        Parameter(
            "network.frontend",
            .choice([asModel] + NetworkParts.Frontend.allCases.map(\.rawValue)),
            .text(asModel),
            "the first convolution sees one frame (2d) or five (3d); model: as the model has it"),
        Parameter(
            "network.activation",
            .choice([asModel] + Activation.Kind.allCases.map(\.rawValue)),
            .text(asModel), "the function behind a norm; model: as the model has it"),
        Parameter(
            "network.squeeze_excite", .choice([asModel, "true", "false"]), .text(asModel),
            "squeeze-and-excite in blocks; model: as the model has it"),
        Parameter(
            "network.backend", .choice([asModel] + NetworkParts.Backend.allCases.map(\.rawValue)),
            .text(asModel), "what follows the frames through time; model: as the model has it"),
        Parameter(
            "network.layers", .integer(0...16), .integer(0),
            "recurrent layers, or blocks of temporal convolutions; 0: as the model has it"),
        Parameter(
            "network.width", .integer(0...4096), .integer(0),
            "numbers in the state of one direction, or channels of a block; 0: as the model has it"
        ),
        Parameter(
            "network.bidirectional", .choice([asModel, "true", "false"]), .text(asModel),
            "whether recurrent layers go through time both ways; model: as the model has it"),
        Parameter(
            "network.kernels", .format(sizes), .text(""),
            "steps that the temporal convolutions of a block look at; empty: 3/5/7"),
        Parameter(
            "network.dilations", .format(sizes), .text(""),
            "steps from one tap to the next in each block (dctcn: layer of a block); empty: 1/2/4/8 (dctcn: 1/2/5)"
        ),
        Parameter(
            "network.readout", .choice([asModel] + NetworkParts.Readout.allCases.map(\.rawValue)),
            .text(asModel),
            "how a clip's steps become one vector: the last, their mean, or a weighted mean; model: as the model has it"
        ),
        Parameter(
            "dropout", .number(0...1, belowUpper: true), .number(0.2),
            "dropout probability between the layers behind the frames' features"),
        Parameter(
            "network.head_dropout", .number(-1...1, belowUpper: true), .number(-1),
            "dropout probability of the frames' features and before the classifier; -1: as the model has it"
        ),
        Parameter(
            "network.dropout_unit", .choice(Dropout.Unit.allCases.map(\.rawValue)),
            .text(Dropout.Unit.value.rawValue),
            "what dropout drops as one: a value, a channel at all times, or a frame"),
        Parameter(
            "bn_momentum", .number(0...1), .number(0.1),
            "momentum of the batch-norm averages: the weight of the new batch"),
        Parameter(
            "init_from", .text, .text(""),
            "weights to start from: a run (its file, or results/<name>:3 by number, label or id) or a .safetensors file; the digest of the weights is part of the identity",
            decidesOutcome: false, path: Parameter.Path(),
            sweepRefusal: "can't be swept: write a recipe for each start"
        ),
        Parameter(
            "init_skip", .texts(count: nil), .list([]),
            "parameters that are drawn in spite of init_from, by name or pattern: fc.* for other classes"
        ),
        Parameter(
            "freeze", .texts(count: nil), .list([]),
            "parameters that are not trained, by name or pattern: resnet.*"),
    ]

    /// The value of a part that is not exchanged.
    private static let asModel = "model"

    private static let sizes = Parameter.TextFormat(
        rule: "whole numbers from 1 to 99 with slashes between them, like 3/5/7, or nothing",
        pattern: "^([1-9][0-9]?(/[1-9][0-9]?){0,15})?$"
    ) { text in
        text.isEmpty || numbers(text) != nil
    }

    /// - Returns: nil for nothing, and for what is no list of sizes.
    static func numbers(_ text: String) -> [Int]? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.first == "0" || part.first == "+" ? nil : Int(part)
        }
        guard numbers.count == parts.count, numbers.count <= 16,
            numbers.allSatisfy({ (1...99).contains($0) })
        else { return nil }
        return numbers
    }

    /// Parts of a network that do not go together, as far as none of them is swept.
    package static func problems(_ usage: ParameterSchema.Usage) -> [ParameterSchema.Problem] {
        guard !usage.swept.contains(where: { $0 == "model" || $0.hasPrefix("network.") }) else {
            return []
        }
        return problems { usage.values[$0] }.map {
            ParameterSchema.Problem(key: $0.key, message: $0.message)
        }
    }

    /// The same of one run.
    package static func problems(_ configuration: Configuration) -> [(key: String, message: String)]
    {
        problems { configuration[$0] }
    }

    private static func problems(_ value: (String) -> Value?) -> [(key: String, message: String)] {
        var model = "resnet18_lstm"
        if case .text(let name)? = value("model") { model = name }
        guard NetworkRegistry.names.contains(model) else { return [] }
        return NetworkParts(value).problems(model: model)
    }
}

extension NetworkParts {
    package init(_ configuration: Configuration) {
        self.init { configuration[$0] }
    }

    /// - Parameter value: of a key; nil is its default.
    fileprivate init(_ value: (String) -> Value?) {
        self.init()
        func text(_ key: String) -> String {
            guard case .text(let text)? = value("network." + key) else { return "" }
            return text
        }
        func count(_ key: String) -> Int? {
            guard case .integer(let count)? = value("network." + key), count > 0 else { return nil }
            return count
        }
        frontend = Frontend(rawValue: text("frontend"))
        activation = Activation.Kind(rawValue: text("activation"))
        squeezeExcite = Bool(text("squeeze_excite"))
        backend = Backend(rawValue: text("backend"))
        (layers, width) = (count("layers"), count("width"))
        isBidirectional = Bool(text("bidirectional"))
        kernels = NetworkParameters.numbers(text("kernels"))
        dilations = NetworkParameters.numbers(text("dilations"))
        readout = Readout(rawValue: text("readout"))
        if case .number(let rate)? = value("network.head_dropout"), rate >= 0 {
            headDropout = Float(rate)
        }
        dropoutUnit = Dropout.Unit(rawValue: text("dropout_unit")) ?? .value
    }
}
