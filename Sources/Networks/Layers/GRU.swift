import Kernels
import Tensors

/// A gated recurrent unit (Cho et al. 2014) in PyTorch's form: r = σ(W_ir x + b_ir + W_hr h + b_hr),
/// z = σ(W_iz x + b_iz + W_hz h + b_hz), n = tanh(W_in x + b_in + r·(W_hn h + b_hn)),
/// h′ = (1 − z)·n + z·h. The state before the first step is zero.
///
/// The products with the input are one matrix product for all steps.
package final class GRU: Layer {
    let inputProduct, hiddenProduct: Convolution
    private let kernels: any KernelSet.Type
    private let gradients: GradientMemory
    private let size: Int
    private let direction: TimeDirection
    private let gates, hiddenGates, gateGradients, hiddenGateGradients: Buffer<Lanes>
    /// `[time][block of clips][size]`, with the zeros before the first step at the end it starts
    /// from.
    private let states: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(
        _ name: String, inputs: Int, size: Int, direction: TimeDirection = .forward, number: Int = 0
    ) -> [ParameterSpec] {
        RecurrentNames(name, number, direction).specs(gates: 3, inputs: inputs, size: size)
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
            inputs: inputs, outputs: 3 * size, weight: parameters.slot(names.inputWeight),
            biases: [parameters.slot(names.inputBias)], parameters: parameters, context: compute)
        hiddenProduct = Convolution(
            inputs: size, outputs: 3 * size, weight: parameters.slot(names.hiddenWeight),
            biases: [parameters.slot(names.hiddenBias)], parameters: parameters, context: compute)
        kernels = compute.kernels
        gradients = context.gradients
        self.size = size
        let blocks = context.steps * context.clipBlocks
        gates = Buffer(count: blocks * 3 * size)
        hiddenGates = Buffer(count: blocks * 3 * size)
        gateGradients = Buffer(count: blocks * 3 * size)
        hiddenGateGradients = Buffer(count: blocks * 3 * size)
        states = Buffer(count: (blocks + context.clipBlocks) * size)
        gradients.reserve(blocks * max(inputs, size))
    }

    package func pack(training: Bool) {
        inputProduct.pack(training: training)
        hiddenProduct.pack(training: training)
    }

    /// Where the states of the steps begin, and those before them, in blocks.
    private func places(_ x: Activations) -> (states: Int, before: Int) {
        direction == .forward ? (x.clipBlocks, 0) : (0, x.clipBlocks)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        let (steps, clipBlocks) = (x.steps, x.clipBlocks)
        let place = places(x)
        let zeros = direction == .forward ? 0 : steps * clipBlocks
        (states.pointer + zeros * size).update(repeating: .zero, count: clipBlocks * size)
        inputProduct.forward(x.pointer, gates.pointer, blocks: steps * clipBlocks)
        for step in 0..<steps {
            let now = direction.time(step, of: steps) * clipBlocks
            hiddenProduct.forward(
                states.pointer + (place.before + now) * size, hiddenGates.pointer + now * 3 * size,
                blocks: clipBlocks)
            for block in now..<now + clipBlocks {
                kernels.gruStep(
                    inputGates: gates.pointer + block * 3 * size,
                    hiddenGates: hiddenGates.pointer + block * 3 * size,
                    previous: states.pointer + (place.before + block) * size,
                    hidden: states.pointer + (place.states + block) * size, size: size)
            }
            clearPadding(x, step: now, states.pointer + (place.states + now) * size)
        }
        return x.at(states.pointer + place.states * size, channels: size)
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
        let place = places(x)
        let (inputGradient, _) = gradients.besides(gradient.pointer)
        for step in (0..<steps).reversed() {
            let now = direction.time(step, of: steps) * clipBlocks
            let before = now - direction.sign * clipBlocks
            clearPadding(x, step: now, gradient.pointer + now * size)
            for block in 0..<clipBlocks {
                kernels.gruStepGradient(
                    gates: gates.pointer + (now + block) * 3 * size,
                    hiddenGates: hiddenGates.pointer + (now + block) * 3 * size,
                    previous: states.pointer + (place.before + now + block) * size,
                    hiddenGradient: gradient.pointer + (now + block) * size,
                    previousGradient: step > 0 ? gradient.pointer + (before + block) * size : nil,
                    inputGateGradients: gateGradients.pointer + (now + block) * 3 * size,
                    hiddenGateGradients: hiddenGateGradients.pointer + (now + block) * 3 * size,
                    size: size)
            }
            if step > 0 {
                hiddenProduct.backward(
                    hiddenGateGradients.pointer + now * 3 * size,
                    gradient.pointer + before * size, blocks: clipBlocks, continuing: true)
            }
        }
        let all = steps * clipBlocks
        let shape = BlockShape(
            frames: all * laneCount, height: 1, width: 1, channels: 3 * size)
        inputProduct.weightGradients(x.pointer, gateGradients.pointer, shape: shape)
        hiddenProduct.weightGradients(
            states.pointer + place.before * size, hiddenGateGradients.pointer, shape: shape)
        inputProduct.backward(gateGradients.pointer, inputGradient, blocks: all)
        return x.at(inputGradient)
    }
}
