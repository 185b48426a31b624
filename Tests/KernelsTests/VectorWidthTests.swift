import Foundation
import Kernels
import Tensors
import Testing

/// The widths this processor has, beside the plain code.
private let others = VectorWidth.allCases.filter { $0 != .plain && $0.isAvailable }

private func randomLanes(_ count: Int, part: UInt32, scale: Float = 1) -> Buffer<Lanes> {
    var stream = RandomStream(seed: 11, purpose: .weights, part: part)
    let buffer = Buffer<Lanes>(count: count)
    for index in 0..<count {
        for lane in 0..<laneCount {
            buffer.pointer[index][lane] = (2 * stream.uniform() - 1) * scale
        }
    }
    return buffer
}

private func randomFloats(_ count: Int, part: UInt32) -> Buffer<Float> {
    var stream = RandomStream(seed: 12, purpose: .weights, part: part)
    let buffer = Buffer<Float>(count: count)
    for index in 0..<count { buffer.pointer[index] = 2 * stream.uniform() - 1 }
    return buffer
}

private func bits(_ buffer: Buffer<Lanes>) -> [SIMD16<UInt32>] {
    buffer.elements.map { unsafeBitCast($0, to: SIMD16<UInt32>.self) }
}

/// Compares what each width leaves in fresh memory.
private func expectSameBits(
    _ name: String, count: Int, _ body: (any KernelSet.Type, Buffer<Lanes>) -> Void
) {
    let plain = Buffer<Lanes>(count: count)
    body(VectorWidth.plain.kernels, plain)
    for width in others {
        let wide = Buffer<Lanes>(count: count)
        body(width.kernels, wide)
        let isSame = bits(wide) == bits(plain)
        #expect(isSame, "\(name): \(width)")
    }
}

@Test(arguments: [(1, 3, 8), (3, 5, 13), (2, 8, 3), (5, 1, 9)])
func convolutionsAreTheSameToTheBitAtEveryWidth(blocks: Int, inputs: Int, outputs: Int) {
    for (kernel, stride) in [(3, 1), (3, 2), (1, 2), (1, 1)] {
        let (height, width) = (5, 6)
        let (outputHeight, outputWidth) = (
            (height + stride - 1) / stride, (width + stride - 1) / stride
        )
        let padding = (
            top: kernel / 2 - (stride - 1) * (kernel / 2),
            left: kernel / 2 - (stride - 1) * (kernel / 2)
        )
        let plan = WindowPlan.forward(
            height: height, width: width, inputChannels: inputs, outputChannels: outputs,
            kernel: kernel,
            stride: stride,
            outputHeight: outputHeight, outputWidth: outputWidth, padding: padding)
        let input = randomLanes(blocks * plan.inputBlockStride, part: 1)
        let weights = randomFloats(plan.packedCount, part: 2)
        let bias = randomFloats(plan.panels * panelWidth, part: 3)
        let count = blocks * plan.outputBlockStride
        expectSameBits("convolve \(kernel)/\(stride)", count: count) { kernels, output in
            for continuing in [false, true] {
                kernels.convolve(
                    plan, input: input.pointer, weights: weights.pointer, bias: bias.pointer,
                    continuing: continuing,
                    output: output.pointer, blocks: 0..<blocks, rows: 0..<outputHeight,
                    panels: 0..<plan.panels)
            }
        }
        let gradient = randomLanes(count, part: 4)
        let results = ([VectorWidth.plain] + others).map { vectorWidth in
            let gradientPlan = GradientPlan(
                plan, copiesInput: kernel > 1, inputWidth: kernel > 1 ? width : 1)
            let result = Buffer<Float>(count: outputs * plan.taps * inputs)
            let scratch = Buffer<Lanes>(count: gradientPlan.scratchCount)
            vectorWidth.kernels.weightGradient(
                gradientPlan, input: input.pointer, outputGradient: gradient.pointer,
                result: result.pointer,
                blocks: blocks, tiles: 0..<gradientPlan.outputTiles, scratch: scratch.pointer)
            return result.elements.map(\.bitPattern)
        }
        #expect(results.allSatisfy { $0 == results[0] }, "weight gradient \(kernel)/\(stride)")
    }
}

