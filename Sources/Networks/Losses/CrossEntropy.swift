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
    /// Share of each target that all classes have in equal parts, in training.
    private let smoothing: Float
    /// Of the classes, in training; none: all are alike.
    private let weights: [Float]
    /// Softmax of the last logits, until `gradient` replaces them.
    package private(set) var probabilities: Logits?

    /// - Parameters:
    ///   - clips: at most.
    ///   - smoothing: 0 ≤ smoothing < 1 (Szegedy et al. 2016, section 7).
    ///   - weights: of the classes; none: all are alike.
    package init(
        classes: Int, clips: Int, smoothing: Float = 0, weights: [Float] = [],
        context: ComputeContext
    ) {
        (self.smoothing, self.weights) = (smoothing, weights)
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

    /// The loss of each clip in training, as PyTorch has it: (1 − s)·w·(−log p) of its label + s/K ·
    /// Σ w·(−log p) over the K classes.
    /// - Returns: memory of the loss, valid until the next call.
    package func trainingLosses(_ logits: Logits, _ labels: [MixedLabel])
        -> UnsafeBufferPointer<Float>
    {
        guard smoothing > 0 || !weights.isEmpty else { return losses(logits, labels) }
        probabilities = logits.at(probabilityMemory.pointer)
        measure(logits, labels, into: losses) { $0.first }
        measure(logits, labels, into: secondLosses) { $0.second }
        for (clip, label) in labels.enumerated() {
            let (block, lane) = (clip / laneCount, clip % laneCount)
            func logit(_ c: Int) -> Float { logits.pointer[block * classes + c][lane] }
            // Of each class: −log p = (−log p of the label) + (logit of the label) − its logit.
            let level = losses.pointer[clip] + logit(label.first)
            var even: Float = 0
            for c in 0..<classes { even += weight(c) * (level - logit(c)) }
            even /= Float(classes)
            func part(_ loss: Float, _ c: Int) -> Float {
                (1 - smoothing) * weight(c) * loss + smoothing * even
            }
            losses.pointer[clip] =
                label.share * part(losses.pointer[clip], label.first)
                + (1 - label.share) * part(secondLosses.pointer[clip], label.second)
        }
        return UnsafeBufferPointer(start: losses.pointer, count: labels.count)
    }

    private func weight(_ label: Int) -> Float { weights.isEmpty ? 1 : weights[label] }

    private func weight(_ label: MixedLabel) -> Float {
        label.share * weight(label.first) + (1 - label.share) * weight(label.second)
    }

    /// The weights of some clips together: their number where classes have none.
    package func weight(_ labels: [MixedLabel]) -> Float {
        weights.isEmpty ? Float(labels.count) : labels.reduce(0) { $0 + weight($1) }
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

    /// The gradient of the mean loss in training, Σ loss/Σ weights of the labels, in place of the probabilities; zero for clips that are not there.
    package func gradient(_ labels: [MixedLabel]) -> Logits {
        guard let probabilities else { preconditionFailure("gradient follows losses") }
        let part = 1 / weight(labels)
        let even = smoothing / Float(classes)
        var allWeights: Float = 0
        for c in 0..<classes { allWeights += weight(c) }
        for clip in 0..<probabilities.blocks * laneCount {
            let (block, lane) = (clip / laneCount, clip % laneCount)
            for c in 0..<classes {
                let at = block * classes + c
                guard clip < labels.count else {
                    probabilities.pointer[at][lane] = 0
                    continue
                }
                let label = labels[clip]
                let probability = probabilities.pointer[at][lane]
                guard smoothing > 0 || !weights.isEmpty else {
                    let target =
                        (label.first == c ? label.share : 0)
                        + (label.second == c ? 1 - label.share : 0)
                    probabilities.pointer[at][lane] = (probability - target) * part
                    continue
                }
                func difference(_ own: Int) -> Float {
                    (1 - smoothing) * weight(own) * (probability - (own == c ? 1 : 0))
                }
                let smooth = even * (probability * allWeights - weight(c))
                probabilities.pointer[at][lane] =
                    (label.share * difference(label.first)
                        + (1 - label.share) * difference(label.second) + smooth) * part
            }
        }
        return probabilities
    }
}
