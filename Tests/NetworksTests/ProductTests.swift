import Foundation
import Kernels
import Networks
import Tensors
import Testing

/// What `Tests/Golden/make_golden.py` computed with PyTorch in float64: a 3×3 convolution and its
/// gradients.
private struct Golden: Decodable {
    let frames, inputs, outputs, height, width: Int
    let x, weight, bias, y, gradient, x_gradient, weight_gradient: GoldenArray

    static func load() throws -> Golden {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "Golden/convolution.json")))
    }

    var blocks: Int { (frames + laneCount - 1) / laneCount }

    /// PyTorch's `[frame][channel][row][column]` as lanes.
    func lanes(_ values: [Float], channels: Int) -> Buffer<Lanes> {
        let pixels = height * width
        let buffer = Buffer<Lanes>(count: blocks * pixels * channels)
        forEach(channels) { torch, at, lane in buffer.pointer[at][lane] = values[torch] }
        return buffer
    }

    func torch(_ buffer: Buffer<Lanes>, channels: Int) -> [Float] {
        var values = [Float](repeating: 0, count: frames * channels * height * width)
        forEach(channels) { torch, at, lane in values[torch] = buffer.pointer[at][lane] }
        return values
    }

    private func forEach(_ channels: Int, _ body: (_ torch: Int, _ at: Int, _ lane: Int) -> Void) {
        let pixels = height * width
        for frame in 0..<frames {
            for channel in 0..<channels {
                for pixel in 0..<pixels {
                    body(
                        (frame * channels + channel) * pixels + pixel,
                        (frame / laneCount * pixels + pixel) * channels + channel, frame % laneCount
                    )
                }
            }
        }
    }

    /// `[output][input][tap]` to `[output][tap][input]`, or back.
    func weights(_ values: [Float], toTorch: Bool) -> [Float] {
        var result = values
        for output in 0..<outputs {
            for input in 0..<inputs {
                for tap in 0..<9 {
                    let (torch, own) = (
                        (output * inputs + input) * 9 + tap, (output * 9 + tap) * inputs + input
                    )
                    if toTorch { result[torch] = values[own] } else { result[own] = values[torch] }
                }
            }
        }
        return result
    }
}

/// Output, input gradient and weight gradient, in PyTorch's order.
private func results(_ method: any ProductMethod, _ golden: Golden, _ context: ComputeContext)
    -> [[Float]]
{
    context.workspace.reserve(method.workspaceCount)
    let pixels = golden.height * golden.width * golden.blocks
    let x = golden.lanes(golden.x.values, channels: golden.inputs)
    let gradient = golden.lanes(golden.gradient.values, channels: golden.outputs)
    let y = Buffer<Lanes>(count: pixels * golden.outputs)
    let xGradient = Buffer<Lanes>(count: pixels * golden.inputs)
    let weightGradient = Buffer<Float>(count: golden.inputs * golden.outputs * 9)
    golden.weights(golden.weight.values, toTorch: false).withUnsafeBufferPointer {
        if let weights = $0.baseAddress { method.pack(weights, backward: true) }
    }
    golden.bias.values.withUnsafeBufferPointer {
        method.forward(
            x.pointer, bias: $0.baseAddress, y.pointer, blocks: golden.blocks, continuing: false)
    }
    method.backward(gradient.pointer, xGradient.pointer, blocks: golden.blocks, continuing: false)
    method.weightGradients(
        x.pointer, gradient.pointer, result: weightGradient.pointer, blocks: golden.blocks)
    return [
        golden.torch(y, channels: golden.outputs), golden.torch(xGradient, channels: golden.inputs),
        golden.weights(weightGradient.elements.map { $0 }, toTorch: true),
    ]
}

private enum Method: CaseIterable {
    case direct, winograd

    func product(_ golden: Golden, _ context: ComputeContext) -> any ProductMethod {
        let plan = WinogradPlan(
            height: golden.height, width: golden.width, inputChannels: golden.inputs,
            outputChannels: golden.outputs)
        if self == .winograd { return WinogradProduct(plan, context: context) }
        func window(
            _ make: (Int, Int, Int, Int, Int, Int, Int, Int, (top: Int, left: Int)) -> WindowPlan
        ) -> WindowPlan {
            make(
                golden.height, golden.width, golden.inputs, golden.outputs, 3, 1, golden.height,
                golden.width,
                (top: 1, left: 1))
        }
        let forward = window(WindowPlan.forward)
        return DirectProduct(
            forward, backward: window(WindowPlan.backward),
            gradient: GradientPlan(forward, copiesInput: true, inputWidth: golden.width),
            context: context)
    }
}

@Test(arguments: Method.allCases)
private func aConvolutionAndItsGradientsArePyTorchs(method: Method) throws {
    let golden = try Golden.load()
    let expected = [golden.y.values, golden.x_gradient.values, golden.weight_gradient.values]
    for width in VectorWidth.allCases where width.isAvailable {
        let context = ComputeContext(kernels: width.kernels, threads: 1)
        let got = results(method.product(golden, context), golden, context)
        for (name, pair) in zip(["y", "x", "weight"], zip(got, expected)) {
            #expect(
                distance(pair.0, pair.1) < 1e-6,
                "\(method) \(width) \(name): \(distance(pair.0, pair.1))")
        }
    }
}

@Test(arguments: Method.allCases)
private func widthsAndThreadsDoNotShowInAConvolution(method: Method) throws {
    let golden = try Golden.load()
    var seen: Set<[[UInt32]]> = []
    for width in VectorWidth.allCases where width.isAvailable {
        for threads in width == .plain ? [1] : [1, 2, 3] {
            let context = ComputeContext(kernels: width.kernels, threads: threads)
            seen.insert(
                results(method.product(golden, context), golden, context).map {
                    $0.map(\.bitPattern)
                })
        }
    }
    #expect(seen.count == 1)
}

