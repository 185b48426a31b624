import Foundation
import Kernels
import Networks
import Tensors
import Testing

/// What `Tests/Golden/make_golden.py` computed with PyTorch in float64.
private struct Golden: Decodable {
    struct Case: Decodable {
        let smoothing: Float
        let weighted: Bool
        let losses, gradient: GoldenArray
    }

    let logits, share, weights: GoldenArray
    let first, second: [Int]
    let cases: [Case]

    init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        self = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "Golden/losses.json")))
    }
}

@Test func smoothedAndWeightedLossesArePyTorchs() throws {
    let golden = try Golden()
    let (clips, classes) = (golden.logits.shape[0], golden.logits.shape[1])
    let labels = (0..<clips).map {
        MixedLabel(
            first: golden.first[$0], second: golden.second[$0], share: golden.share.values[$0])
    }
    let memory = Buffer<Lanes>(count: (clips + laneCount - 1) / laneCount * classes)
    let logits = Logits(
        pointer: memory.pointer, layout: .clips, batch: clips, steps: 1, channels: classes)
    for (at, value) in golden.logits.values.enumerated() {
        let (clip, c) = (at / classes, at % classes)
        memory.pointer[clip / laneCount * classes + c][clip % laneCount] = value
    }
    #expect(golden.cases.count == 4)
    for one in golden.cases {
        let loss = CrossEntropy(
            classes: classes, clips: clips, smoothing: one.smoothing,
            weights: one.weighted ? golden.weights.values : [],
            context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1))
        let losses = Array(loss.trainingLosses(logits, labels))
        #expect(distance(losses, one.losses.values) < 1e-5)
        let gradient = loss.gradient(labels)
        let values = (0..<clips).flatMap { gradient.values(clip: $0) }
        #expect(distance(values, one.gradient.values) < 1e-5)
        withExtendedLifetime((loss, memory)) {}
    }
}
