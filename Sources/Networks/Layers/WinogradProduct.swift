import Kernels
import Tensors

/// A 3×3 convolution with stride 1 by Winograd's F(2×2, 3×3): sixteen matrix products over
/// transformed tiles. Fewer multiplications than tap by tap, and rounding errors of the same order
/// (`docs/performance.md`).
package final class WinogradProduct: ProductMethod {
    private let plan: WinogradPlan
    private let matrix, backwardMatrix: WindowPlan
    private let context: ComputeContext
    private let packed, packedBackward: Buffer<Float>
    /// What pixels on the border read.
    private let zeros: Buffer<Lanes>

    /// Positions that a thread transforms and multiplies at a time: few, so that they stay in the
    /// second-level cache.
    private static let rowChunk = 8
    /// Positions of a chunk of the weight gradient: the sums of each chunk are added up by
    /// themselves.
    private static let gradientChunk = GradientPlan.chunkPixels
    /// Groups of output channels that the weight gradient transforms at a time.
    private static let groupChunk = 16

    package init(_ plan: WinogradPlan, context: ComputeContext) {
        self.plan = plan
        self.context = context
        matrix = .matrix(inputChannels: plan.inputChannels, outputChannels: plan.outputChannels)
        backwardMatrix = .matrix(
            inputChannels: plan.outputChannels, outputChannels: plan.inputChannels)
        zeros = Buffer(count: max(plan.inputChannels, plan.outputChannels))
        packed = Buffer(count: WinogradPlan.frequencies * matrix.packedCount)
        packedBackward = Buffer(count: WinogradPlan.frequencies * backwardMatrix.packedCount)
    }

    package var name: String { "Winograd" }
    package var hasBackward: Bool { true }
    package var work: ProductWork {
        let pixels = plan.height * plan.width
        return ProductWork(
            multiplyAdds: WinogradPlan.frequencies * plan.tiles * matrix.work * laneCount,
            directMultiplyAdds: plan.directWork * laneCount,
            inputCount: pixels * plan.inputChannels,
            outputCount: pixels * plan.outputChannels)
    }

    private var inputGroups: Int { (plan.inputChannels + gradientTile - 1) / gradientTile }
    private var outputGroups: Int { (plan.outputChannels + gradientTile - 1) / gradientTile }
    private var rowScratch: Int {
        let chunk = WinogradProduct.rowChunk
        let input = TransformedLayout.rows(positions: chunk, channels: plan.inputChannels)
            .frequencyStride
        let output = TransformedLayout.rows(positions: chunk, channels: plan.outputChannels)
            .frequencyStride
        // One row of the inputs, all rows of the products; either side may be the input.
        return WinogradPlan.frequencyRows * max(input, output) + WinogradPlan.frequencies
            * max(input, output)
    }
    private var gradientScratch: Int {
        let groups = inputGroups + min(outputGroups, WinogradProduct.groupChunk)
        let tile =
            WinogradProduct.gradientChunk * groups * gradientTile + 2 * TransformedLayout.padding
        return WinogradPlan.frequencyRows * tile + laneCount
    }
    /// The sums of the weight gradient, in `Lanes`.
    private var sumsCount: Int {
        (WinogradPlan.frequencies * plan.inputChannels * plan.outputChannels + laneCount - 1)
            / laneCount
    }

    package var workspaceCount: Int {
        sumsCount + context.team.threads * max(rowScratch, gradientScratch)
    }

    package func pack(_ weights: UnsafePointer<Float>, backward: Bool) {
        context.team.share(plan.outputChannels, work: packed.count) { _, outputs in
            context.kernels.winogradWeights(
                plan, weights: weights, packed: packed.pointer,
                packedBackward: backward ? packedBackward.pointer : nil,
                outputs: outputs)
        }
    }

    package func forward(
        _ input: UnsafePointer<Lanes>, bias: UnsafePointer<Float>?,
        _ output: UnsafeMutablePointer<Lanes>, blocks: Int,
        continuing: Bool
    ) {
        product(plan, matrix, packed.pointer, input, bias, output, blocks, continuing)
    }

    package func backward(
        _ outputGradient: UnsafePointer<Lanes>, _ inputGradient: UnsafeMutablePointer<Lanes>,
        blocks: Int,
        continuing: Bool
    ) {
        product(
            plan.backward, backwardMatrix, packedBackward.pointer, outputGradient, nil,
            inputGradient, blocks,
            continuing)
    }

    private func product(
        _ plan: WinogradPlan, _ matrix: WindowPlan, _ weights: UnsafePointer<Float>,
        _ input: UnsafePointer<Lanes>,
        _ bias: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Lanes>, _ blocks: Int,
        _ continuing: Bool
    ) {
        let kernels = context.kernels
        let positions = blocks * plan.tiles
        let chunk = WinogradProduct.rowChunk
        let workspace = context.workspace.pointer
        let work = WinogradPlan.frequencies * positions * matrix.work
        context.team.share((positions + chunk - 1) / chunk, work: work) { thread, chunks in
            let transformed = workspace + thread * rowScratch
            let most = TransformedLayout.rows(positions: chunk, channels: plan.inputChannels)
            let products = transformed + WinogradPlan.frequencyRows * most.frequencyStride
            for index in chunks {
                let part = index * chunk..<min((index + 1) * chunk, positions)
                let inputLayout = TransformedLayout.rows(
                    positions: part.count, channels: plan.inputChannels)
                let outputLayout = TransformedLayout.rows(
                    positions: part.count, channels: plan.outputChannels)
                for row in 0..<WinogradPlan.frequencyRows {
                    kernels.winogradInput(
                        plan, row: row, input: input, zeros: zeros.pointer, positions: part,
                        output: transformed,
                        layout: inputLayout)
                    for column in 0..<WinogradPlan.frequencyRows {
                        let frequency = row * WinogradPlan.frequencyRows + column
                        kernels.convolve(
                            matrix, input: transformed + column * inputLayout.frequencyStride,
                            weights: weights + frequency * matrix.packedCount, bias: nil,
                            continuing: false,
                            output: products + frequency * outputLayout.frequencyStride,
                            blocks: 0..<part.count,
                            rows: 0..<1, panels: 0..<matrix.panels)
                    }
                }
                kernels.winogradOutput(
                    plan, products: products, bias: bias, continuing: continuing, positions: part,
                    output: output)
            }
        }
    }

    package func weightGradients(
        _ input: UnsafePointer<Lanes>, _ outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>,
        blocks: Int
    ) {
        let sums = UnsafeMutableRawPointer(context.workspace.pointer).assumingMemoryBound(
            to: Float.self)
        let scratch = context.workspace.pointer + sumsCount
        let positions = blocks * plan.tiles
        let work = WinogradPlan.frequencies * positions * matrix.work
        context.team.share(outputGroups, work: work) { thread, groups in
            var start = 0
            while start < positions {
                let part = start..<min(start + WinogradProduct.gradientChunk, positions)
                addChunk(
                    part, groups: groups, input, outputGradient, sums: sums,
                    scratch + thread * gradientScratch)
                start = part.upperBound
            }
            let outputs =
                groups.lowerBound
                * gradientTile..<min(groups.upperBound * gradientTile, plan.outputChannels)
            context.kernels.winogradWeightGradient(
                plan, sums: sums, result: result, outputs: outputs)
        }
    }

    /// Adds the products of the tiles `part` to the sums of the outputs in `groups`.
    private func addChunk(
        _ part: Range<Int>, groups: Range<Int>, _ input: UnsafePointer<Lanes>,
        _ outputGradient: UnsafePointer<Lanes>,
        sums: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Lanes>
    ) {
        let kernels = context.kernels
        let transformed = scratch + laneCount
        let inputLayout = TransformedLayout.groups(positions: part.count, groups: inputGroups)
        let gradients = transformed + WinogradPlan.frequencyRows * inputLayout.frequencyStride
        for row in 0..<WinogradPlan.frequencyRows {
            kernels.winogradInput(
                plan, row: row, input: input, zeros: zeros.pointer, positions: part,
                output: transformed,
                layout: inputLayout)
            var first = groups.lowerBound
            while first < groups.upperBound {
                let some = first..<min(first + WinogradProduct.groupChunk, groups.upperBound)
                let gradientLayout = TransformedLayout.groups(
                    positions: part.count, groups: some.count)
                kernels.winogradGradient(
                    plan, row: row, outputGradient: outputGradient, zeros: zeros.pointer,
                    positions: part, groups: some,
                    output: gradients, layout: gradientLayout)
                for column in 0..<WinogradPlan.frequencyRows {
                    let frequency = row * WinogradPlan.frequencyRows + column
                    kernels.matrixGradient(
                        input: transformed + column * inputLayout.frequencyStride,
                        inputTiles: inputGroups,
                        gradient: gradients + column * gradientLayout.frequencyStride,
                        outputTiles: some,
                        positions: part.count, inputs: plan.inputChannels,
                        outputs: plan.outputChannels,
                        isFirst: part.lowerBound == 0,
                        result: sums + frequency * plan.inputChannels * plan.outputChannels,
                        scratch: scratch)
                }
                first = some.upperBound
            }
        }
    }
}
