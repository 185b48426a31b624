import Kernels
import Tensors

/// How a temporal block names its parts.
package struct TemporalNames: Sendable {
    /// Of branch `branch` (from 0) of the first or second half, behind the block's name.
    let branch: @Sendable (_ half: Int, _ branch: Int) -> String
    /// In a branch.
    let convolution, norm, activation: String
    var squeezeExcite: (@Sendable (_ branch: Int) -> String)?

    /// Of a multi-scale network (Martinez et al. 2020).
    package static let multiscale = TemporalNames(
        branch: { "cbcr\($0)_\($1)" }, convolution: "conv", norm: "batchnorm",
        activation: "non_lin")
    /// Of a densely connected one (Ma et al. 2021).
    package static let dense = TemporalNames(
        branch: { "cbcr\($0)_\($1)" }, convolution: "net.0", norm: "net.1", activation: "net.3",
        squeezeExcite: { "cbcr0_se_\($0)" })

    static let squeezeExciteStyle = SqueezeExcite.Style(
        first: "fc.0", second: "fc.2", hasBias: false, activation: .swish)
}

/// Twice convolutions over time with several kernels side by side, each with norm and function and
/// then dropout; plus the input, by a 1×1 convolution where the channels change; then a function
/// (Martinez et al. 2020). The norms see the convolutions' output with its padding of
/// (kernel − 1)·dilation steps on each side, which is cut off behind them, as published.
package final class TemporalBlock: Layer {
    package struct Shape: Sendable {
        package let inputs, outputs: Int
        /// Odd; as many divide `outputs`.
        let kernels: [Int]
        let dilation: Int
        let activation: Activation.Kind
        /// Squeeze-and-excite before each first convolution (Ma et al. 2021).
        var squeezes = false
        /// Whether a 1×1 convolution is there even where the channels stay.
        var alwaysProjects = true

        package init(
            inputs: Int, outputs: Int, kernels: [Int], dilation: Int,
            activation: Activation.Kind, squeezes: Bool = false, alwaysProjects: Bool = true
        ) {
            (self.inputs, self.outputs) = (inputs, outputs)
            (self.kernels, self.dilation, self.activation) = (kernels, dilation, activation)
            (self.squeezes, self.alwaysProjects) = (squeezes, alwaysProjects)
        }

        var branchOutputs: Int { outputs / kernels.count }
        var projects: Bool { alwaysProjects || inputs != outputs }
    }

    private let shape: Shape
    private let scratch: TemporalScratch
    private let first, second: [TemporalBranch]
    private let drop0, drop1: Dropout
    private let downsample: Convolution?
    private let activation: Activation
    private let gradients: GradientMemory
    private let context: ComputeContext
    private let middle, ending, summed, output, products, middleGradient: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ name: String, _ shape: Shape, _ names: TemporalNames)
        -> [ParameterSpec]
    {
        var specs: [ParameterSpec] = []
        for half in 0...1 {
            for (index, kernel) in shape.kernels.enumerated() {
                if half == 0, shape.squeezes, let squeeze = names.squeezeExcite {
                    specs += SqueezeExcite.parameters(
                        "\(name).\(squeeze(index))", TemporalNames.squeezeExciteStyle,
                        channels: shape.inputs, isPicture: false, start: .pyTorch)
                }
                specs += TemporalBranch.parameters(
                    "\(name).\(names.branch(half, index))", names,
                    inputs: half == 0 ? shape.inputs : shape.outputs,
                    outputs: shape.branchOutputs, kernel: kernel, activation: shape.activation)
            }
        }
        if shape.projects {
            specs += WeightStart.normal.specs(
                "\(name).downsample", [shape.outputs, shape.inputs, 1], hasBias: true)
        }
        return specs
            + Activation.parameters(
                shape.activation, "\(name).relu_final", channels: shape.outputs)
    }

    /// - Parameters:
    ///   - dropout: with the number of the first of its two layers.
    ///   - momentum: weight of the new batch in the averages of batch norm.
    package init(
        name: String, _ shape: Shape, _ names: TemporalNames,
        dropout: (rate: Float, unit: Dropout.Unit, number: UInt32), momentum: Float,
        in context: LayerContext
    ) {
        self.shape = shape
        let (parameters, compute) = (context.parameters, context.compute)
        let scratch = TemporalScratch(
            rows: context.clipBlocks * context.steps,
            padding: context.clipBlocks * ((shape.kernels.max() ?? 1) - 1) * shape.dilation,
            outputs: shape.branchOutputs, squeezed: shape.squeezes ? shape.inputs : 0)
        self.scratch = scratch
        func branches(_ half: Int) -> [TemporalBranch] {
            shape.kernels.enumerated().map { index, kernel in
                let squeeze =
                    half == 0 && shape.squeezes
                    ? names.squeezeExcite.map { "\(name).\($0(index))" } : nil
                return TemporalBranch(
                    name: "\(name).\(names.branch(half, index))", names, squeezeExcite: squeeze,
                    inputs: half == 0 ? shape.inputs : shape.outputs,
                    outputs: shape.branchOutputs, kernel: kernel, dilation: shape.dilation,
                    activation: shape.activation, momentum: momentum, scratch: scratch,
                    in: context)
            }
        }
        (first, second) = (branches(0), branches(1))
        func drop(_ number: UInt32) -> Dropout {
            Dropout(
                rate: dropout.rate, unit: dropout.unit, number: number, channels: shape.outputs,
                steps: context.steps, in: context)
        }
        (drop0, drop1) = (drop(dropout.number), drop(dropout.number + 1))
        downsample =
            shape.projects
            ? Convolution(
                inputs: shape.inputs, outputs: shape.outputs,
                weight: parameters.slot("\(name).downsample.weight"),
                biases: [parameters.slot("\(name).downsample.bias")], parameters: parameters,
                context: compute) : nil
        activation = Activation(
            shape.activation, name: "\(name).relu_final", channels: shape.outputs,
            parameters: parameters, context: compute)
        gradients = context.gradients
        self.context = compute
        let rows = context.steps * context.clipBlocks
        middle = Buffer(count: rows * shape.outputs)
        ending = Buffer(count: rows * shape.outputs)
        summed = Buffer(count: rows * shape.outputs)
        output = Buffer(count: rows * shape.outputs)
        products = Buffer(count: rows * shape.outputs)
        middleGradient = Buffer(count: rows * shape.outputs)
        gradients.reserve(rows * max(shape.inputs, shape.outputs))
    }

    package func pack(training: Bool) {
        for branch in first { branch.pack(training: training) }
        for branch in second { branch.pack(training: training) }
        downsample?.pack(training: training)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let outputs = shape.outputs
        for (index, branch) in first.enumerated() {
            branch.forward(x, middle.pointer + index * shape.branchOutputs, stride: outputs, pass)
        }
        // A convolution reaches beyond the end of a clip; the next one sees zeros there.
        x.at(middle.pointer, channels: outputs).clearPadding(context.kernels)
        let half = drop0.forward(x.at(middle.pointer, channels: outputs), pass)
        for (index, branch) in second.enumerated() {
            branch.forward(
                half, ending.pointer + index * shape.branchOutputs, stride: outputs, pass)
        }
        let whole = drop1.forward(x.at(ending.pointer, channels: outputs), pass)
        if let downsample {
            downsample.forward(x.pointer, summed.pointer, blocks: x.blocks)
        } else {
            summed.pointer.update(from: x.pointer, count: x.count)
        }
        context.kernels.add(summed.pointer, whole.pointer, count: whole.count)
        x.at(summed.pointer, channels: outputs).clearPadding(context.kernels)
        activation.forward(
            StridedPixels(summed.pointer, stride: outputs),
            StridedPixels(output.pointer, stride: outputs), pixels: x.blocks)
        return x.at(output.pointer, channels: outputs)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let outputs = shape.outputs
        let (result, _) = gradients.besides(gradient.pointer)
        gradient.clearPadding(context.kernels)
        let pixels = StridedPixels(gradient.pointer, stride: outputs)
        activation.backward(
            pixels, x: StridedPixels(summed.pointer, stride: outputs), result: pixels,
            products: products.pointer, shape: gradient.picture)
        if let downsample {
            downsample.weightGradients(
                x.pointer, gradient.pointer,
                shape: BlockShape(
                    frames: x.blocks * laneCount, height: 1, width: 1, channels: outputs))
            downsample.backward(gradient.pointer, result, blocks: x.blocks)
        } else {
            result.update(from: gradient.pointer, count: gradient.count)
        }
        guard let ending = drop1.backward(gradient) else { return nil }
        let half = x.at(middle.pointer, channels: outputs)
        for (index, branch) in second.enumerated() {
            branch.backward(
                ending.pointer + index * shape.branchOutputs, stride: outputs, of: half,
                into: middleGradient.pointer, adding: index > 0)
        }
        half.at(middleGradient.pointer).clearPadding(context.kernels)
        guard let middle = drop0.backward(half.at(middleGradient.pointer)) else { return nil }
        for (index, branch) in first.enumerated() {
            branch.backward(
                middle.pointer + index * shape.branchOutputs, stride: outputs, of: x,
                into: result, adding: true)
        }
        return x.at(result)
    }
}
