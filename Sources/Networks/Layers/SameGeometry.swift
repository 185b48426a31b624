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
            SameGeometry.total(height, kernel, stride) / 2,
            SameGeometry.total(width, kernel, stride) / 2
        )
    }

    /// Of the input with its border.
    var paddedHeight: Int { height + SameGeometry.total(height, kernel, stride) }
    var paddedWidth: Int { width + SameGeometry.total(width, kernel, stride) }

    static func total(_ size: Int, _ kernel: Int, _ stride: Int) -> Int {
        max(((size + stride - 1) / stride - 1) * stride + kernel - size, 0)
    }

    /// A convolution with bias, of parameters that are there already.
    func convolution(
        name: String, inputs: Int, outputs: Int, parameters: Parameters, context: ComputeContext
    ) -> Convolution {
        Convolution(
            method(inputs: inputs, outputs: outputs, context: context), outputs: outputs,
            weight: parameters.slot("\(name).weight"), biases: [parameters.slot("\(name).bias")],
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
