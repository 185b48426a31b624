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
    private let direction: TimeDirection
    private let gates, cell, cellTanh: Buffer<Lanes>
    private let gateGradients, cellGradient: Buffer<Lanes>
    private let hidden: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(
        _ name: String, inputs: Int, size: Int, direction: TimeDirection = .forward, number: Int = 0
    ) -> [ParameterSpec] {
        RecurrentNames(name, number, direction).specs(gates: 4, inputs: inputs, size: size)
    }

    /// - Parameters:
    ///   - name: of the module; `number` is that of the layer in it.
    ///   - size: of the state.
    package init(
        name: String, inputs: Int, size: Int, direction: TimeDirection = .forward, number: Int = 0,
        in context: LayerContext
    ) {
        let (parameters, compute) = (context.parameters, context.compute)
        let names = RecurrentNames(name, number, direction)
        self.direction = direction
        inputProduct = Convolution(
            inputs: inputs, outputs: 4 * size, weight: parameters.slot(names.inputWeight),
            biases: [parameters.slot(names.inputBias), parameters.slot(names.hiddenBias)],
            parameters: parameters, context: compute)
        hiddenProduct = Convolution(
            inputs: size, outputs: 4 * size, weight: parameters.slot(names.hiddenWeight),
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
            let now = direction.time(step, of: steps) * clipBlocks
            let before = now - direction.sign * clipBlocks
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
            clearPadding(x, step: now, hidden.pointer + now * size)
            clearPadding(x, step: now, cell.pointer + now * size)
        }
        return x.at(hidden.pointer, channels: size)
    }

    /// Behind the end of a clip the state is zero.
    private func clearPadding(_ x: Activations, step: Int, _ state: UnsafeMutablePointer<Lanes>) {
        guard let mask = x.mask else { return }
        kernels.scaleRows(
            state, by: mask.rows(.sequence) + step, channels: size, rows: x.clipBlocks)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (steps, clipBlocks) = (x.steps, x.clipBlocks)
        let (inputGradient, _) = gradients.besides(gradient.pointer)
        cellGradient.clear()
        for step in (0..<steps).reversed() {
            let now = direction.time(step, of: steps) * clipBlocks
            let before = now - direction.sign * clipBlocks
            if step < steps - 1 {
                let after = now + direction.sign * clipBlocks
                hiddenProduct.backward(
                    gateGradients.pointer + after * 4 * size,
                    gradient.pointer + now * size,
                    blocks: clipBlocks, continuing: true)
            }
            clearPadding(x, step: now, gradient.pointer + now * size)
            clearPadding(x, step: now, cellGradient.pointer)
            for block in 0..<clipBlocks {
                let previous = before + block
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
        // States with the gates of the step after them.
        let (states, gatesAfter) = direction == .forward ? (0, clipBlocks) : (clipBlocks, 0)
        hiddenProduct.weightGradients(
            hidden.pointer + states * size, gateGradients.pointer + gatesAfter * 4 * size,
            shape: matrixShape(blocks: all - clipBlocks))
        inputProduct.backward(gateGradients.pointer, inputGradient, blocks: all)
        return x.at(inputGradient)
    }

    private func matrixShape(blocks: Int) -> BlockShape {
        BlockShape(frames: blocks * laneCount, height: 1, width: 1, channels: 4 * size)
    }
}
