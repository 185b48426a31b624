import Kernels
import Tensors

/// A convolution in groups: the outputs of a group see its inputs alone. Where each channel is a
/// group by itself, it is depthwise.
package final class GroupedProduct: ProductMethod {
    private let plan: WindowPlan
    private let groups: Int
    private let context: ComputeContext
    private var weights: UnsafePointer<Float>?

    /// - Parameter groups: divides inputs and outputs.
    package init(_ plan: WindowPlan, groups: Int, context: ComputeContext) {
        (self.plan, self.groups, self.context) = (plan, groups, context)
    }

    package var name: String { "groups" }
    package var hasBackward: Bool { true }
    private var length: Int { plan.taps * plan.inputChannels / groups }
    package var workspaceCount: Int { length * context.team.threads }

    package var work: ProductWork {
        let all = plan.work / groups * laneCount
        return ProductWork(
            multiplyAdds: all, directMultiplyAdds: all, inputCount: plan.inputBlockStride,
            outputCount: plan.outputBlockStride)
    }

    package func pack(_ weights: UnsafePointer<Float>, backward: Bool) { self.weights = weights }

    private var packed: UnsafePointer<Float> {
        guard let weights else { preconditionFailure("weights are packed before a pass") }
        return weights
    }

    package func forward(
        _ input: UnsafePointer<Lanes>, bias: UnsafePointer<Float>?,
        _ output: UnsafeMutablePointer<Lanes>, blocks: Int, continuing: Bool
    ) {
        context.team.share(blocks, work: plan.work / groups * blocks) { _, blocks in
            context.kernels.convolveGroups(
                plan, groups: groups, input: input, weights: packed, bias: bias,
                continuing: continuing, output: output, blocks: blocks)
        }
    }

    package func backward(
        _ outputGradient: UnsafePointer<Lanes>, _ inputGradient: UnsafeMutablePointer<Lanes>,
        blocks: Int, continuing: Bool
    ) {
        context.team.share(blocks, work: plan.work / groups * blocks) { _, blocks in
            context.kernels.convolveGroupsGradient(
                plan, groups: groups, gradient: outputGradient, weights: packed,
                continuing: continuing, result: inputGradient, blocks: blocks)
        }
    }

    package func weightGradients(
        _ input: UnsafePointer<Lanes>, _ outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>, blocks: Int
    ) {
        let scratch = context.workspace.pointer
        let work = plan.work / groups * blocks
        context.team.share(plan.outputChannels, work: work) { thread, outputs in
            context.kernels.convolveGroupsWeights(
                plan, groups: groups, input: input, gradient: outputGradient, result: result,
                blocks: blocks, outputs: outputs, scratch: scratch + thread * length)
        }
    }
}
