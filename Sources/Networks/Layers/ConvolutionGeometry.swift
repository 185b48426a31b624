import Kernels
import Tensors

/// Where a square convolution lies: its output has ⌈size/stride⌉ rows and columns.
package struct ConvolutionGeometry: Sendable {
    package enum Padding: Sendable {
        /// TensorFlow's: as little as is needed, the smaller half in front.
        case same
        /// PyTorch's (kernel − 1)/2 on each side; the kernel is odd.
        case symmetric
    }

    let height, width, outputHeight, outputWidth, kernel, stride: Int
    let padding: (top: Int, left: Int)
    /// Of the input with its border.
    let paddedHeight, paddedWidth: Int

    package init(
        height: Int, width: Int, kernel: Int, stride: Int, padding: Padding = .same
    ) {
        self.height = height
        self.width = width
        self.kernel = kernel
        self.stride = stride
        outputHeight = (height + stride - 1) / stride
        outputWidth = (width + stride - 1) / stride
        switch padding {
        case .same:
            let (down, across) = (
                ConvolutionGeometry.total(height, kernel, stride),
                ConvolutionGeometry.total(width, kernel, stride)
            )
            self.padding = (down / 2, across / 2)
            (paddedHeight, paddedWidth) = (height + down, width + across)
        case .symmetric:
            self.padding = (kernel / 2, kernel / 2)
            (paddedHeight, paddedWidth) = (height + kernel - 1, width + kernel - 1)
        }
    }

    static func total(_ size: Int, _ kernel: Int, _ stride: Int) -> Int {
        max(((size + stride - 1) / stride - 1) * stride + kernel - size, 0)
    }

    /// A convolution of parameters that are there already.
    func convolution(
        name: String, inputs: Int, outputs: Int, hasBias: Bool = true, parameters: Parameters,
        context: ComputeContext
    ) -> Convolution {
        Convolution(
            method(inputs: inputs, outputs: outputs, context: context), outputs: outputs,
            weight: parameters.slot("\(name).weight"),
            biases: hasBias ? [parameters.slot("\(name).bias")] : [], parameters: parameters,
            context: context)
    }

    /// The first convolution, over pictures that have their border: it has no bias, and gives no
    /// gradient of the pictures.
    func firstConvolution(
        name: String, channels: Int, outputs: Int, parameters: Parameters, context: ComputeContext
    ) -> Convolution {
        let plan = WindowPlan.stem(
            paddedHeight: paddedHeight, paddedWidth: paddedWidth, channels: channels,
            outputChannels: outputs, kernel: kernel, stride: stride, outputHeight: outputHeight,
            outputWidth: outputWidth)
        return Convolution(
            DirectProduct(
                plan, backward: nil,
                gradient: GradientPlan(plan, copiesInput: false, inputWidth: 1), context: context),
            outputs: outputs, weight: parameters.slot("\(name).weight"), biases: [],
            parameters: parameters, context: context)
    }

    private func method(inputs: Int, outputs: Int, context: ComputeContext) -> any ProductMethod {
        let tiled = WinogradPlan(
            height: height, width: width, inputChannels: inputs, outputChannels: outputs)
        if kernel == 3 && stride == 1 && tiled.isWorthwhile {
            return WinogradProduct(tiled, context: context)
        }
        let plan = WindowPlan.forward(
            height: height, width: width, inputChannels: inputs, outputChannels: outputs,
            kernel: kernel,
            stride: stride, outputHeight: outputHeight, outputWidth: outputWidth, padding: padding)
        let backward = WindowPlan.backward(
            height: height, width: width, inputChannels: inputs, outputChannels: outputs,
            kernel: kernel,
            stride: stride, outputHeight: outputHeight, outputWidth: outputWidth, padding: padding)
        let gradient = GradientPlan(
            plan, copiesInput: kernel > 1, inputWidth: kernel > 1 ? width : 1)
        return DirectProduct(plan, backward: backward, gradient: gradient, context: context)
    }
}
