import Kernels
import Tensors

/// The sizes that define a network.
package struct NetworkShape: Sendable, Hashable {
    package var frames: Int
    package var height: Int
    package var width: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    /// Filters of the first stage; the features of a frame are eight times as many.
    package var filters: Int
    package var classes: Int
    package var dropout: Float
    /// Weight of the new batch in the batch-norm averages.
    package var batchNormMomentum: Float
    /// Parts that are exchanged.
    package var parts = NetworkParts()

    package init(
        frames: Int, height: Int, width: Int, channels: Int, filters: Int, classes: Int,
        dropout: Float,
        batchNormMomentum: Float
    ) {
        self.frames = frames
        self.height = height
        self.width = width
        self.channels = channels
        self.filters = filters
        self.classes = classes
        self.dropout = dropout
        self.batchNormMomentum = batchNormMomentum
    }
}

/// Clips to logits. All memory is taken when a network is made.
package protocol Network: AnyObject {
    /// Its parameters, in the order of PyTorch's module: names, shapes and starts.
    static func parameters(_ shape: NetworkShape) -> [ParameterSpec]

    /// Its layers, for a reader.
    static func outline(_ shape: NetworkShape) -> NetworkOutline

    /// - Parameters:
    ///   - clips: at most, in one batch.
    ///   - seed: of the weights' start.
    init(shape: NetworkShape, clips: Int, context: ComputeContext, seed: UInt64)

    var shape: NetworkShape { get }
    /// Clips at most, in one batch.
    var clips: Int { get }
    var parameters: Parameters { get }
    /// Where clips are put before `forward`.
    var input: FrameInput { get }
    /// In the order of the forward pass.
    var layers: [any Layer] { get }

    /// The logits of the first `batch` clips. Valid until the next call.
    func forward(batch: Int, _ pass: Pass) -> Logits

    /// The gradients of all parameters.
    /// - Parameter gradient: of the logits that the last call of `forward` in training returned.
    func backward(_ gradient: Logits)

    /// Its products, for timing.
    func productTimings() -> [ProductTiming]
}

extension Network {
    /// Brings packed weights up to date: after the parameters were changed, before the next pass.
    /// - Parameter training: false leaves out what only `backward` needs.
    package func pack(training: Bool = true) {
        for layer in layers { layer.pack(training: training) }
    }

    package func forward(batch: Int, _ pass: Pass) -> Logits {
        var x = input.activations(batch: batch)
        for layer in layers { x = layer.forward(x, pass) }
        return x
    }

    package func backward(_ gradient: Logits) {
        var gradient = gradient
        for layer in layers.reversed() {
            guard let next = layer.backward(gradient) else { return }
            gradient = next
        }
    }
}

/// The networks there are, by the names that recipes use. A name and its defaults never change
/// meaning.
package enum NetworkRegistry {
    package static let models: [(name: String, type: any Network.Type)] = [
        ("resnet18_lstm", ResNet18LSTM.self)
    ]

    package static var names: [String] { models.map(\.name) }

    /// - Parameter name: one of `names`.
    package static func model(_ name: String) -> any Network.Type {
        guard let model = models.first(where: { $0.name == name }) else {
            preconditionFailure("there is no model \(name)")
        }
        return model.type
    }
}
