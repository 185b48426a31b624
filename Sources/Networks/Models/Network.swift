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
    /// Whether clips have lengths of their own.
    package var masksSteps = false
    /// Whether the network sees in which frames the word is spoken.
    package var hasWordBoundary = false
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

/// Clips to logits: the layers of a plan, with their memory.
package final class Network {
    package let shape: NetworkShape
    /// Clips at most, in one batch.
    package let clips: Int
    package let parameters: Parameters
    /// Where clips are put before `forward`.
    package let input: FrameInput
    /// In the order of the forward pass.
    package let layers: [any Layer]

    /// - Parameters:
    ///   - plan: for clips of `shape`.
    ///   - clips: at most, in one batch.
    ///   - seed: of the weights' start.
    package init(_ plan: NetworkPlan, clips: Int, context: ComputeContext, seed: UInt64) {
        (shape, self.clips) = (plan.shape, clips)
        parameters = Parameters(plan.parameters)
        parameters.start(seed: seed)
        let place = LayerContext(
            compute: context, parameters: parameters, clips: clips, steps: plan.shape.frames,
            boundary: plan.shape.hasWordBoundary
                ? WordBoundary(clips: clips, steps: plan.shape.frames) : nil)
        input = FrameInput(
            plan.input, channels: plan.shape.channels, masksSteps: plan.shape.masksSteps, in: place)
        layers = plan.parts.flatMap { $0.make(place) }
    }

    /// Brings packed weights up to date: after the parameters were changed, before the next pass.
    /// - Parameter training: false leaves out what only `backward` needs.
    package func pack(training: Bool = true) {
        for layer in layers { layer.pack(training: training) }
    }

    /// The logits of the first `batch` clips. Valid until the next call.
    /// - Parameter observing: is given what each layer has computed.
    package func forward(
        batch: Int, _ pass: Pass,
        observing: ((_ layer: Int, _ output: Activations) -> Void)? = nil
    ) -> Logits {
        var x = input.activations(batch: batch)
        for (number, layer) in layers.enumerated() {
            x = layer.forward(x, pass)
            observing?(number, x)
        }
        return x
    }

    /// The gradients of all parameters.
    /// - Parameter gradient: of the logits that the last call of `forward` in training returned.
    package func backward(_ gradient: Logits) {
        var gradient = gradient
        for layer in layers.reversed() {
            guard let next = layer.backward(gradient) else { return }
            gradient = next
        }
    }
}
