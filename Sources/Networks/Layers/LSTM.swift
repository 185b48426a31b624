import Kernels
import Tensors

/// A long short-term memory (Hochreiter and Schmidhuber 1997) with PyTorch's gates: input, forget,
/// cell, output.
///
/// The products with the input are one matrix product for all steps.
package final class LSTM: Layer {
    let inputProduct, hiddenProduct: Convolution
    private let kernels: any KernelSet.Type
    private let gradients: GradientMemory
    private let size: Int
    private let gates, cell, cellTanh: Buffer<Lanes>
    private let gateGradients, cellGradient: Buffer<Lanes>
    private let hidden: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ name: String, inputs: Int, size: Int) -> [ParameterSpec] {
        let start = ParameterSpec.Start.uniform(bound: 1 / Float(size).squareRoot())
        return [
            ParameterSpec("\(name).weight_ih_l0", [4 * size, inputs], start),
            ParameterSpec("\(name).weight_hh_l0", [4 * size, size], start),
            ParameterSpec("\(name).bias_ih_l0", [4 * size], start),
            ParameterSpec("\(name).bias_hh_l0", [4 * size], start),
        ]
    }

    package init(name: String, inputs: Int, size: Int, in context: LayerContext) {
        let (parameters, compute) = (context.parameters, context.compute)
        inputProduct = Convolution(
            inputs: inputs, outputs: 4 * size, weight: parameters.slot("\(name).weight_ih_l0"),
            biases: [parameters.slot("\(name).bias_ih_l0"), parameters.slot("\(name).bias_hh_l0")],
            parameters: parameters, context: compute)
        hiddenProduct = Convolution(
            inputs: size, outputs: 4 * size, weight: parameters.slot("\(name).weight_hh_l0"),
            biases: [],
            parameters: parameters, context: compute)
        kernels = compute.kernels
        gradients = context.gradients
        self.size = size
        let blocks = context.steps * context.clipBlocks
        gates = Buffer(count: blocks * 4 * size)
        gateGradients = Buffer(count: blocks * 4 * size)
        cell = Buffer(count: blocks * size)
        cellTanh = Buffer(count: blocks * size)
        cellGradient = Buffer(count: context.clipBlocks * size)
        hidden = Buffer(count: blocks * size)
        gradients.reserve(blocks * max(inputs, size))
    }

    package func pack(training: Bool) {
        inputProduct.pack(training: training)
        hiddenProduct.pack(training: training)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let (steps, clipBlocks) = (x.steps, x.clipBlocks)
        inputProduct.forward(x.pointer, gates.pointer, blocks: steps * clipBlocks)
        for step in 0..<steps {
            let now = step * clipBlocks
            let before = now - clipBlocks
            if step > 0 {
                hiddenProduct.forward(
                    hidden.pointer + before * size, gates.pointer + now * 4 * size,
                    blocks: clipBlocks, continuing: true
                )
            }
            for block in 0..<clipBlocks {
                kernels.lstmStep(
                    gates: gates.pointer + (now + block) * 4 * size,
                    previousCell: step > 0
                        ? UnsafePointer(cell.pointer + (before + block) * size) : nil,
                    cell: cell.pointer + (now + block) * size,
                    cellTanh: cellTanh.pointer + (now + block) * size,
                    hidden: hidden.pointer + (now + block) * size, size: size)
            }
        }
        return x.at(hidden.pointer, channels: size)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (steps, clipBlocks) = (x.steps, x.clipBlocks)
        let (inputGradient, _) = gradients.besides(gradient.pointer)
        cellGradient.clear()
        for step in (0..<steps).reversed() {
            let now = step * clipBlocks
            if step < steps - 1 {
                hiddenProduct.backward(
                    gateGradients.pointer + (now + clipBlocks) * 4 * size,
                    gradient.pointer + now * size,
                    blocks: clipBlocks, continuing: true)
            }
            for block in 0..<clipBlocks {
                let previous = now - clipBlocks + block
                kernels.lstmStepGradient(
                    gates: gates.pointer + (now + block) * 4 * size,
                    previousCell: step > 0 ? UnsafePointer(cell.pointer + previous * size) : nil,
                    cellTanh: cellTanh.pointer + (now + block) * size,
                    hiddenGradient: gradient.pointer + (now + block) * size,
                    cellGradient: cellGradient.pointer + block * size,
                    gateGradients: gateGradients.pointer + (now + block) * 4 * size, size: size)
            }
        }
        let all = steps * clipBlocks
        inputProduct.weightGradients(
            x.pointer, gateGradients.pointer, shape: matrixShape(blocks: all))
        hiddenProduct.weightGradients(
            hidden.pointer, gateGradients.pointer + clipBlocks * 4 * size,
            shape: matrixShape(blocks: all - clipBlocks))
        inputProduct.backward(gateGradients.pointer, inputGradient, blocks: all)
        return x.at(inputGradient)
    }

    private func matrixShape(blocks: Int) -> BlockShape {
        BlockShape(frames: blocks * laneCount, height: 1, width: 1, channels: 4 * size)
    }
}
