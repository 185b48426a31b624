import Kernels
import Tensors

/// A product of activations with weights: a convolution, or (with one position and one tap) a
/// matrix. Which way it is computed depends on its shape alone. A part of layers, which fuse it
/// with what follows.
final class Convolution {
    let method: any ProductMethod
    private let context: ComputeContext
    private let parameters: Parameters
    private let weight: Parameters.Slot
    private let biases: [Parameters.Slot]
    let outputs: Int
    private let bias: Buffer<Float>

    /// - Parameter biases: none, one, or several that are added (an LSTM has two).
    init(
        _ method: any ProductMethod, outputs: Int, weight: Parameters.Slot,
        biases: [Parameters.Slot],
        parameters: Parameters, context: ComputeContext
    ) {
        self.method = method
        self.outputs = outputs
        self.weight = weight
        self.biases = biases
        self.parameters = parameters
        self.context = context
        bias = Buffer(count: (outputs + panelWidth - 1) / panelWidth * panelWidth)
        context.workspace.reserve(max(method.workspaceCount, outputs))
    }

    /// The parameters of a convolution under PyTorch's names, started as PyTorch starts them
    /// (Kaiming-uniform with a = √5, which is ±1/√fan-in).
    /// - Parameter depth: frames that a tap reads; nil: it is no convolution over time.
    static func parameters(
        _ name: String, inputs: Int, outputs: Int, kernel: Int, depth: Int? = nil,
        hasBias: Bool = true, start: WeightStart = .pyTorch
    ) -> [ParameterSpec] {
        let shape = [outputs, inputs] + (depth.map { [$0] } ?? []) + [kernel, kernel]
        return start.specs(name, shape, hasBias: hasBias)
    }

    /// A matrix product.
    convenience init(
        inputs: Int, outputs: Int, weight: Parameters.Slot, biases: [Parameters.Slot],
        parameters: Parameters,
        context: ComputeContext
    ) {
        let plan = WindowPlan.matrix(inputChannels: inputs, outputChannels: outputs)
        let method = DirectProduct(
            plan, backward: .matrix(inputChannels: outputs, outputChannels: inputs),
            gradient: GradientPlan(plan, copiesInput: true, inputWidth: 1), context: context)
        self.init(
            method, outputs: outputs, weight: weight, biases: biases, parameters: parameters,
            context: context)
    }

    /// Brings packed weights up to date: once a step.
    func pack(training: Bool) {
        method.pack(parameters.weight(weight), backward: training)
        guard let first = biases.first else { return }
        bias.pointer.update(from: parameters.weight(first), count: outputs)
        for other in biases.dropFirst() {
            let values = parameters.weight(other)
            for output in 0..<outputs { bias.pointer[output] += values[output] }
        }
    }

    /// `[blocks][row][column][channel]` to the same of the outputs.
    /// - Parameter continuing: adds to what `output` holds, without the bias.
    func forward(
        _ input: UnsafePointer<Lanes>, _ output: UnsafeMutablePointer<Lanes>, blocks: Int,
        continuing: Bool = false
    ) {
        let start = biases.isEmpty || continuing ? nil : UnsafePointer(bias.pointer)
        method.forward(input, bias: start, output, blocks: blocks, continuing: continuing)
    }

    /// The gradient of the input.
    /// - Parameter continuing: adds to what `inputGradient` holds.
    func backward(
        _ outputGradient: UnsafePointer<Lanes>, _ inputGradient: UnsafeMutablePointer<Lanes>,
        blocks: Int,
        continuing: Bool = false
    ) {
        method.backward(outputGradient, inputGradient, blocks: blocks, continuing: continuing)
    }

    /// The gradients of weights and biases.
    func weightGradients(
        _ input: UnsafePointer<Lanes>, _ outputGradient: UnsafePointer<Lanes>, shape: BlockShape
    ) {
        method.weightGradients(
            input, outputGradient, result: parameters.gradient(weight), blocks: shape.blocks)
        guard let first = biases.first else { return }
        let sums = parameters.gradient(first)
        context.team.share(shape.channels, work: shape.count / 4) { _, channels in
            context.kernels.channelSums(
                outputGradient, shape: shape, channels: channels, totals: context.workspace.pointer,
                sums: sums)
        }
        for other in biases.dropFirst() {
            parameters.gradient(other).update(from: sums, count: outputs)
        }
    }
}

/// How the weights of a convolution start.
package enum WeightStart: Sendable {
    /// As PyTorch starts them: uniform in ±1/√fan-in, the bias too.
    case pyTorch
    /// As the published networks do: normal with deviation √(2/(taps·outputs)), the bias 0.
    case normal

    /// - Parameter shape: `[output][input of a group]`, then the taps.
    func specs(_ name: String, _ shape: [Int], hasBias: Bool) -> [ParameterSpec] {
        let taps = shape.dropFirst(2).reduce(1, *)
        let weight: ParameterSpec.Start
        let bias: ParameterSpec.Start
        switch self {
        case .pyTorch:
            weight = .uniform(bound: 1 / Float(shape[1] * taps).squareRoot())
            bias = weight
        case .normal:
            weight = .normal(deviation: (2 / Float(taps * shape[0])).squareRoot())
            bias = .constant(0)
        }
        let specs = [ParameterSpec("\(name).weight", shape, weight)]
        return hasBias ? specs + [ParameterSpec("\(name).bias", [shape[0]], bias)] : specs
    }
}

/// One way to compute a product of activations with weights, and its gradients.
package protocol ProductMethod: AnyObject {
    var name: String { get }
    /// Scalar multiply-adds of one block, forward: those it does, and those of a direct product
    /// without padding.
    var work: ProductWork { get }
    var hasBackward: Bool { get }

    /// `Lanes` of working space that a call needs.
    var workspaceCount: Int { get }

    /// Takes over weights, `[output][tap][input]`.
    /// - Parameter backward: whether `backward` will need them too.
    func pack(_ weights: UnsafePointer<Float>, backward: Bool)

    func forward(
        _ input: UnsafePointer<Lanes>, bias: UnsafePointer<Float>?,
        _ output: UnsafeMutablePointer<Lanes>, blocks: Int,
        continuing: Bool)

    func backward(
        _ outputGradient: UnsafePointer<Lanes>, _ inputGradient: UnsafeMutablePointer<Lanes>,
        blocks: Int,
        continuing: Bool)

    /// `result`: `[output][tap][input]`.
    func weightGradients(
        _ input: UnsafePointer<Lanes>, _ outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>,
        blocks: Int)
}

package struct ProductWork {
    package let multiplyAdds, directMultiplyAdds: Int
    /// `Lanes` of one block.
    package let inputCount, outputCount: Int
}
