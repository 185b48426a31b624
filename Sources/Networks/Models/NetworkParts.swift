/// Parts of a network that a recipe may exchange. What is nil is as the model has it.
package struct NetworkParts: Sendable, Hashable {
    /// What follows the frames' features through time.
    package enum Backend: String, Sendable, CaseIterable {
        case lstm, gru
    }

    /// How a sequence becomes one vector.
    package enum Readout: String, Sendable, CaseIterable {
        case last, mean
    }

    package var backend: Backend?
    /// Recurrent layers.
    package var layers: Int?
    /// Of the state of one direction.
    package var width: Int?
    package var isBidirectional: Bool?
    package var readout: Readout?

    package init() {}

    /// Whether the recurrent layers are the model's own.
    var hasOwnBackend: Bool {
        backend == nil && layers == nil && width == nil && isBidirectional == nil
    }
}

/// Recurrent layers as one module of PyTorch's: `nn.GRU` or `nn.LSTM` with dropout between the
/// layers, called `rnn`.
struct RecurrentBackend {
    let kind: NetworkParts.Backend
    let layers, inputs, width: Int
    let isBidirectional: Bool

    static let name = "rnn"

    /// - Parameters:
    ///   - layers: where the parts do not say it.
    ///   - inputs: features of a frame, and the width where the parts do not say it.
    init(_ parts: NetworkParts, layers: Int, inputs: Int) {
        kind = parts.backend ?? .lstm
        self.layers = parts.layers ?? layers
        self.inputs = inputs
        width = parts.width ?? inputs
        isBidirectional = parts.isBidirectional ?? false
    }

    /// Channels of its output.
    var outputs: Int { isBidirectional ? 2 * width : width }

    private var directions: [TimeDirection] { isBidirectional ? [.forward, .reverse] : [.forward] }

    private func inputs(of layer: Int) -> Int { layer == 0 ? inputs : outputs }

    var parameters: [ParameterSpec] {
        (0..<layers).flatMap { layer in
            directions.flatMap { direction in
                RecurrentNames(RecurrentBackend.name, layer, direction).specs(
                    gates: kind == .lstm ? 4 : 3, inputs: inputs(of: layer), size: width)
            }
        }
    }

    /// - Parameter dropout: between two layers.
    func make(dropout: Float, in context: LayerContext) -> [any Layer] {
        (0..<layers).flatMap { layer -> [any Layer] in
            let each = directions.map { recurrent(layer, $0, in: context) }
            let whole: any Layer =
                each.count == 1
                ? each[0]
                : BothDirections(
                    each[0], each[1], inputs: inputs(of: layer), size: width, in: context)
            guard layer < layers - 1 else { return [whole] }
            // The model's own dropout layers have the numbers 1 and 2.
            return [
                whole,
                Dropout(
                    rate: dropout, number: UInt32(10 + layer), channels: outputs,
                    steps: context.steps, in: context),
            ]
        }
    }

    private func recurrent(_ layer: Int, _ direction: TimeDirection, in context: LayerContext)
        -> any Layer
    {
        let name = RecurrentBackend.name
        return switch kind {
        case .lstm:
            LSTM(
                name: name, inputs: inputs(of: layer), size: width, direction: direction,
                number: layer, in: context)
        case .gru:
            GRU(
                name: name, inputs: inputs(of: layer), size: width, direction: direction,
                number: layer, in: context)
        }
    }
}
