import Kernels
import Tensors

/// The sizes that define a visual speech network.
package struct NetworkShape: Sendable, Equatable {
    package var frames: Int
    package var height: Int
    package var width: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    /// Filters of the first stage; the features of a frame are eight times as many.
    package var filters: Int
    package var classes: Int
    package var dropout: Float
    /// Weight of the new batch in the batch-norm averages.
    package var batchNormMomentum: Float

    package init(
        frames: Int, height: Int, width: Int, channels: Int, filters: Int, classes: Int, dropout: Float,
        batchNormMomentum: Float
    ) {
        self.frames = frames
        self.height = height
        self.width = width
        self.channels = channels
        self.filters = filters
        self.classes = classes
        self.dropout = dropout
        self.batchNormMomentum = batchNormMomentum
    }
}

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

/// OpenAV's visual model, `resnet18_lstm`: ResNet-18 on every frame, LSTM, dropout, LSTM, the last time step, dropout, a
/// linear classifier. Parameters carry PyTorch's names and shapes.
///
/// All memory is taken when the network is made, for batches of at most `clips`.
package final class VisualSpeechNetwork {
    package let shape: NetworkShape
    package let clips: Int
    package let parameters = Parameters()
    let context: ComputeContext
    let resnet: ResNet18
    let lstm1, lstm2: LSTM
    private let dropout1, dropout2: Dropout
    private let classifier: Convolution
    let input: Buffer<Lanes>
    private let sequence: Buffer<Lanes>
    private let last: Buffer<Lanes>
    private let logits, probabilities: Buffer<Lanes>
    private let hiddenGradient, sequenceGradient, featureGradient: Buffer<Lanes>
    private let targets: Buffer<Int32>
    private let losses, secondLosses: Buffer<Float>

    package init(shape: NetworkShape, clips: Int, context: ComputeContext, seed: UInt64) {
        self.shape = shape
        self.clips = clips
        self.context = context
        let frames = clips * shape.frames
        resnet = ResNet18(
            height: shape.height, width: shape.width, channels: shape.channels, filters: shape.filters,
            momentum: shape.batchNormMomentum, frames: frames, parameters: parameters, context: context)
        let size = resnet.featureCount
        let steps = shape.frames
        lstm1 = LSTM(
            name: "lstm1", inputs: size, size: size, steps: steps, clips: clips, parameters: parameters,
            context: context)
        lstm2 = LSTM(
            name: "lstm2", inputs: size, size: size, steps: steps, clips: clips, parameters: parameters,
            context: context)
        let bound = Parameters.Start.uniform(bound: 1 / Float(size).squareRoot())
        classifier = Convolution(
            inputs: size, outputs: shape.classes,
            weight: parameters.add("fc.weight", [shape.classes, size], bound),
            biases: [parameters.add("fc.bias", [shape.classes], bound)], parameters: parameters, context: context)
        dropout1 = Dropout(rate: shape.dropout, layer: 1, channels: size, steps: steps, clips: clips)
        dropout2 = Dropout(rate: shape.dropout, layer: 2, channels: size, steps: 1, clips: clips)
        let clipBlocks = (clips + laneCount - 1) / laneCount
        let frameBlocks = (frames + laneCount - 1) / laneCount
        input = Buffer(count: frameBlocks * resnet.paddedHeight * resnet.paddedWidth * shape.channels)
        sequence = Buffer(count: steps * clipBlocks * size)
        sequenceGradient = Buffer(count: steps * clipBlocks * size)
        hiddenGradient = Buffer(count: steps * clipBlocks * size)
        featureGradient = Buffer(count: frameBlocks * size)
        last = Buffer(count: clipBlocks * size)
        logits = Buffer(count: clipBlocks * shape.classes)
        probabilities = Buffer(count: clipBlocks * shape.classes)
        targets = Buffer(count: clipBlocks * laneCount)
        losses = Buffer(count: clipBlocks * laneCount)
        secondLosses = Buffer(count: clipBlocks * laneCount)
        parameters.allocate()
        parameters.start(seed: seed)
    }

    /// Brings the packed weights up to date: after the parameters were changed, before the next pass.
    /// - Parameter training: false leaves out what only `backward` needs.
    package func pack(training: Bool = true) {
        resnet.pack(training: training)
        lstm1.pack(training: training)
        lstm2.pack(training: training)
        classifier.pack(training: training)
    }

    /// Puts one frame where it is read: numbers as they are, `[row][column][channel]`.
    package func setFrame(values: [Float], clip: Int, time: Int, batch: Int) {
        let count = shape.width * shape.channels
        for row in 0..<shape.height {
            let frame = time * batch + clip
            let target = target(row, block: frame / laneCount)
            for at in 0..<count { target[at][frame % laneCount] = values[row * count + at] }
        }
    }

    /// What dropout needs to know: nil leaves it out, and batch norm then uses its averages.
    package struct TrainingStep: Sendable {
        package let seed: UInt64
        /// Training steps before this one.
        package let number: UInt64

        package init(seed: UInt64, number: UInt64) {
            self.seed = seed
            self.number = number
        }
    }

    /// Computes the logits of the first `batch` clips.
    package func forward(batch: Int, training step: TrainingStep?) {
        let (steps, size) = (shape.frames, resnet.featureCount)
        let clipBlocks = (batch + laneCount - 1) / laneCount
        clearEmptyLanes(batch: batch)
        resnet.forward(input.pointer, frames: batch * steps, training: step != nil)
        framesToSequence(resnet.features.pointer, sequence.pointer, batch: batch)
        lstm1.forward(sequence.pointer, steps: steps, clipBlocks: clipBlocks)
        if let step {
            dropout1.forward(
                lstm1.hidden.pointer, steps: steps, clips: batch, seed: step.seed, step: step.number, context: context)
        }
        lstm2.forward(lstm1.hidden.pointer, steps: steps, clipBlocks: clipBlocks)
        last.pointer.update(
            from: lstm2.hidden.pointer + (steps - 1) * clipBlocks * size, count: clipBlocks * size)
        if let step {
            dropout2.forward(
                last.pointer, steps: 1, clips: batch, seed: step.seed, step: step.number, context: context)
        }
        classifier.forward(last.pointer, logits.pointer, blocks: clipBlocks)
    }

    /// Cross-entropy of each clip; the probabilities stay for `backward`.
    package func loss(labels: [Int]) -> UnsafeBufferPointer<Float> {
        loss(labels: labels.map { MixedLabel($0) })
    }

    /// Cross-entropy of each clip: of mixed ones share·loss(first) + (1 − share)·loss(second).
    /// - Returns: memory of the network's, good until the next call.
    package func loss(labels: [MixedLabel]) -> UnsafeBufferPointer<Float> {
        measureLosses(labels, into: losses) { $0.first }
        if labels.contains(where: { $0.share != 1 }) {
            measureLosses(labels, into: secondLosses) { $0.second }
            for (clip, label) in labels.enumerated() {
                losses.pointer[clip] =
                    label.share * losses.pointer[clip] + (1 - label.share) * secondLosses.pointer[clip]
            }
        }
        return UnsafeBufferPointer(start: losses.pointer, count: labels.count)
    }

    private func measureLosses(_ labels: [MixedLabel], into losses: Buffer<Float>, _ target: (MixedLabel) -> Int) {
        let classes = shape.classes
        for (clip, label) in labels.enumerated() { targets.pointer[clip] = Int32(target(label)) }
        for block in 0..<(labels.count + laneCount - 1) / laneCount {
            context.kernels.crossEntropy(
                logits: logits.pointer + block * classes, targets: targets.pointer + block * laneCount,
                classes: classes, probabilities: probabilities.pointer + block * classes,
                loss: losses.pointer + block * laneCount)
        }
    }

    /// The logits of one clip.
    package func logits(clip: Int) -> [Float] {
        (0..<shape.classes).map { logits.pointer[clip / laneCount * shape.classes + $0][clip % laneCount] }
    }

    /// The probabilities of one clip, after `loss`.
    package func probabilities(clip: Int) -> [Float] {
        (0..<shape.classes).map { probabilities.pointer[clip / laneCount * shape.classes + $0][clip % laneCount] }
    }

    /// The gradient of the mean loss over the batch, for every parameter. Follows `forward` and `loss` of the same batch.
    package func backward(labels: [Int]) {
        backward(labels: labels.map { MixedLabel($0) })
    }

    /// Likewise, of mixed clips.
    package func backward(labels: [MixedLabel]) {
        let (steps, size, classes) = (shape.frames, resnet.featureCount, shape.classes)
        let batch = labels.count
        let clipBlocks = (batch + laneCount - 1) / laneCount
        lossGradient(labels)
        let clipShape = BlockShape(frames: batch, height: 1, width: 1, channels: classes)
        classifier.weightGradients(last.pointer, probabilities.pointer, shape: clipShape)
        hiddenGradient.clear()
        let lastGradient = hiddenGradient.pointer + (steps - 1) * clipBlocks * size
        classifier.backward(probabilities.pointer, lastGradient, blocks: clipBlocks)
        dropout2.backward(lastGradient, steps: 1, clips: batch, context: context)
        lstm2.backward(
            lstm1.hidden.pointer, hiddenGradient: hiddenGradient.pointer, inputGradient: sequenceGradient.pointer,
            steps: steps, clips: batch)
        dropout1.backward(sequenceGradient.pointer, steps: steps, clips: batch, context: context)
        lstm1.backward(
            sequence.pointer, hiddenGradient: sequenceGradient.pointer, inputGradient: hiddenGradient.pointer,
            steps: steps, clips: batch)
        sequenceToFrames(hiddenGradient.pointer, featureGradient.pointer, batch: batch)
        resnet.backward(input.pointer, gradient: featureGradient.pointer, frames: batch * steps)
    }

    /// (softmax − target)/batch, in place of the probabilities; nought for clips that are not there.
    private func lossGradient(_ labels: [MixedLabel]) {
        let classes = shape.classes
        let part = 1 / Float(labels.count)
        for clip in 0..<(labels.count + laneCount - 1) / laneCount * laneCount {
            let (block, lane) = (clip / laneCount, clip % laneCount)
            for c in 0..<classes {
                let at = block * classes + c
                guard clip < labels.count else {
                    probabilities.pointer[at][lane] = 0
                    continue
                }
                let label = labels[clip]
                let target = (label.first == c ? label.share : 0) + (label.second == c ? 1 - label.share : 0)
                probabilities.pointer[at][lane] = (probabilities.pointer[at][lane] - target) * part
            }
        }
    }

    /// Frames lie as `time · batch + clip`; a smaller batch than the last leaves old frames behind the new.
    private func clearEmptyLanes(batch: Int) {
        let frames = batch * shape.frames
        guard frames % laneCount != 0 else { return }
        let blockStride = resnet.paddedHeight * resnet.paddedWidth * shape.channels
        let block = input.pointer + frames / laneCount * blockStride
        for at in 0..<blockStride {
            for lane in frames % laneCount..<laneCount { block[at][lane] = 0 }
        }
    }

    /// `[block of frames][channel]` to `[time][block of clips][channel]`.
    private func framesToSequence(_ frames: UnsafePointer<Lanes>, _ sequence: UnsafeMutablePointer<Lanes>, batch: Int) {
        forEachFrame(batch: batch) { frameBlock, frameLane, clipBlock, clipLane, size in
            for channel in 0..<size {
                sequence[clipBlock * size + channel][clipLane] = frames[frameBlock * size + channel][frameLane]
            }
        }
    }

    private func sequenceToFrames(_ sequence: UnsafePointer<Lanes>, _ frames: UnsafeMutablePointer<Lanes>, batch: Int) {
        if batch * shape.frames % laneCount != 0 {
            let size = resnet.featureCount
            for at in 0..<size { frames[batch * shape.frames / laneCount * size + at] = .zero }
        }
        forEachFrame(batch: batch) { frameBlock, frameLane, clipBlock, clipLane, size in
            for channel in 0..<size {
                frames[frameBlock * size + channel][frameLane] = sequence[clipBlock * size + channel][clipLane]
            }
        }
    }

    private func forEachFrame(
        batch: Int,
        _ body: (_ frameBlock: Int, _ frameLane: Int, _ clipBlock: Int, _ clipLane: Int, _ size: Int) -> Void
    ) {
        let clipBlocks = (batch + laneCount - 1) / laneCount
        for time in 0..<shape.frames {
            for clip in 0..<batch {
                let frame = time * batch + clip
                body(
                    frame / laneCount, frame % laneCount, time * clipBlocks + clip / laneCount, clip % laneCount,
                    resnet.featureCount)
            }
        }
    }
}
