import Kernels
import Tensors

/// ResNet's stem as OpenAV's visual model has it: convolution 7×7, stride 2, "same" padding, no
/// bias; batch norm; ReLU; maximum over 2×2 squares.
package final class ResNetStem: Layer {
    let convolution: Convolution
    private let norm: BatchNorm
    private let filters: Int
    /// Of the convolution's output, px.
    private let height, width: Int
    private let convolved, pooled, chosen, gradient: Buffer<Lanes>
    private var input: Activations?

    /// Of its output, px.
    var outputHeight: Int { height / 2 }
    var outputWidth: Int { width / 2 }

    static func geometry(height: Int, width: Int) -> SameGeometry {
        SameGeometry(height: height, width: width, kernel: 7, stride: 2)
    }

    package static func parameters(_ name: String, channels: Int, filters: Int) -> [ParameterSpec] {
        Convolution.parameters(
            "\(name).conv_layer_s2_same", inputs: channels, outputs: filters, kernel: 7,
            hasBias: false)
            + BatchNorm.parameters("\(name).batch_norm1", channels: filters)
    }

    /// - Parameters:
    ///   - height, width: of the pictures without their border, px.
    ///   - momentum: weight of the new batch in the averages of batch norm.
    package init(
        name: String, height: Int, width: Int, channels: Int, filters: Int, momentum: Float,
        in context: LayerContext
    ) {
        let geometry = ResNetStem.geometry(height: height, width: width)
        (self.height, self.width, self.filters) = (
            geometry.outputHeight, geometry.outputWidth, filters
        )
        let plan = WindowPlan.stem(
            paddedHeight: geometry.paddedHeight, paddedWidth: geometry.paddedWidth,
            channels: channels,
            outputChannels: filters, kernel: 7, stride: 2, outputHeight: geometry.outputHeight,
            outputWidth: geometry.outputWidth)
        convolution = Convolution(
            DirectProduct(
                plan, backward: nil,
                gradient: GradientPlan(plan, copiesInput: false, inputWidth: 1),
                context: context.compute),
            outputs: filters, weight: context.parameters.slot("\(name).conv_layer_s2_same.weight"),
            biases: [],
            parameters: context.parameters, context: context.compute)
        norm = BatchNorm(
            name: "\(name).batch_norm1", channels: filters, momentum: momentum,
            parameters: context.parameters,
            context: context.compute)
        let count = context.frameBlocks * geometry.outputHeight * geometry.outputWidth * filters
        convolved = Buffer(count: count)
        gradient = Buffer(count: count)
        let pooledCount =
            context.frameBlocks * (geometry.outputHeight / 2) * (geometry.outputWidth / 2) * filters
        pooled = Buffer(count: pooledCount)
        chosen = Buffer(count: pooledCount)
    }

    package func pack(training: Bool) { convolution.pack(training: training) }

    private func shape(_ frames: Int) -> BlockShape {
        BlockShape(frames: frames, height: height, width: width, channels: filters)
    }

    /// - Parameter x: pictures with their border of zeros.
    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let shape = shape(x.frames)
        convolution.forward(x.pointer, convolved.pointer, blocks: shape.blocks)
        norm.forwardPooled(
            convolved.pointer, pooled.pointer, chosen: chosen.pointer, shape: shape,
            training: pass.isTraining)
        var y = x.at(pooled.pointer, channels: filters)
        (y.height, y.width) = (outputHeight, outputWidth)
        return y
    }

    /// - Returns: nil: the gradient of the pictures is not needed.
    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let shape = shape(x.frames)
        norm.backwardPooled(
            gradient.pointer, y: pooled.pointer, chosen: chosen.pointer, x: convolved.pointer,
            result: self.gradient.pointer, shape: shape)
        convolution.weightGradients(x.pointer, self.gradient.pointer, shape: shape)
        return nil
    }
}
