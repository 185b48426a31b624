import Kernels
import Tensors

/// The product tap by tap; taps on padding are left out.
///
/// Weights are packed into panels of eight outputs for the forward pass and of eight inputs for the
/// backward.
package final class DirectProduct: ProductMethod {
    private let plan: WindowPlan
    private let backwardPlan: WindowPlan?
    private let gradientPlan: GradientPlan
    private let context: ComputeContext
    private let packed, packedBackward: Buffer<Float>

    /// - Parameter backward: nil if the gradient of the input is not needed.
    package init(
        _ plan: WindowPlan, backward: WindowPlan?, gradient: GradientPlan, context: ComputeContext
    ) {
        self.plan = plan
        self.backwardPlan = backward
        self.gradientPlan = gradient
        self.context = context
        packed = Buffer(count: plan.packedCount)
        packedBackward = Buffer(count: backward?.packedCount ?? 0)
    }

    package var name: String { "direct" }
    package var hasBackward: Bool { backwardPlan != nil }
    package var work: ProductWork {
        let all = plan.work * laneCount
        return ProductWork(
            multiplyAdds: all, directMultiplyAdds: all, inputCount: plan.inputBlockStride,
            outputCount: plan.outputBlockStride)
    }

    package var workspaceCount: Int { gradientPlan.scratchCount * context.team.threads }

    package func pack(_ weights: UnsafePointer<Float>, backward: Bool) {
        let (outputs, length) = (plan.outputChannels, plan.taps * plan.inputChannels)
        context.team.share(plan.panels, work: plan.packedCount) { _, panels in
            for panel in panels {
                let rows = weights + panel * panelWidth * length
                let target = packed.pointer + panel * length * panelWidth
                let count = min(panelWidth, outputs - panel * panelWidth)
                // Lanes beyond the last output repeat it; their sums are not read.
                let rowOffsets =
                    SIMD8(0, 1, 2, 3, 4, 5, 6, 7).clamped(
                        lowerBound: .zero, upperBound: SIMD8(repeating: count - 1))
                    &* length
                for at in 0..<length {
                    let row = rows + at
                    store(
                        SIMD8(
                            row[rowOffsets[0]], row[rowOffsets[1]], row[rowOffsets[2]],
                            row[rowOffsets[3]],
                            row[rowOffsets[4]], row[rowOffsets[5]], row[rowOffsets[6]],
                            row[rowOffsets[7]]),
                        target + at * panelWidth)
                }
            }
        }
        if backward, let backwardPlan { packBackward(weights, backwardPlan) }
    }

    private func packBackward(_ weights: UnsafePointer<Float>, _ backwardPlan: WindowPlan) {
        let (outputs, taps, inputs) = (plan.outputChannels, plan.taps, plan.inputChannels)
        context.team.share(backwardPlan.panels, work: plan.packedCount) { _, panels in
            for panel in panels {
                let lanes = min(panelWidth, inputs - panel * panelWidth)
                for tap in 0..<taps {
                    for output in 0..<outputs {
                        let row = weights + (output * taps + tap) * inputs + panel * panelWidth
                        let target =
                            packedBackward.pointer + ((panel * taps + tap) * outputs + output)
                            * panelWidth
                        if lanes == panelWidth {
                            store(
                                UnsafeRawPointer(row).loadUnaligned(as: SIMD8<Float>.self), target)
                        } else {
                            for lane in 0..<lanes { target[lane] = row[lane] }
                        }
                    }
                }
            }
        }
    }

    @inline(__always)
    private func store(_ eight: SIMD8<Float>, _ target: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(target).storeBytes(of: eight, as: SIMD8<Float>.self)
    }

    package func forward(
        _ input: UnsafePointer<Lanes>, bias: UnsafePointer<Float>?,
        _ output: UnsafeMutablePointer<Lanes>, blocks: Int,
        continuing: Bool
    ) {
        product(plan, input, packed.pointer, bias, output, blocks, continuing)
    }

    package func backward(
        _ outputGradient: UnsafePointer<Lanes>, _ inputGradient: UnsafeMutablePointer<Lanes>,
        blocks: Int,
        continuing: Bool
    ) {
        guard let backwardPlan else { preconditionFailure("no backward plan") }
        product(
            backwardPlan, outputGradient, packedBackward.pointer, nil, inputGradient, blocks,
            continuing)
    }

    package func weightGradients(
        _ input: UnsafePointer<Lanes>, _ outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>,
        blocks: Int
    ) {
        let scratch = context.workspace.pointer
        context.team.share(gradientPlan.outputTiles, work: plan.work * blocks) { thread, tiles in
            context.kernels.weightGradient(
                gradientPlan, input: input, outputGradient: outputGradient, result: result,
                blocks: blocks,
                tiles: tiles, scratch: scratch + thread * gradientPlan.scratchCount)
        }
    }

    private func product(
        _ plan: WindowPlan, _ input: UnsafePointer<Lanes>, _ weights: UnsafePointer<Float>,
        _ bias: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Lanes>, _ blocks: Int,
        _ continuing: Bool
    ) {
        let kernels = context.kernels
        let work = plan.work * blocks
        let pairs = (blocks + 1) / 2
        if pairs * plan.outputHeight < 2 * context.team.threads {
            context.team.share(plan.panels, work: work) { _, panels in
                kernels.convolve(
                    plan, input: input, weights: weights, bias: bias, continuing: continuing,
                    output: output,
                    blocks: 0..<blocks, rows: 0..<plan.outputHeight, panels: panels)
            }
            return
        }
        context.team.share(pairs * plan.outputHeight, work: work) { _, units in
            let height = plan.outputHeight
            let pairRange = units.lowerBound / height..<(units.upperBound + height - 1) / height
            for pair in pairRange {
                let rows =
                    max(
                        units.lowerBound - pair * height, 0)..<min(
                        units.upperBound - pair * height, height)
                kernels.convolve(
                    plan, input: input, weights: weights, bias: bias, continuing: continuing,
                    output: output,
                    blocks: pair * 2..<min(pair * 2 + 2, blocks), rows: rows,
                    panels: 0..<plan.panels)
            }
        }
    }
}
