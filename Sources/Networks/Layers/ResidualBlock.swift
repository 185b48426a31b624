import Kernels
import Tensors

/// ResNet's basic block (He et al. 2016): conv 3×3, norm, ReLU, conv 3×3, norm, plus the shortcut,
/// ReLU.
package final class ResidualBlock: Layer {
    let conv1, conv2: Convolution
    private let norm1, norm2: BatchNorm
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

    package static func parameters(_ name: String, inputs: Int, outputs: Int, stride: Int)
        -> [ParameterSpec]
    {
        var specs =
            Convolution.parameters("\(name).conv1", inputs: inputs, outputs: outputs, kernel: 3)
            + BatchNorm.parameters("\(name).batch_norm1", channels: outputs)
            + Convolution.parameters("\(name).conv2", inputs: outputs, outputs: outputs, kernel: 3)
            + BatchNorm.parameters("\(name).batch_norm2", channels: outputs)
        if hasShortcut(inputs, outputs, stride) {
            specs += Convolution.parameters(
                "\(name).i_downsample.0", inputs: inputs, outputs: outputs, kernel: 1)
            specs += BatchNorm.parameters("\(name).i_downsample.1", channels: outputs)
        }
        return specs
    }

    /// - Parameters:
    ///   - height, width: of its input, px.
    ///   - momentum: weight of the new batch in the averages of batch norm.
    package init(
        name: String, height: Int, width: Int, inputs: Int, outputs: Int, stride: Int,
        momentum: Float,
        in context: LayerContext
    ) {
        let (parameters, compute) = (context.parameters, context.compute)
        let first = SameGeometry(height: height, width: width, kernel: 3, stride: stride)
        let second = SameGeometry(
            height: first.outputHeight, width: first.outputWidth, kernel: 3, stride: 1)
        func norm(_ part: String) -> BatchNorm {
            BatchNorm(
                name: "\(name).\(part)", channels: outputs, momentum: momentum,
                parameters: parameters, context: compute
            )
        }
        conv1 = first.convolution(
            name: "\(name).conv1", inputs: inputs, outputs: outputs, parameters: parameters,
            context: compute)
        norm1 = norm("batch_norm1")
        conv2 = second.convolution(
            name: "\(name).conv2", inputs: outputs, outputs: outputs, parameters: parameters,
            context: compute)
        norm2 = norm("batch_norm2")
        if ResidualBlock.hasShortcut(inputs, outputs, stride) {
            let geometry = SameGeometry(height: height, width: width, kernel: 1, stride: stride)
            let conv = geometry.convolution(
                name: "\(name).i_downsample.0", inputs: inputs, outputs: outputs,
                parameters: parameters,
                context: compute)
            shortcut = (conv, norm("i_downsample.1"))
        } else {
            shortcut = nil
        }
        self.outputs = outputs
        gradients = context.gradients
        (outputHeight, outputWidth) = (first.outputHeight, first.outputWidth)
        let count = context.frameBlocks * outputHeight * outputWidth * outputs
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
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        var y = x.at(output.pointer, channels: outputs)
        (y.height, y.width) = (outputHeight, outputWidth)
        let (shape, training) = (y.picture, pass.isTraining)
        conv1.forward(x.pointer, conv1Output.pointer, blocks: shape.blocks)
        norm1.forward(
            conv1Output.pointer, middle.pointer, rectify: true, shape: shape, training: training)
        conv2.forward(middle.pointer, conv2Output.pointer, blocks: shape.blocks)
        var added = UnsafePointer(x.pointer)
        if let shortcut {
            shortcut.conv.forward(x.pointer, shortcutOutput.pointer, blocks: shape.blocks)
            shortcut.norm.forward(
                shortcutOutput.pointer, shortcutNorm.pointer, rectify: false, shape: shape,
                training: training)
            added = UnsafePointer(shortcutNorm.pointer)
        }
        norm2.forward(
            conv2Output.pointer, output.pointer, shortcut: added, rectify: true, shape: shape,
            training: training)
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let shape = gradient.picture
        let blocks = shape.blocks
        let (inputGradient, spare) = gradients.besides(gradient.pointer)
        norm2.backward(
            gradient.pointer, rectifier: .output(output.pointer), x: conv2Output.pointer,
            result: spare, shape: shape)
        conv2.weightGradients(middle.pointer, spare, shape: shape)
        // The gradient of the middle lies for a while where the input's may be.
        conv2.backward(spare, inputGradient, blocks: blocks)
        norm1.backward(
            inputGradient, rectifier: .again, x: conv1Output.pointer, result: spare, shape: shape)
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
