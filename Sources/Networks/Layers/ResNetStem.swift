import Kernels
import Tensors

/// ResNet's stem as OpenAV's visual model has it: convolution 7×7, stride 2, "same" padding, no
/// bias; batch norm; ReLU; maximum over 2×2 squares. Over several frames it is a convolution over
/// time too: their pixels come as channels, from `TimeStack`.
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

    static func geometry(height: Int, width: Int) -> ConvolutionGeometry {
        ConvolutionGeometry(height: height, width: width, kernel: 7, stride: 2)
    }

    /// - Parameter depth: frames that it looks at; nil: one.
    package static func parameters(
        _ name: String, channels: Int, depth: Int? = nil, filters: Int
    ) -> [ParameterSpec] {
        Convolution.parameters(
            "\(name).conv_layer_s2_same", inputs: channels, outputs: filters, kernel: 7,
            depth: depth, hasBias: false)
            + BatchNorm.parameters("\(name).batch_norm1", channels: filters)
    }

    /// - Parameters:
    ///   - height, width: of the pictures without their border, px.
    ///   - channels: those of all frames that it looks at.
    ///   - momentum: weight of the new batch in the averages of batch norm.
    package init(
        name: String, height: Int, width: Int, channels: Int, filters: Int, momentum: Float,
        in context: LayerContext
    ) {
        let geometry = ResNetStem.geometry(height: height, width: width)
        (self.height, self.width, self.filters) = (
            geometry.outputHeight, geometry.outputWidth, filters
        )
        convolution = geometry.firstConvolution(
            name: "\(name).conv_layer_s2_same", channels: channels, outputs: filters,
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

    /// Of the convolution's output.
    private func shape(_ x: Activations) -> BlockShape {
        var y = x.at(convolved.pointer, channels: filters)
        (y.height, y.width) = (height, width)
        return y.picture
    }

    /// - Parameter x: pictures with their border of zeros.
    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let shape = shape(x)
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
        let shape = shape(x)
        norm.backwardPooled(
            gradient.pointer, y: pooled.pointer, chosen: chosen.pointer, x: convolved.pointer,
            result: self.gradient.pointer, shape: shape)
        convolution.weightGradients(x.pointer, self.gradient.pointer, shape: shape)
        return nil
    }
}