@Test(arguments: [1, 16, 21, 48])
func passesOverActivationsAreTheSameToTheBitAtEveryWidth(frames: Int) {
    for (height, width) in [(5, 9), (4, 4)] {
        let shape = BlockShape(frames: frames, height: height, width: width, channels: 6)
        let x = randomLanes(shape.count, part: 1, scale: 3)
        let other = randomLanes(shape.count, part: 2, scale: 3)
        let factors = (3..<8).map { randomFloats(6, part: UInt32($0)) }
        let norm = NormFactors(
            mean: factors[0].pointer, factor: factors[1].pointer, beta: factors[2].pointer,
            offset: factors[3].pointer, slope: factors[4].pointer)
        defer { withExtendedLifetime(factors) {} }
        expectSameBits("normalize", count: shape.count) { kernels, y in
            kernels.normalize(
                x.pointer, y: y.pointer, shortcut: other.pointer, rectify: true, shape: shape,
                norm: norm,
                blocks: 0..<shape.blocks)
        }
        for rectifier in [Rectifier.none, .output(other.pointer), .again] {
            expectSameBits("gradients of the norm", count: shape.count * 2 + 1) { kernels, y in
                let gradient = y.pointer + shape.count
                for index in 0..<shape.count { gradient[index] = other.pointer[index] * 0.5 }
                let totals = Buffer<Lanes>(count: 12)
                let sums = UnsafeMutableRawPointer(y.pointer + shape.count * 2).assumingMemoryBound(
                    to: Float.self)
                kernels.normGradientSums(
                    gradient: gradient, rectifier: rectifier, x: x.pointer, shape: shape,
                    norm: norm, channels: 0..<6,
                    totals: totals.pointer, sums: sums, products: sums + 6)
                kernels.normGradient(
                    gradient: gradient, rectifier: rectifier, x: x.pointer, result: y.pointer,
                    shape: shape,
                    norm: norm, blocks: 0..<shape.blocks)
            }
        }
        expectSameBits("sums", count: 1) { kernels, y in
            let totals = Buffer<Lanes>(count: 6)
            let sums = UnsafeMutableRawPointer(y.pointer).assumingMemoryBound(to: Float.self)
            kernels.channelSums(
                x.pointer, shape: shape, channels: 0..<6, totals: totals.pointer, sums: sums)
            kernels.channelSquares(
                x.pointer, shape: shape, mean: norm.mean, channels: 0..<6, totals: totals.pointer,
                sums: sums + 8)
        }
        expectSameBits("pooled norm", count: shape.count * 3) { kernels, y in
            let chosen = y.pointer + shape.count
            kernels.normalizePooled(
                x.pointer, y: y.pointer, chosen: chosen, shape: shape, norm: norm,
                blocks: 0..<shape.blocks)
            kernels.pooledGradient(
                gradient: other.pointer, chosen: chosen, x: x.pointer, result: chosen + shape.count,
                shape: shape,
                norm: norm, blocks: 0..<shape.blocks)
        }
    }
}

@Test func recurrenceLossAndOptimisersAreTheSameToTheBitAtEveryWidth() {
    let size = 5
    let before = randomLanes(size, part: 1)
    let hiddenGradient = randomLanes(size, part: 2)
    let gates = randomLanes(size * 4, part: 3, scale: 4)
    expectSameBits("LSTM", count: size * 13) { kernels, y in
        y.pointer.update(from: gates.pointer, count: size * 4)
        let cell = y.pointer + size * 4
        kernels.lstmStep(
            gates: y.pointer, previousCell: before.pointer, cell: cell, cellTanh: cell + size,
            hidden: cell + 2 * size,
            size: size)
        kernels.lstmStepGradient(
            gates: y.pointer, previousCell: before.pointer, cellTanh: cell + size,
            hiddenGradient: hiddenGradient.pointer,
            cellGradient: cell + 3 * size, gateGradients: cell + 4 * size, size: size)
    }
    let targets = Buffer<Int32>(count: laneCount)
    let logits = randomLanes(7, part: 4, scale: 20)
    expectSameBits("cross-entropy", count: 8) { kernels, y in
        let loss = UnsafeMutableRawPointer(y.pointer + 7).assumingMemoryBound(to: Float.self)
        kernels.crossEntropy(
            logits: logits.pointer, targets: targets.pointer, classes: 7,
            probabilities: y.pointer, loss: loss)
    }
    let gradients = randomFloats(48, part: 5)
    expectSameBits("optimisers", count: 9) { kernels, y in
        let floats = UnsafeMutableRawPointer(y.pointer).assumingMemoryBound(to: Float.self)
        for _ in 0..<3 {
            kernels.adam(
                AdamStep(
                    weights: floats, first: floats + 48, second: floats + 96,
                    gradients: gradients.pointer, beta1: 0.9,
                    beta2: 0.999, stepSize: 0.1, secondCorrection: 0.7, epsilon: 1e-8, decay: 0.1,
                    shrink: 0.9),
                range: 0..<48)
            kernels.momentum(
                MomentumStep(
                    weights: floats, velocity: floats + 48, gradients: gradients.pointer, lr: 0.1,
                    momentum: 0.9,
                    decay: 0.1), range: 0..<48)
            kernels.lion(
                LionStep(
                    weights: floats, average: floats + 48, gradients: gradients.pointer, lr: 0.1,
                    beta1: 0.9,
                    beta2: 0.99,
                    shrink: 0.9), range: 0..<48)
        }
    }
}

@Test func askingForAWidthThatIsNotThereIsAnError() throws {
    #expect(throws: VectorWidthError.unknown("sse9")) {
        try VectorWidth.chosen(environment: ["VISEME_SIMD": "sse9"])
    }
    #expect(try VectorWidth.chosen(environment: ["VISEME_SIMD": "plain"]) == .plain)
    #expect(try VectorWidth.chosen(environment: [:]) == .best)
}

/// A kernel file that one width lacks would make two widths compute by different code.
@Test(arguments: ["KernelsAVX2", "KernelsAVX512"])
func everyKernelFileIsLinkedIntoTheWidth(folder: String) throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")
    let plain = try FileManager.default.contentsOfDirectory(
        atPath: sources.appending(path: "KernelsPlain").path)
    let linked = try FileManager.default.contentsOfDirectory(
        atPath: sources.appending(path: folder).path)
    #expect(!plain.isEmpty && Set(linked) == Set(plain))
    for name in linked {
        let target = try FileManager.default.destinationOfSymbolicLink(
            atPath: sources.appending(path: "\(folder)/\(name)").path)
        #expect(target == "../KernelsPlain/\(name)")
    }
}
