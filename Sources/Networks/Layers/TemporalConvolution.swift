import Kernels
import Tensors

/// A convolution over the steps of a timeline (Bai et al. 2018).
package final class TemporalConvolution: Layer {
    /// How it walks over time.
    package struct Walk: Sendable {
        let kernel: Int
        var dilation = 1
        var groups = 1
        /// Steps of zeros before the first and behind the last.
        var padding = 0

        package init(kernel: Int, dilation: Int = 1, groups: Int = 1, padding: Int = 0) {
            (self.kernel, self.dilation) = (kernel, dilation)
            (self.groups, self.padding) = (groups, padding)
        }

        func outputs(of steps: Int) -> Int { steps + 2 * padding - (kernel - 1) * dilation }
    }

    let product: Convolution
    private let outputs, outputSteps: Int
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(
        _ name: String, inputs: Int, outputs: Int, walk: Walk, hasBias: Bool = true
    ) -> [ParameterSpec] {
        WeightStart.normal.specs(
            name, [outputs, inputs / walk.groups, walk.kernel], hasBias: hasBias)
    }

    package init(
        name: String, inputs: Int, outputs: Int, walk: Walk, hasBias: Bool = true,
        in context: LayerContext
    ) {
        product = TemporalConvolution.product(
            name: name, inputs: inputs, outputs: outputs, walk: walk, hasBias: hasBias,
            steps: context.steps, parameters: context.parameters, context: context.compute)
        self.outputs = outputs
        outputSteps = walk.outputs(of: context.steps)
        gradients = context.gradients
        output = Buffer(count: context.clipBlocks * outputSteps * outputs)
        gradients.reserve(
            context.clipBlocks * max(outputSteps * outputs, context.steps * inputs))
    }

    static func product(
        name: String, inputs: Int, outputs: Int, walk: Walk, hasBias: Bool, steps: Int,
        parameters: Parameters, context: ComputeContext
    ) -> Convolution {
        let plan = WindowPlan.temporal(
            steps: steps, inputChannels: inputs, outputChannels: outputs, kernel: walk.kernel,
            dilation: walk.dilation, padding: walk.padding)
        let method: any ProductMethod
        if walk.groups > 1 {
            method = GroupedProduct(plan, groups: walk.groups, context: context)
        } else {
            method = DirectProduct(
                plan,
                backward: .temporalBackward(
                    steps: steps, inputChannels: inputs, outputChannels: outputs,
                    kernel: walk.kernel, dilation: walk.dilation, padding: walk.padding),
                gradient: GradientPlan(plan, copiesInput: true, inputWidth: 1), context: context)
        }
        return Convolution(
            method, outputs: outputs, weight: parameters.slot("\(name).weight"),
            biases: hasBias ? [parameters.slot("\(name).bias")] : [], parameters: parameters,
            context: context)
    }

    package func pack(training: Bool) { product.pack(training: training) }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        product.forward(x.pointer, output.pointer, blocks: x.clipBlocks)
        var y = x.at(output.pointer, channels: outputs)
        y.steps = outputSteps
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        product.weightGradients(x.pointer, gradient.pointer, shape: gradient.picture)
        product.backward(gradient.pointer, result, blocks: x.clipBlocks)
        return x.at(result)
    }
}
