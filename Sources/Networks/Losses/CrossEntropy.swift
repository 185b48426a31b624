import Kernels
import Tensors

/// What a clip shows: one class, or two mixed (mixup, Zhang et al. 2018).
package struct MixedLabel: Sendable, Equatable {
    package var first: Int
    package var second: Int
    /// Share of the first, 0…1.
    package var share: Float

    package init(first: Int, second: Int, share: Float) {
        self.first = first
        self.second = second
        self.share = share
    }

    package init(_ label: Int) {
        self.init(first: label, second: label, share: 1)
    }
}

/// Cross-entropy of softmax probabilities, and its gradient. All memory is taken when it is made.
package final class CrossEntropy {
    private let kernels: any KernelSet.Type
    private let classes: Int
    private let targets: Buffer<Int32>
    private let losses, secondLosses: Buffer<Float>
    private let probabilityMemory: Buffer<Lanes>
    /// Softmax of the last logits, until `gradient` replaces them.
    package private(set) var probabilities: Logits?

    /// - Parameter clips: at most.
    package init(classes: Int, clips: Int, context: ComputeContext) {
        kernels = context.kernels
        self.classes = classes
        let blocks = (clips + laneCount - 1) / laneCount
        targets = Buffer(count: blocks * laneCount)
        losses = Buffer(count: blocks * laneCount)
        secondLosses = Buffer(count: blocks * laneCount)
        probabilityMemory = Buffer(count: blocks * classes)
    }

    /// The loss of each clip: of mixed ones share·loss(first) + (1 − share)·loss(second).
    /// - Returns: memory of the loss, valid until the next call.
    package func losses(_ logits: Logits, _ labels: [MixedLabel]) -> UnsafeBufferPointer<Float> {
        probabilities = logits.at(probabilityMemory.pointer)
        measure(logits, labels, into: losses) { $0.first }
        if labels.contains(where: { $0.share != 1 }) {
            measure(logits, labels, into: secondLosses) { $0.second }
            for (clip, label) in labels.enumerated() {
                losses.pointer[clip] =
                    label.share * losses.pointer[clip] + (1 - label.share)
                    * secondLosses.pointer[clip]
            }
        }
        return UnsafeBufferPointer(start: losses.pointer, count: labels.count)
    }

    private func measure(
        _ logits: Logits, _ labels: [MixedLabel], into losses: Buffer<Float>,
        _ target: (MixedLabel) -> Int
    ) {
        for (clip, label) in labels.enumerated() { targets.pointer[clip] = Int32(target(label)) }
        for block in 0..<logits.blocks {
            kernels.crossEntropy(
                logits: logits.pointer + block * classes,
                targets: targets.pointer + block * laneCount,
                classes: classes, probabilities: probabilityMemory.pointer + block * classes,
                loss: losses.pointer + block * laneCount)
        }
    }

    /// The gradient of the mean loss: (softmax − target)/batch, in place of the probabilities; zero
    /// for clips that are not there.
    package func gradient(_ labels: [MixedLabel]) -> Logits {
        guard let probabilities else { preconditionFailure("gradient follows losses") }
        let part = 1 / Float(labels.count)
        for clip in 0..<probabilities.blocks * laneCount {
            let (block, lane) = (clip / laneCount, clip % laneCount)
            for c in 0..<classes {
                let at = block * classes + c
                guard clip < labels.count else {
                    probabilities.pointer[at][lane] = 0
                    continue
                }
                let label = labels[clip]
                let target =
                    (label.first == c ? label.share : 0) + (label.second == c ? 1 - label.share : 0)
                probabilities.pointer[at][lane] = (probabilities.pointer[at][lane] - target) * part
            }
        }
        return probabilities
    }
}
