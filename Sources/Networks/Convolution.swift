import Kernels
import Tensors

/// What a layer computes with: the kernels and the threads.
public struct Machine: Sendable {
    public let kernels: any KernelSet.Type
    public let team: Team

    public init(kernels: any KernelSet.Type, threads: Int) {
        self.kernels = kernels
        self.team = Team(threads: threads)
    }
}

/// A product of activations with weights: a convolution, or (with one position and one tap) a matrix.
///
/// Weights are packed once a step, into panels of eight outputs for the forward pass and of eight inputs for the backward.
final class Convolution {
    let plan: WindowPlan
    private let backwardPlan: WindowPlan?
    private let machine: Machine
    private let parameters: Parameters
    private let weight: Parameters.Slot
    private let biases: [Parameters.Slot]
    private let packed: Buffer<Float>
    private let packedBackward: Buffer<Float>
    private let bias: Buffer<Float>
    private let scratch: Buffer<Lanes>
    private let scratchStride: Int

    /// - Parameters:
    ///   - biases: none, one, or several that are added (an LSTM has two).
    ///   - backwardPlan: nil where nobody needs the gradient of the input.
    init(
        plan: WindowPlan, backwardPlan: WindowPlan?, weight: Parameters.Slot, biases: [Parameters.Slot],
        parameters: Parameters, machine: Machine
    ) {
        self.plan = plan
        self.backwardPlan = backwardPlan
        self.weight = weight
        self.biases = biases
        self.parameters = parameters
        self.machine = machine
        packed = Buffer(count: plan.packedCount)
        packedBackward = Buffer(count: backwardPlan?.packedCount ?? 0)
        bias = Buffer(count: plan.panels * panelWidth)
        scratchStride = plan.taps * 16
        scratch = Buffer(count: scratchStride * machine.team.threads)
    }

    /// Brings packed weights up to date.
    func pack() {
        let (outputs, taps, inputs) = (plan.outputChannels, plan.taps, plan.inputChannels)
        let source = parameters.weight(weight)
        let target = packed.pointer
        machine.team.share(plan.panels, work: plan.packedCount) { _, panels in
            for panel in panels {
                for lane in 0..<min(panelWidth, outputs - panel * panelWidth) {
                    let row = source + (panel * panelWidth + lane) * taps * inputs
                    let column = target + panel * taps * inputs * panelWidth + lane
                    for at in 0..<taps * inputs { column[at * panelWidth] = row[at] }
                }
            }
        }
        for output in 0..<outputs where !biases.isEmpty {
            bias.pointer[output] = biases.map { parameters.weight($0)[output] }.reduce(0, +)
        }
        if let backwardPlan { packBackward(backwardPlan) }
    }

    private func packBackward(_ backwardPlan: WindowPlan) {
        let (outputs, taps, inputs) = (plan.outputChannels, plan.taps, plan.inputChannels)
        let source = parameters.weight(weight)
        let target = packedBackward.pointer
        machine.team.share(backwardPlan.panels, work: plan.packedCount) { _, panels in
            for panel in panels {
                let lanes = min(panelWidth, inputs - panel * panelWidth)
                for tap in 0..<taps {
                    for output in 0..<outputs {
                        let row = source + (output * taps + tap) * inputs + panel * panelWidth
                        let packedRow = target + ((panel * taps + tap) * outputs + output) * panelWidth
                        for lane in 0..<lanes { packedRow[lane] = row[lane] }
                    }
                }
            }
        }
    }

    /// `[blocks][row][column][channel]` to the same of the outputs.
    /// - Parameter continuing: adds to what `output` holds, without the bias.
    func forward(
        _ input: UnsafePointer<Lanes>, _ output: UnsafeMutablePointer<Lanes>, blocks: Int, continuing: Bool = false
    ) {
        product(
            plan, input, packed.pointer, biases.isEmpty || continuing ? nil : UnsafePointer(bias.pointer), output,
            blocks,
            continuing)
    }

    /// The gradient of the input.
    /// - Parameter continuing: adds to what `inputGradient` holds.
    func backward(
        _ outputGradient: UnsafePointer<Lanes>, _ inputGradient: UnsafeMutablePointer<Lanes>, blocks: Int,
        continuing: Bool = false
    ) {
        guard let backwardPlan else { preconditionFailure("no backward plan") }
        product(backwardPlan, outputGradient, packedBackward.pointer, nil, inputGradient, blocks, continuing)
    }

    /// The gradients of weights and biases.
    func weightGradients(_ input: UnsafePointer<Lanes>, _ outputGradient: UnsafePointer<Lanes>, shape: BlockShape) {
        let result = parameters.gradient(weight)
        let tiles = (plan.outputChannels + gradientTile - 1) / gradientTile
        machine.team.share(tiles, work: plan.work * shape.blocks) { thread, part in
            machine.kernels.weightGradient(
                plan, input: input, outputGradient: outputGradient, result: result, blocks: shape.blocks, tiles: part,
                scratch: scratch.pointer + thread * scratchStride)
        }
        guard let first = biases.first else { return }
        let sums = parameters.gradient(first)
        machine.team.share(shape.channels, work: shape.count / 4) { _, channels in
            machine.kernels.channelSums(outputGradient, shape: shape, channels: channels, sums: sums)
        }
        for other in biases.dropFirst() {
            parameters.gradient(other).update(from: sums, count: plan.outputChannels)
        }
    }

    private func product(
        _ plan: WindowPlan, _ input: UnsafePointer<Lanes>, _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Lanes>, _ blocks: Int, _ continuing: Bool
    ) {
        let kernels = machine.kernels
        let work = plan.work * blocks
        let pairs = (blocks + 1) / 2
        if pairs * plan.outputHeight < 2 * machine.team.threads {
            machine.team.share(plan.panels, work: work) { _, panels in
                kernels.convolve(
                    plan, input: input, weights: weights, bias: bias, continuing: continuing, output: output,
                    blocks: 0..<blocks, rows: 0..<plan.outputHeight, panels: panels)
            }
            return
        }
        machine.team.share(pairs * plan.outputHeight, work: work) { _, units in
            let height = plan.outputHeight
            let pairRange = units.lowerBound / height..<(units.upperBound + height - 1) / height
            for pair in pairRange {
                let rows = max(units.lowerBound - pair * height, 0)..<min(units.upperBound - pair * height, height)
                kernels.convolve(
                    plan, input: input, weights: weights, bias: bias, continuing: continuing, output: output,
                    blocks: pair * 2..<min(pair * 2 + 2, blocks), rows: rows, panels: 0..<plan.panels)
            }
        }
    }
}
