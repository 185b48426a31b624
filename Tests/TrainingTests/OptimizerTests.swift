import Foundation
import Kernels
import Networks
import Studies
import Tensors
import Testing
import Training

/// What `Tests/Golden/make_golden.py` computed with PyTorch in float64.
private struct Golden: Decodable {
    struct Packed: Decodable {
        let data: Data
        var values: [Float] {
            data.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map {
                    Float(
                        bitPattern: UInt32(
                            littleEndian: bytes.loadUnaligned(
                                fromByteOffset: $0 * 4, as: UInt32.self)))
                }
            }
        }
    }

    let start, clipped: Packed
    let gradients: [Packed]
    let results: [String: Packed]
    let lr, weight_decay, clip_norm, norm: Double

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        self = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "Golden/optimizers.json")))
    }
}

private func buffer(_ values: [Float]) -> Buffer<Float> {
    let buffer = Buffer<Float>(count: (values.count + laneCount - 1) / laneCount * laneCount)
    for (index, value) in values.enumerated() { buffer.pointer[index] = value }
    return buffer
}

private let context = ComputeContext(kernels: VectorWidth.best.kernels, threads: 1)

@Test(arguments: OptimizerKind.allCases)
func optimisersStepAsPyTorchs(kind: OptimizerKind) throws {
    let golden = try Golden()
    let weights = buffer(golden.start.values)
    let gradients = Buffer<Float>(count: weights.count)
    let optimizer = Optimizer(
        kind, weights: weights, gradients: gradients, weightDecay: golden.weight_decay,
        momentum: 0.9, context: context)
    for gradient in golden.gradients {
        for (index, value) in gradient.values.enumerated() { gradients.pointer[index] = value }
        optimizer.step(lr: golden.lr)
    }
    let expected = try #require(golden.results[kind.rawValue]).values
    for (index, value) in expected.enumerated() {
        #expect(abs(weights.pointer[index] - value) < 1e-6, "\(kind) \(index)")
    }
}

@Test func clippingIsPyTorchs() throws {
    let golden = try Golden()
    let gradients = buffer(golden.gradients[0].values)
    let norm = clipGradients(gradients, limit: golden.clip_norm, context: context)
    #expect(abs(norm / golden.norm - 1) < 1e-6)
    for (index, value) in golden.clipped.values.enumerated() {
        #expect(abs(gradients.pointer[index] - value) < 1e-7)
    }
}
