import Kernels
import Tensors

/// Where a square convolution lies: TensorFlow's "same" padding, the smaller half in front.
struct SameGeometry {
    let height, width, outputHeight, outputWidth, kernel, stride: Int
    let padding: (top: Int, left: Int)

    init(height: Int, width: Int, kernel: Int, stride: Int) {
        self.height = height
        self.width = width
        self.kernel = kernel
        self.stride = stride
        outputHeight = (height + stride - 1) / stride
        outputWidth = (width + stride - 1) / stride
        padding = (
            SameGeometry.total(height, kernel, stride) / 2, SameGeometry.total(width, kernel, stride) / 2
        )
    }

    static func total(_ size: Int, _ kernel: Int, _ stride: Int) -> Int {
        max(((size + stride - 1) / stride - 1) * stride + kernel - size, 0)
    }

    /// A convolution with bias under PyTorch's names, started as PyTorch starts it (Kaiming-uniform with a = √5, which is
    /// ±1/√fan-in).
    func convolution(
        name: String, inputs: Int, outputs: Int, parameters: Parameters, context: ComputeContext
    ) -> Convolution {
        let bound = 1 / Float(inputs * kernel * kernel).squareRoot()
        let weight = parameters.add("\(name).weight", [outputs, inputs, kernel, kernel], .uniform(bound: bound))
        let bias = parameters.add("\(name).bias", [outputs], .uniform(bound: bound))
        return Convolution(
            method(inputs: inputs, outputs: outputs, context: context), outputs: outputs, weight: weight,
            biases: [bias], parameters: parameters, context: context)
    }

    private func method(inputs: Int, outputs: Int, context: ComputeContext) -> any ProductMethod {
        let tiled = WinogradPlan(height: height, width: width, inputChannels: inputs, outputChannels: outputs)
        if kernel == 3 && stride == 1 && tiled.isWorthwhile { return WinogradProduct(tiled, context: context) }
        let plan = WindowPlan.forward(
            height: height, width: width, inputChannels: inputs, outputChannels: outputs, kernel: kernel,
            stride: stride, outputHeight: outputHeight, outputWidth: outputWidth, padding: padding)
        let backward = WindowPlan.backward(
            height: height, width: width, inputChannels: inputs, outputChannels: outputs, kernel: kernel,
            stride: stride, outputHeight: outputHeight, outputWidth: outputWidth, padding: padding)
        let gradient = GradientPlan(plan, copiesInput: kernel > 1, inputWidth: kernel > 1 ? width : 1)
        return DirectProduct(plan, backward: backward, gradient: gradient, context: context)
    }
}

/// ResNet's basic block (He et al. 2016): conv 3×3, norm, ReLU, conv 3×3, norm, plus the shortcut, ReLU.
final class ResidualBlock {
    let conv1, conv2: Convolution
    private let norm1, norm2: BatchNorm
    let shortcut: (conv: Convolution, norm: BatchNorm)?
    private let context: ComputeContext
    private let outputs: Int
    let outputHeight, outputWidth: Int
    private let conv1Output, middle, conv2Output: Buffer<Lanes>
    private let shortcutOutput, shortcutNorm: Buffer<Lanes>
    let output: Buffer<Lanes>

