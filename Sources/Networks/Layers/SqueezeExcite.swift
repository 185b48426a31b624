import Kernels
import Tensors

/// Squeeze-and-excite (Hu et al. 2018): each channel of a picture, or of a clip over time, is scaled
/// by σ(W₂ f(W₁ m)), where m are the channels' means. A part of layers.
final class SqueezeExcite {
    /// PyTorch's names of its two products, and what is between them.
    struct Style {
        let first, second: String
        let hasBias: Bool
        let activation: Activation.Kind
        /// Channels divided by this are between the products.
        var reduction = 16

        func middle(_ channels: Int) -> Int { max(1, channels / reduction) }
    }

    private let first, second: Convolution
    private let activation: Activation
    private let context: ComputeContext
    private let channels, middle: Int
    private let means, squeezed, active, scores, scales: Buffer<Lanes>
    private let scoreGradient, middleGradient, meanGradient, products: Buffer<Lanes>

    /// - Parameter isPicture: whether PyTorch's products are convolutions 1×1.
    static func parameters(
        _ name: String, _ style: Style, channels: Int, isPicture: Bool, start: WeightStart
    ) -> [ParameterSpec] {
        let middle = style.middle(channels)
        let taps = isPicture ? [1, 1] : []
        return start.specs(
            "\(name).\(style.first)", [middle, channels] + taps, hasBias: style.hasBias)
            + start.specs(
                "\(name).\(style.second)", [channels, middle] + taps, hasBias: style.hasBias)
    }

    /// - Parameter blocks: of pictures or clips, at most.
    init(
        name: String, _ style: Style, channels: Int, blocks: Int, parameters: Parameters,
        context: ComputeContext
    ) {
        self.channels = channels
        self.context = context
        let middle = style.middle(channels)
        self.middle = middle
        func product(_ part: String, _ inputs: Int, _ outputs: Int) -> Convolution {
            Convolution(
                inputs: inputs, outputs: outputs, weight: parameters.slot("\(name).\(part).weight"),
                biases: style.hasBias ? [parameters.slot("\(name).\(part).bias")] : [],
                parameters: parameters, context: context)
        }
        first = product(style.first, channels, middle)
        second = product(style.second, middle, channels)
        activation = Activation(
            style.activation, name: "", channels: middle, parameters: parameters, context: context)
        func room(_ channels: Int) -> Buffer<Lanes> { Buffer(count: blocks * channels) }
        (means, scores, scales) = (room(channels), room(channels), room(channels))
        (squeezed, active, middleGradient) = (room(middle), room(middle), room(middle))
        (scoreGradient, meanGradient) = (room(channels), room(channels))
        products = room(middle)
    }

    func pack(training: Bool) {
        first.pack(training: training)
        second.pack(training: training)
    }

    /// - Parameter mask: of clips over time with lengths of their own: their means are of real steps.
    func forward(
        _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        mask: StepMask? = nil
    ) {
        let (kernels, blocks) = (context.kernels, shape.blocks)
        context.team.share(blocks, work: shape.count / 2) { _, blocks in
            kernels.averagePool(x, y: means.pointer, shape: shape, blocks: blocks)
        }
        if let mask { correct(means.pointer, mask, blocks: blocks) }
        first.forward(means.pointer, squeezed.pointer, blocks: blocks)
        activation.forward(
            StridedPixels(squeezed.pointer, stride: middle),
            StridedPixels(active.pointer, stride: middle), pixels: blocks)
        second.forward(active.pointer, scores.pointer, blocks: blocks)
        kernels.apply(.sigmoid, scores.pointer, scales.pointer, count: blocks * channels)
        context.team.share(blocks, work: shape.count / 2) { _, blocks in
            kernels.scaleChannels(x, by: scales.pointer, y: y, shape: shape, blocks: blocks)
        }
    }

    /// The gradient of x, in `result`, which may be where the gradient is.
    /// - Parameter x: what `forward` was given.
    func backward(
        _ gradient: UnsafePointer<Lanes>, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape, mask: StepMask? = nil
    ) {
        let (kernels, blocks) = (context.kernels, shape.blocks)
        context.team.share(blocks, work: shape.count / 2) { _, blocks in
            kernels.channelProducts(
                gradient, x, sums: scoreGradient.pointer, shape: shape, blocks: blocks)
        }
        kernels.sigmoidGradient(
            scales.pointer, gradient: scoreGradient.pointer, count: blocks * channels)
        let wide = BlockShape(frames: shape.frames, height: 1, width: 1, channels: channels)
        second.weightGradients(active.pointer, scoreGradient.pointer, shape: wide)
        second.backward(scoreGradient.pointer, middleGradient.pointer, blocks: blocks)
        let pixels = StridedPixels(middleGradient.pointer, stride: middle)
        let narrow = BlockShape(frames: shape.frames, height: 1, width: 1, channels: middle)
        activation.backward(
            pixels, x: StridedPixels(squeezed.pointer, stride: middle), result: pixels,
            products: products.pointer, shape: narrow)
        first.weightGradients(means.pointer, middleGradient.pointer, shape: narrow)
        first.backward(middleGradient.pointer, meanGradient.pointer, blocks: blocks)
        if let mask { correct(meanGradient.pointer, mask, blocks: blocks) }
        context.team.share(blocks, work: shape.count / 2) { _, blocks in
            kernels.scaleChannelsGradient(
                gradient, scales: scales.pointer, means: meanGradient.pointer, result: result,
                shape: shape, blocks: blocks)
        }
    }

    /// From means over all steps to those over the real ones; the others hold zeros.
    private func correct(_ means: UnsafeMutablePointer<Lanes>, _ mask: StepMask, blocks: Int) {
        for block in 0..<blocks {
            let factor = mask.shares.pointer[block] * Float(mask.steps)
            for channel in 0..<channels { means[block * channels + channel] *= factor }
        }
    }
}
