import Kernels
import Tensors

/// How a ResNet names its parts, and what the published ones do differently.
package struct ResidualStyle: Sendable {
    let norm1, norm2, activation1, activation2: String
    /// Its convolution is number 0, its norm number 1.
    let shortcut: String
    let hasBias: Bool
    let padding: ConvolutionGeometry.Padding
    let epsilon: Float
    let start: WeightStart
    package var activation = Activation.Kind.relu
    /// Squeeze-and-excite before the shortcut is added.
    package var squeezes = false

    /// Of `resnet18_lstm`.
    package static let openAV = ResidualStyle(
        norm1: "batch_norm1", norm2: "batch_norm2", activation1: "relu1", activation2: "relu2",
        shortcut: "i_downsample", hasBias: true, padding: .same,
        epsilon: BatchNorm.openAVEpsilon, start: .pyTorch)

    /// Of torchvision, mpc001 and VIPL.
    package static let standard = ResidualStyle(
        norm1: "bn1", norm2: "bn2", activation1: "relu1", activation2: "relu2",
        shortcut: "downsample", hasBias: false, padding: .symmetric,
        epsilon: BatchNorm.standardEpsilon, start: .normal)

    /// As VIPL names and makes it.
    static let squeezeExcite = SqueezeExcite.Style(
        first: "conv3", second: "conv4", hasBias: true, activation: .relu)
}