    init(
        name: String, height: Int, width: Int, inputs: Int, outputs: Int, stride: Int, momentum: Float, frames: Int,
        parameters: Parameters, context: ComputeContext
    ) {
        let first = SameGeometry(height: height, width: width, kernel: 3, stride: stride)
        let second = SameGeometry(height: first.outputHeight, width: first.outputWidth, kernel: 3, stride: 1)
        conv1 = first.convolution(
            name: "\(name).conv1", inputs: inputs, outputs: outputs, parameters: parameters, context: context)
        norm1 = BatchNorm(
            name: "\(name).batch_norm1", channels: outputs, momentum: momentum, parameters: parameters, context: context
        )
        conv2 = second.convolution(
            name: "\(name).conv2", inputs: outputs, outputs: outputs, parameters: parameters, context: context)
        norm2 = BatchNorm(
            name: "\(name).batch_norm2", channels: outputs, momentum: momentum, parameters: parameters, context: context
        )
        if stride != 1 || inputs != outputs {
            let geometry = SameGeometry(height: height, width: width, kernel: 1, stride: stride)
            let conv = geometry.convolution(
                name: "\(name).i_downsample.0", inputs: inputs, outputs: outputs, parameters: parameters,
                context: context)
            let norm = BatchNorm(
                name: "\(name).i_downsample.1", channels: outputs, momentum: momentum, parameters: parameters,
                context: context)
            shortcut = (conv, norm)
        } else {
            shortcut = nil
        }
        self.context = context
        self.outputs = outputs
        outputHeight = first.outputHeight
        outputWidth = first.outputWidth
        let shape = BlockShape(frames: frames, height: outputHeight, width: outputWidth, channels: outputs)
        conv1Output = Buffer(count: shape.count)
        middle = Buffer(count: shape.count)
        conv2Output = Buffer(count: shape.count)
        shortcutOutput = Buffer(count: shortcut == nil ? 0 : shape.count)
        shortcutNorm = Buffer(count: shortcut == nil ? 0 : shape.count)
        output = Buffer(count: shape.count)
    }

    private func shape(_ frames: Int) -> BlockShape {
        BlockShape(frames: frames, height: outputHeight, width: outputWidth, channels: outputs)
    }

    func pack(training: Bool) {
        conv1.pack(training: training)
        conv2.pack(training: training)
        shortcut?.conv.pack(training: training)
    }

    func forward(_ x: UnsafePointer<Lanes>, frames: Int, training: Bool) {
        let shape = shape(frames)
        conv1.forward(x, conv1Output.pointer, blocks: shape.blocks)
        norm1.forward(conv1Output.pointer, middle.pointer, rectify: true, shape: shape, training: training)
        conv2.forward(middle.pointer, conv2Output.pointer, blocks: shape.blocks)
        var added = x
        if let shortcut {
            shortcut.conv.forward(x, shortcutOutput.pointer, blocks: shape.blocks)
            shortcut.norm.forward(
                shortcutOutput.pointer, shortcutNorm.pointer, rectify: false, shape: shape, training: training)
            added = UnsafePointer(shortcutNorm.pointer)
        }
        norm2.forward(
            conv2Output.pointer, output.pointer, shortcut: added, rectify: true, shape: shape, training: training)
    }

    /// Leaves the gradient of x in `gradient` and gives true, or in `inputGradient` and gives false.
    ///
    /// - Parameters:
    ///   - gradient: of the output; spent.
    ///   - inputGradient: as large as the larger of input and output.
    ///   - spare: working space as large as the output.
    func backward(
        _ x: UnsafePointer<Lanes>, gradient: UnsafeMutablePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>,
        spare: UnsafeMutablePointer<Lanes>, frames: Int
    ) -> Bool {
        let shape = shape(frames)
        let blocks = shape.blocks
        norm2.backward(
            gradient, rectifier: .output(output.pointer), x: conv2Output.pointer, result: spare, shape: shape)
        conv2.weightGradients(middle.pointer, spare, shape: shape)
        // The gradient of the middle stands for a while where the input's may be.
        conv2.backward(spare, inputGradient, blocks: blocks)
        norm1.backward(inputGradient, rectifier: .again, x: conv1Output.pointer, result: spare, shape: shape)
        conv1.weightGradients(x, spare, shape: shape)
        guard let shortcut else {
            conv1.backward(spare, gradient, blocks: blocks, continuing: true)
            return true
        }
        conv1.backward(spare, inputGradient, blocks: blocks)
        shortcut.norm.backward(
            gradient, rectifier: .none, x: shortcutOutput.pointer, result: spare, shape: shape)
        shortcut.conv.weightGradients(x, spare, shape: shape)
        shortcut.conv.backward(spare, inputGradient, blocks: blocks, continuing: true)
        return false
    }
}
