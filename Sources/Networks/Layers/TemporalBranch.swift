import Kernels
import Tensors

/// Memory that the branches of a temporal block use one after the other.
final class TemporalScratch {
    /// Of a branch: the gradient of its norm, and the addends of its slopes' gradient.
    let gradient, products: Buffer<Lanes>
    /// The gradient behind squeeze-and-excite.
    let squeezed: Buffer<Lanes>
    /// Of the convolution's output, where clips have lengths of their own.
    let masks: Buffer<Lanes>

    init(rows: Int, padding: Int, outputs: Int, squeezed channels: Int) {
        gradient = Buffer(count: (rows + padding) * outputs)
        products = Buffer(count: rows * outputs)
        squeezed = Buffer(count: rows * channels)
        masks = Buffer(count: rows + padding)
    }
}

/// One kernel of a temporal block: (squeeze-and-excite,) convolution, norm, cut, function.
final class TemporalBranch {
    private let product: Convolution
    private let norm: BatchNorm
    private let activation: Activation
    private let squeezeExcite: SqueezeExcite?
    private let context: ComputeContext
    private let outputs, padding: Int
    private let squeezed, convolved, normed: Buffer<Lanes>
    private let gradient, products, squeezedGradient, masks: Buffer<Lanes>

    static func parameters(
        _ name: String, _ names: TemporalNames, inputs: Int, outputs: Int, kernel: Int,
        activation: Activation.Kind
    ) -> [ParameterSpec] {
        WeightStart.normal.specs(
            "\(name).\(names.convolution)", [outputs, inputs, kernel], hasBias: true)
            + BatchNorm.parameters("\(name).\(names.norm)", channels: outputs)
            + Activation.parameters(activation, "\(name).\(names.activation)", channels: outputs)
    }

    init(
        name: String, _ names: TemporalNames, squeezeExcite squeezeName: String?, inputs: Int,
        outputs: Int, kernel: Int, dilation: Int, activation kind: Activation.Kind,
        momentum: Float, scratch: TemporalScratch, in context: LayerContext
    ) {
        let (parameters, compute) = (context.parameters, context.compute)
        (gradient, products) = (scratch.gradient, scratch.products)
        (squeezedGradient, masks) = (scratch.squeezed, scratch.masks)
        self.outputs = outputs
        self.context = compute
        padding = (kernel - 1) * dilation
        let walk = TemporalConvolution.Walk(
            kernel: kernel, dilation: dilation, padding: padding)
        product = TemporalConvolution.product(
            name: "\(name).\(names.convolution)", inputs: inputs, outputs: outputs, walk: walk,
            hasBias: true, steps: context.steps, parameters: parameters, context: compute)
        norm = BatchNorm(
            name: "\(name).\(names.norm)", channels: outputs, momentum: momentum,
            epsilon: BatchNorm.standardEpsilon, parameters: parameters, context: compute)
        activation = Activation(
            kind, name: "\(name).\(names.activation)", channels: outputs, parameters: parameters,
            context: compute)
        squeezeExcite = squeezeName.map {
            SqueezeExcite(
                name: $0, TemporalNames.squeezeExciteStyle, channels: inputs,
                blocks: context.clipBlocks, parameters: parameters, context: compute)
        }
        let rows = context.clipBlocks * walk.outputs(of: context.steps)
        convolved = Buffer(count: rows * outputs)
        normed = Buffer(count: rows * outputs)
        let squeezedCount =
            squeezeName == nil ? 0 : context.clipBlocks * context.steps * inputs
        squeezed = Buffer(count: squeezedCount)
    }

    func pack(training: Bool) {
        product.pack(training: training)
        squeezeExcite?.pack(training: training)
    }

    /// Of the convolution's output, padding included.
    private func whole(_ x: Activations) -> BlockShape {
        let shape = BlockShape(
            frames: x.batch, height: x.steps + padding, width: 1, channels: outputs)
        guard let mask = x.mask else { return shape }
        mask.fillTimeline(masks.pointer, extra: padding)
        return mask.masked(shape, extra: padding, masks.pointer)
    }

    /// - Parameters:
    ///   - target: where its first channel at the first time belongs.
    ///   - stride: `Lanes` from one time to the next there.
    func forward(
        _ x: Activations, _ target: UnsafeMutablePointer<Lanes>, stride: Int, _ pass: Pass
    ) {
        var source = x.pointer
        if let squeezeExcite {
            squeezeExcite.forward(
                x.pointer, squeezed.pointer, shape: x.picture, mask: x.mask)
            source = squeezed.pointer
        }
        product.forward(source, convolved.pointer, blocks: x.clipBlocks)
        norm.forward(
            convolved.pointer, normed.pointer, rectify: false, shape: whole(x),
            training: pass.isTraining)
        forEachBlock(x) { from, to in
            activation.forward(
                StridedPixels(normed.pointer + from, stride: outputs),
                StridedPixels(target + to * stride, stride: stride), pixels: x.steps)
        }
    }

    /// The gradient of x, in or added to `result`; that of what `forward` gave lies at `given`.
    func backward(
        _ given: UnsafeMutablePointer<Lanes>, stride: Int, of x: Activations,
        into result: UnsafeMutablePointer<Lanes>, adding: Bool
    ) {
        // What is cut off has no gradient.
        gradient.pointer.update(repeating: .zero, count: whole(x).count)
        forEachBlock(x) { from, to in
            activation.slopeProducts(
                StridedPixels(given + to * stride, stride: stride),
                x: StridedPixels(normed.pointer + from, stride: outputs),
                into: StridedPixels(products.pointer + to * outputs, stride: outputs),
                pixels: x.steps)
        }
        var kept = x.picture
        kept.channels = outputs
        activation.sumSlopes(products.pointer, kept)
        forEachBlock(x) { from, to in
            activation.gradient(
                StridedPixels(given + to * stride, stride: stride),
                x: StridedPixels(normed.pointer + from, stride: outputs),
                result: StridedPixels(gradient.pointer + from, stride: outputs), pixels: x.steps)
        }
        norm.backward(
            gradient.pointer, rectifier: .none, x: convolved.pointer, result: gradient.pointer,
            shape: whole(x))
        guard let squeezeExcite else {
            product.weightGradients(x.pointer, gradient.pointer, shape: whole(x))
            product.backward(
                gradient.pointer, result, blocks: x.clipBlocks, continuing: adding)
            return
        }
        product.weightGradients(squeezed.pointer, gradient.pointer, shape: whole(x))
        product.backward(gradient.pointer, squeezedGradient.pointer, blocks: x.clipBlocks)
        squeezeExcite.backward(
            squeezedGradient.pointer, x: x.pointer, result: squeezedGradient.pointer,
            shape: x.picture, mask: x.mask)
        if adding {
            context.kernels.add(result, squeezedGradient.pointer, count: x.count)
        } else {
            result.update(from: squeezedGradient.pointer, count: x.count)
        }
    }

    /// - Parameter body: gets the place of a block's first step that is not cut off, in numbers of
    ///   the convolution's output, and its first row among the steps that are left.
    private func forEachBlock(_ x: Activations, _ body: (_ from: Int, _ to: Int) -> Void) {
        for block in 0..<x.clipBlocks {
            body((block * (x.steps + padding) + padding / 2) * outputs, block * x.steps)
        }
    }
}