/// ResNet's basic block (He et al. 2016): conv 3×3, norm, ReLU, conv 3×3, norm (squeeze-and-excite),
/// plus the shortcut, ReLU. The ReLUs may be other functions.
package final class ResidualBlock: Layer {
    let conv1, conv2: Convolution
    private let norm1: NormActivation
    private let ending: Ending
    let shortcut: (conv: Convolution, norm: BatchNorm)?
    private let gradients: GradientMemory
    let outputs: Int
    /// Of its output, px.
    let outputHeight, outputWidth: Int
    private let conv1Output, middle, conv2Output: Buffer<Lanes>
    private let shortcutOutput, shortcutNorm: Buffer<Lanes>
    private let output: Buffer<Lanes>
    private var input: Activations?

    private static func hasShortcut(_ inputs: Int, _ outputs: Int, _ stride: Int) -> Bool {
        stride != 1 || inputs != outputs
    }

    package static func parameters(
        _ name: String, inputs: Int, outputs: Int, stride: Int, style: ResidualStyle = .openAV
    ) -> [ParameterSpec] {
        func conv(_ part: String, _ inputs: Int, _ kernel: Int) -> [ParameterSpec] {
            Convolution.parameters(
                "\(name).\(part)", inputs: inputs, outputs: outputs, kernel: kernel,
                hasBias: style.hasBias, start: style.start)
        }
        func activation(_ part: String) -> [ParameterSpec] {
            Activation.parameters(style.activation, "\(name).\(part)", channels: outputs)
        }
        var specs = conv("conv1", inputs, 3)
        specs += BatchNorm.parameters("\(name).\(style.norm1)", channels: outputs)
        specs += activation(style.activation1) + activation(style.activation2)
        specs += conv("conv2", outputs, 3)
        specs += BatchNorm.parameters("\(name).\(style.norm2)", channels: outputs)
        if hasShortcut(inputs, outputs, stride) {
            specs += conv("\(style.shortcut).0", inputs, 1)
            specs += BatchNorm.parameters("\(name).\(style.shortcut).1", channels: outputs)
        }
        if style.squeezes {
            specs += SqueezeExcite.parameters(
                name, ResidualStyle.squeezeExcite, channels: outputs, isPicture: true,
                start: style.start)
        }
        return specs
    }

    /// - Parameters:
    ///   - height, width: of its input, px.
    ///   - momentum: weight of the new batch in the averages of batch norm.
    package init(
        name: String, height: Int, width: Int, inputs: Int, outputs: Int, stride: Int,
        momentum: Float, style: ResidualStyle = .openAV, in context: LayerContext
    ) {
        let (parameters, compute) = (context.parameters, context.compute)
        let first = ConvolutionGeometry(
            height: height, width: width, kernel: 3, stride: stride, padding: style.padding)
        (outputHeight, outputWidth) = (first.outputHeight, first.outputWidth)
        let count = context.frameBlocks * outputHeight * outputWidth * outputs
        let second = ConvolutionGeometry(
            height: first.outputHeight, width: first.outputWidth, kernel: 3, stride: 1)
        func convolution(_ geometry: ConvolutionGeometry, _ part: String, _ inputs: Int)
            -> Convolution
        {
            geometry.convolution(
                name: "\(name).\(part)", inputs: inputs, outputs: outputs,
                hasBias: style.hasBias, parameters: parameters, context: compute)
        }
        conv1 = convolution(first, "conv1", inputs)
        norm1 = NormActivation(
            name: "\(name).\(style.norm1)", kind: style.activation,
            activationName: "\(name).\(style.activation1)", channels: outputs,
            momentum: momentum, epsilon: style.epsilon, count: count, parameters: parameters,
            context: compute)
        conv2 = convolution(second, "conv2", outputs)
        ending = Ending(
            name: name, style, channels: outputs, momentum: momentum, count: count, in: context)
        if ResidualBlock.hasShortcut(inputs, outputs, stride) {
            let geometry = ConvolutionGeometry(
                height: height, width: width, kernel: 1, stride: stride)
            shortcut = (
                convolution(geometry, "\(style.shortcut).0", inputs),
                BatchNorm(
                    name: "\(name).\(style.shortcut).1", channels: outputs, momentum: momentum,
                    epsilon: style.epsilon, parameters: parameters, context: compute)
            )
        } else {
            shortcut = nil
        }
        self.outputs = outputs
        gradients = context.gradients
        conv1Output = Buffer(count: count)
        middle = Buffer(count: count)
        conv2Output = Buffer(count: count)
        shortcutOutput = Buffer(count: shortcut == nil ? 0 : count)
        shortcutNorm = Buffer(count: shortcut == nil ? 0 : count)
        output = Buffer(count: count)
        gradients.reserve(max(count, context.frameBlocks * height * width * inputs))
    }

    package func pack(training: Bool) {
        conv1.pack(training: training)
        conv2.pack(training: training)
        shortcut?.conv.pack(training: training)
        ending.squeezeExcite?.pack(training: training)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        var y = x.at(output.pointer, channels: outputs)
        (y.height, y.width) = (outputHeight, outputWidth)
        let (shape, training) = (y.picture, pass.isTraining)
        conv1.forward(x.pointer, conv1Output.pointer, blocks: shape.blocks)
        norm1.forward(conv1Output.pointer, middle.pointer, shape: shape, training: training)
        conv2.forward(middle.pointer, conv2Output.pointer, blocks: shape.blocks)
        var added = UnsafePointer(x.pointer)
        if let shortcut {
            shortcut.conv.forward(x.pointer, shortcutOutput.pointer, blocks: shape.blocks)
            shortcut.norm.forward(
                shortcutOutput.pointer, shortcutNorm.pointer, rectify: false, shape: shape,
                training: training)
            added = UnsafePointer(shortcutNorm.pointer)
        }
        ending.forward(
            conv2Output.pointer, output.pointer, shortcut: added, shape: shape, training: training)
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let shape = gradient.picture
        let blocks = shape.blocks
        let (inputGradient, spare) = gradients.besides(gradient.pointer)
        ending.backward(
            gradient.pointer, output: output.pointer, x: conv2Output.pointer, result: spare,
            shape: shape)
        conv2.weightGradients(middle.pointer, spare, shape: shape)
        // The gradient of the middle lies for a while where the input's may be.
        conv2.backward(spare, inputGradient, blocks: blocks)
        norm1.backward(
            inputGradient, output: nil, x: conv1Output.pointer, result: spare, shape: shape)
        conv1.weightGradients(x.pointer, spare, shape: shape)
        guard let shortcut else {
            conv1.backward(spare, gradient.pointer, blocks: blocks, continuing: true)
            return x.at(gradient.pointer)
        }
        conv1.backward(spare, inputGradient, blocks: blocks)
        shortcut.norm.backward(
            gradient.pointer, rectifier: .none, x: shortcutOutput.pointer, result: spare,
            shape: shape)
        shortcut.conv.weightGradients(x.pointer, spare, shape: shape)
        shortcut.conv.backward(spare, inputGradient, blocks: blocks, continuing: true)
        return x.at(inputGradient)
    }
}