@Test func addingToWhatIsThereIsTheSameAsAddingAfterwards() throws {
    let golden = try Golden.load()
    let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)
    let product = Method.winograd.product(golden, context)
    context.workspace.reserve(product.workspaceCount)
    golden.weights(golden.weight.values, toTorch: false).withUnsafeBufferPointer {
        if let weights = $0.baseAddress { product.pack(weights, backward: true) }
    }
    let gradient = golden.lanes(golden.gradient.values, channels: golden.outputs)
    let before = golden.lanes(golden.x.values, channels: golden.inputs)
    let fresh = Buffer<Lanes>(count: before.count)
    product.backward(gradient.pointer, fresh.pointer, blocks: golden.blocks, continuing: false)
    let sums = zip(before.elements, fresh.elements).map { $0 + $1 }
    product.backward(gradient.pointer, before.pointer, blocks: golden.blocks, continuing: true)
    #expect(sums == before.elements.map { $0 })
}

/// Root mean square errors of both methods, beside the root mean square of the values, against sums
/// in double precision: of outputs, and of the gradient of weights, at the size of the published
/// network's first stage.
@Test func winogradsErrorsAreOfTheOrderOfTheDirectProducts() {
    let (channels, size, blocks) = (64, 28, 1)
    let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)
    func random(_ count: Int, _ part: UInt32, scale: Float) -> [Float] {
        var stream = RandomStream(seed: 3, purpose: .weights, part: part)
        return (0..<count).map { _ in (2 * stream.uniform() - 1) * scale }
    }
    let pixels = size * size
    let x = Buffer<Lanes>(count: pixels * channels)
    let gradient = Buffer<Lanes>(count: pixels * channels)
    for (part, buffer) in [(UInt32(1), x), (2, gradient)] {
        let values = random(buffer.count * laneCount, part, scale: 1)
        for index in 0..<buffer.count {
            for lane in 0..<laneCount {
                buffer.pointer[index][lane] = max(0, values[index * laneCount + lane])
            }
        }
    }
    let weights = random(channels * channels * 9, 3, scale: 1 / 24)
    let plan = WindowPlan.forward(
        height: size, width: size, inputChannels: channels, outputChannels: channels, kernel: 3,
        stride: 1,
        outputHeight: size, outputWidth: size, padding: (1, 1))
    let direct = DirectProduct(
        plan, backward: nil, gradient: GradientPlan(plan, copiesInput: true, inputWidth: size),
        context: context)
    let winograd = WinogradProduct(
        WinogradPlan(height: size, width: size, inputChannels: channels, outputChannels: channels),
        context: context)

    func at(_ buffer: Buffer<Lanes>, _ row: Int, _ column: Int, _ channel: Int, _ lane: Int)
        -> Double
    {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return 0 }
        return Double(buffer.pointer[(row * size + column) * channels + channel][lane])
    }
    func weight(_ output: Int, _ tap: Int, _ input: Int) -> Int {
        (output * 9 + tap) * channels + input
    }
    func output(_ row: Int, _ column: Int, _ output: Int, _ lane: Int) -> Double {
        var sum = 0.0
        for tap in 0..<9 {
            for input in 0..<channels {
                sum +=
                    at(x, row + tap / 3 - 1, column + tap % 3 - 1, input, lane)
                    * Double(weights[weight(output, tap, input)])
            }
        }
        return sum
    }
    func weightGradient(_ output: Int, _ tap: Int, _ input: Int) -> Double {
        var sum = 0.0
        for row in 0..<size {
            for column in 0..<size {
                for lane in 0..<laneCount {
                    sum +=
                        at(x, row + tap / 3 - 1, column + tap % 3 - 1, input, lane)
                        * at(gradient, row, column, output, lane)
                }
            }
        }
        return sum
    }

    var errors: [[Double]] = []
    for method in [direct, winograd] as [any ProductMethod] {
        context.workspace.reserve(method.workspaceCount)
        let y = Buffer<Lanes>(count: pixels * channels)
        let result = Buffer<Float>(count: weights.count)
        weights.withUnsafeBufferPointer {
            if let weights = $0.baseAddress { method.pack(weights, backward: false) }
        }
        method.forward(x.pointer, bias: nil, y.pointer, blocks: blocks, continuing: false)
        method.weightGradients(x.pointer, gradient.pointer, result: result.pointer, blocks: blocks)
        var (error, square, gradientError, gradientSquare) = (0.0, 0.0, 0.0, 0.0)
        for sample in 0..<400 {
            let (row, column, channel, lane) = (
                sample * 7 % size, sample * 11 % size, sample * 13 % 64, sample % 16
            )
            let exact = output(row, column, channel, lane)
            let difference = at(y, row, column, channel, lane) - exact
            error += difference * difference
            square += exact * exact
        }
        for sample in 0..<60 {
            let (output, tap, input) = (sample * 7 % 64, sample % 9, sample * 13 % 64)
            let exact = weightGradient(output, tap, input)
            let difference = Double(result.pointer[weight(output, tap, input)]) - exact
            gradientError += difference * difference
            gradientSquare += exact * exact
        }
        errors.append([
            (error / square).squareRoot(), (gradientError / gradientSquare).squareRoot(),
        ])
    }
    if ProcessInfo.processInfo.environment["VISEME_FIGURES"] != nil {
        print("errors, direct and Winograd: \(errors)")
    }
    for (direct, winograd) in zip(errors[0], errors[1]) {
        #expect(winograd < 3 * direct && winograd < 1e-6, "\(errors)")
    }
}
