import Kernels
import Tensors

/// A long short-term memory (Hochreiter and Schmidhuber 1997) with PyTorch's gates: input, forget, cell, output.
///
/// Sequences lie as `[time][block of clips][channel]`. The products with the input are one matrix product for all steps.
final class LSTM {
    let inputProduct, hiddenProduct: Convolution
    private let context: ComputeContext
    private let size: Int
    private let gates, cell, cellTanh: Buffer<Lanes>
    private let gateGradients, cellGradient: Buffer<Lanes>
    let hidden: Buffer<Lanes>

    init(name: String, inputs: Int, size: Int, steps: Int, clips: Int, parameters: Parameters, context: ComputeContext)
    {
        let bound = 1 / Float(size).squareRoot()
        let start = Parameters.Start.uniform(bound: bound)
        let inputWeight = parameters.add("\(name).weight_ih_l0", [4 * size, inputs], start)
        let hiddenWeight = parameters.add("\(name).weight_hh_l0", [4 * size, size], start)
        let inputBias = parameters.add("\(name).bias_ih_l0", [4 * size], start)
        let hiddenBias = parameters.add("\(name).bias_hh_l0", [4 * size], start)
        inputProduct = Convolution(
            inputs: inputs, outputs: 4 * size, weight: inputWeight, biases: [inputBias, hiddenBias],
            parameters: parameters, context: context)
        hiddenProduct = Convolution(
            inputs: size, outputs: 4 * size, weight: hiddenWeight, biases: [], parameters: parameters, context: context)
        self.context = context
        self.size = size
        let blocks = steps * ((clips + laneCount - 1) / laneCount)
        gates = Buffer(count: blocks * 4 * size)
        gateGradients = Buffer(count: blocks * 4 * size)
        cell = Buffer(count: blocks * size)
        cellTanh = Buffer(count: blocks * size)
        cellGradient = Buffer(count: (clips + laneCount - 1) / laneCount * size)
        hidden = Buffer(count: blocks * size)
    }

    func pack(training: Bool) {
        inputProduct.pack(training: training)
        hiddenProduct.pack(training: training)
    }

    /// - Parameter clipBlocks: blocks of clips in one time step.
    func forward(_ x: UnsafePointer<Lanes>, steps: Int, clipBlocks: Int) {
        inputProduct.forward(x, gates.pointer, blocks: steps * clipBlocks)
        for step in 0..<steps {
            let now = step * clipBlocks
            let before = now - clipBlocks
            if step > 0 {
                hiddenProduct.forward(
                    hidden.pointer + before * size, gates.pointer + now * 4 * size, blocks: clipBlocks, continuing: true
                )
            }
            for block in 0..<clipBlocks {
                context.kernels.lstmStep(
                    gates: gates.pointer + (now + block) * 4 * size,
                    previousCell: step > 0 ? UnsafePointer(cell.pointer + (before + block) * size) : nil,
                    cell: cell.pointer + (now + block) * size, cellTanh: cellTanh.pointer + (now + block) * size,
                    hidden: hidden.pointer + (now + block) * size, size: size)
            }
        }
    }

    /// - Parameters:
    ///   - hiddenGradient: of all hidden states; spent.
    ///   - inputGradient: of x; written.
    func backward(
        _ x: UnsafePointer<Lanes>, hiddenGradient: UnsafeMutablePointer<Lanes>,
        inputGradient: UnsafeMutablePointer<Lanes>, steps: Int, clips: Int
    ) {
        let clipBlocks = (clips + laneCount - 1) / laneCount
        cellGradient.clear()
        for step in (0..<steps).reversed() {
            let now = step * clipBlocks
            if step < steps - 1 {
                hiddenProduct.backward(
                    gateGradients.pointer + (now + clipBlocks) * 4 * size, hiddenGradient + now * size,
                    blocks: clipBlocks, continuing: true)
            }
            for block in 0..<clipBlocks {
                let previous = now - clipBlocks + block
                context.kernels.lstmStepGradient(
                    gates: gates.pointer + (now + block) * 4 * size,
                    previousCell: step > 0 ? UnsafePointer(cell.pointer + previous * size) : nil,
                    cellTanh: cellTanh.pointer + (now + block) * size,
                    hiddenGradient: hiddenGradient + (now + block) * size,
                    cellGradient: cellGradient.pointer + block * size,
                    gateGradients: gateGradients.pointer + (now + block) * 4 * size, size: size)
            }
        }
        let all = steps * clipBlocks
        inputProduct.weightGradients(x, gateGradients.pointer, shape: matrixShape(blocks: all))
        hiddenProduct.weightGradients(
            hidden.pointer, gateGradients.pointer + clipBlocks * 4 * size, shape: matrixShape(blocks: all - clipBlocks))
        inputProduct.backward(gateGradients.pointer, inputGradient, blocks: all)
    }

    private func matrixShape(blocks: Int) -> BlockShape {
        BlockShape(frames: blocks * laneCount, height: 1, width: 1, channels: 4 * size)
    }
}