extension ResidualBlock {
    /// What comes behind the second convolution.
    final class Ending {
        /// Nil where there is squeeze-and-excite: then the function is by itself.
        private let fused: NormActivation?
        private let norm: BatchNorm?
        private let activation: Activation?
        let squeezeExcite: SqueezeExcite?
        /// Behind the norm, and behind squeeze-and-excite and the shortcut.
        private let normed, summed, normedGradient: Buffer<Lanes>
        private let context: ComputeContext

        init(
            name: String, _ style: ResidualStyle, channels: Int, momentum: Float, count: Int,
            in place: LayerContext
        ) {
            let (parameters, context) = (place.parameters, place.compute)
            self.context = context
            guard style.squeezes else {
                fused = NormActivation(
                    name: "\(name).\(style.norm2)", kind: style.activation,
                    activationName: "\(name).\(style.activation2)", channels: channels,
                    momentum: momentum, epsilon: style.epsilon, count: count,
                    parameters: parameters, context: context)
                (norm, activation, squeezeExcite) = (nil, nil, nil)
                let none = Buffer<Lanes>(count: 0)
                (normed, summed, normedGradient) = (none, none, none)
                return
            }
            fused = nil
            norm = BatchNorm(
                name: "\(name).\(style.norm2)", channels: channels, momentum: momentum,
                epsilon: style.epsilon, parameters: parameters, context: context)
            activation = Activation(
                style.activation, name: "\(name).\(style.activation2)", channels: channels,
                parameters: parameters, context: context)
            squeezeExcite = SqueezeExcite(
                name: name, ResidualStyle.squeezeExcite, channels: channels,
                blocks: place.frameBlocks, parameters: parameters, context: context)
            normed = Buffer(count: count)
            summed = Buffer(count: count)
            normedGradient = Buffer(count: count)
        }

        func forward(
            _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>,
            shortcut: UnsafePointer<Lanes>, shape: BlockShape, training: Bool
        ) {
            if let fused {
                fused.forward(x, y, shortcut: shortcut, shape: shape, training: training)
                return
            }
            norm?.forward(x, normed.pointer, rectify: false, shape: shape, training: training)
            squeezeExcite?.forward(normed.pointer, summed.pointer, shape: shape)
            context.kernels.add(summed.pointer, shortcut, count: shape.count)
            activation?.forward(
                StridedPixels(summed.pointer, stride: shape.channels),
                StridedPixels(y, stride: shape.channels),
                pixels: shape.blocks * shape.height * shape.width)
        }

        /// The gradient of x, in `result`; the shortcut's share is left in `gradient`.
        func backward(
            _ gradient: UnsafeMutablePointer<Lanes>, output: UnsafePointer<Lanes>,
            x: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape
        ) {
            if let fused {
                fused.backward(gradient, output: output, x: x, result: result, shape: shape)
                return
            }
            let pixels = StridedPixels(gradient, stride: shape.channels)
            activation?.backward(
                pixels, x: StridedPixels(summed.pointer, stride: shape.channels), result: pixels,
                products: result, shape: shape)
            squeezeExcite?.backward(
                gradient, x: normed.pointer, result: normedGradient.pointer, shape: shape)
            norm?.backward(
                normedGradient.pointer, rectifier: .none, x: x, result: result, shape: shape)
        }
    }
}
