import Kernels
import Tensors

/// A convolution over pictures without bias, batch norm, and a function. Over several frames it is
/// a convolution over time too: their pixels come as channels, from `TimeStack`.
package final class ConvolutionBlock: Layer {
    /// PyTorch's names of its parts.
    package struct Names: Sendable {
        let convolution, norm, activation: String

        package init(convolution: String, norm: String, activation: String) {
            (self.convolution, self.norm, self.activation) = (convolution, norm, activation)
        }
    }

    package struct Shape: Sendable {
        /// Frames that a tap reads.
        let depth: Int
        /// Whether its weights have an axis of time.
        let isDeep: Bool
        /// Channels of one frame.
        let inputs: Int
        let outputs: Int
        let activation: Activation.Kind
        /// Whether its input is the pictures, which have their border and need no gradient.
        let isFirst: Bool
        var epsilon = BatchNorm.standardEpsilon

        package init(
            depth: Int, isDeep: Bool, inputs: Int, outputs: Int, activation: Activation.Kind,
            isFirst: Bool, epsilon: Float = BatchNorm.standardEpsilon
        ) {
            (self.depth, self.isDeep) = (depth, isDeep)
            (self.inputs, self.outputs, self.activation) = (inputs, outputs, activation)
            (self.isFirst, self.epsilon) = (isFirst, epsilon)
        }
    }

    let convolution: Convolution
    private let norm: NormActivation
    private let outputs: Int
    private let outputHeight, outputWidth: Int
    private let gradients: GradientMemory
    private let convolved, output: Buffer<Lanes>
    private let isFirst: Bool
    private var input: Activations?

    package static func parameters(
        _ names: Names, kernel: Int, _ shape: Shape, start: WeightStart = .normal
    ) -> [ParameterSpec] {
        Convolution.parameters(
            names.convolution, inputs: shape.inputs, outputs: shape.outputs, kernel: kernel,
            depth: shape.isDeep ? shape.depth : nil, hasBias: false, start: start)
            + BatchNorm.parameters(names.norm, channels: shape.outputs)
            + Activation.parameters(shape.activation, names.activation, channels: shape.outputs)
    }

    /// - Parameter momentum: weight of the new batch in the averages of batch norm.
    package init(
        _ names: Names, _ geometry: ConvolutionGeometry, _ shape: Shape, momentum: Float,
        in context: LayerContext
    ) {
        let (parameters, compute) = (context.parameters, context.compute)
        let channels = shape.inputs * shape.depth
        isFirst = shape.isFirst
        outputs = shape.outputs
        (outputHeight, outputWidth) = (geometry.outputHeight, geometry.outputWidth)
        convolution =
            shape.isFirst
            ? geometry.firstConvolution(
                name: names.convolution, channels: channels, outputs: shape.outputs,
                parameters: parameters, context: compute)
            : geometry.convolution(
                name: names.convolution, inputs: channels, outputs: shape.outputs, hasBias: false,
                parameters: parameters, context: compute)
        let count = context.frameBlocks * outputHeight * outputWidth * outputs
        norm = NormActivation(
            name: names.norm, kind: shape.activation, activationName: names.activation,
            channels: outputs, momentum: momentum, epsilon: shape.epsilon,
            count: count, parameters: parameters, context: compute)
        convolved = Buffer(count: count)
        output = Buffer(count: count)
        gradients = context.gradients
        gradients.reserve(
            shape.isFirst
                ? count
                : max(count, context.frameBlocks * geometry.height * geometry.width * channels))
    }

    package func pack(training: Bool) { convolution.pack(training: training) }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        var y = x.at(output.pointer, channels: outputs)
        (y.height, y.width) = (outputHeight, outputWidth)
        convolution.forward(x.pointer, convolved.pointer, blocks: x.blocks)
        norm.forward(
            convolved.pointer, output.pointer, shape: y.picture, training: pass.isTraining)
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let shape = gradient.picture
        let (inputGradient, own) = gradients.besides(gradient.pointer)
        norm.backward(
            gradient.pointer, output: nil, x: convolved.pointer, result: own, shape: shape)
        convolution.weightGradients(x.pointer, own, shape: shape)
        guard !isFirst else { return nil }
        convolution.backward(own, inputGradient, blocks: shape.blocks)
        return x.at(inputGradient)
    }
}
