import Clips
import Networks
import Tensors

/// Judges a network on the clips of a split: without dropout, batch norm by its averages.
package final class Evaluation {
    /// What a split gave.
    package struct Score {
        package var loss: Double
        package var accuracy: Double
        /// Clips by class and prediction.
        package var confusion: [[Int]] = []

        package init(loss: Double, accuracy: Double, confusion: [[Int]] = []) {
            (self.loss, self.accuracy, self.confusion) = (loss, accuracy, confusion)
        }

        /// The mean of the classes' recalls, as scikit-learn has it: of the classes that have clips.
        package var balancedAccuracy: Double {
            let recalls = confusion.enumerated().compactMap { label, row -> Double? in
                let count = row.reduce(0, +)
                return count == 0 ? nil : Double(row[label]) / Double(count)
            }
            return recalls.isEmpty ? .nan : recalls.reduce(0, +) / Double(recalls.count)
        }

        /// The mean of the classes' F1, as scikit-learn has it: of the classes that have clips or
        /// predictions.
        package var macroF1: Double {
            let scores = confusion.indices.compactMap { label -> Double? in
                let own = confusion[label].reduce(0, +)
                let predicted = confusion.reduce(0) { $0 + $1[label] }
                guard own + predicted > 0 else { return nil }
                return 2 * Double(confusion[label][label]) / Double(own + predicted)
            }
            return scores.isEmpty ? .nan : scores.reduce(0, +) / Double(scores.count)
        }
    }

    private let network: Network
    private let loss: CrossEntropy
    private let classes: Int
    private let averagesFlips: Bool
    private var views = ClipViews()

    /// - Parameter averagesFlips: whether a clip is judged by the mean probabilities of it and its
    ///   mirror image.
    init(_ network: Network, classes: Int, averagesFlips: Bool, context: ComputeContext) {
        self.network = network
        self.classes = classes
        self.averagesFlips = averagesFlips
        loss = CrossEntropy(classes: classes, clips: network.clips, context: context)
    }

    /// - Parameter tally: gets each clip's logits, its label's place in them, and the predicted
    ///   class's probability.
    /// - Throws: `StoreError` where the file of the clips is damaged.
    func score(
        _ clips: FramedClips,
        tally: ((_ logits: [Float], _ predicted: Int, _ probability: Float) -> Void)? = nil
    ) throws -> Score {
        network.pack(training: false)
        var score = Score(
            loss: 0, accuracy: 0,
            confusion: [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes))
        var correct = 0
        for start in stride(from: 0, to: clips.count, by: network.clips) {
            let part = Array(start..<min(start + network.clips, clips.count))
            let labels = part.map { clips.label($0) }
            let mirrored = averagesFlips ? try probabilities(clips, part, mirrored: true) : []
            let logits = try forward(clips, part, mirrored: false)
            if !averagesFlips {
                for value in loss.losses(logits, labels.map { MixedLabel($0) }) {
                    score.loss += Double(value)
                }
            } else {
                _ = loss.losses(logits, labels.map { MixedLabel($0) })
            }
            for (clip, label) in labels.enumerated() {
                var values = logits.values(clip: clip)
                var shares = loss.probabilities?.values(clip: clip) ?? []
                if averagesFlips {
                    shares = zip(shares, mirrored[clip]).map { ($0 + $1) / 2 }
                    // Logits whose softmax is the mean; none is −∞.
                    values = shares.map {
                        Float(PortableMath.log(max(Double($0), Double(Float.leastNormalMagnitude))))
                    }
                    score.loss -= Double(values[label])
                }
                let predicted = greatest(values)
                if predicted == label { correct += 1 }
                score.confusion[label][predicted] += 1
                if let tally { tally(values, predicted, shares[predicted]) }
            }
        }
        score.loss /= Double(clips.count)
        score.accuracy = Double(correct) / Double(clips.count)
        return score
    }

    private func forward(_ clips: FramedClips, _ part: [Int], mirrored: Bool) throws -> Logits {
        try network.input.load(clips, part, mirrored: mirrored, &views)
        return network.forward(batch: part.count, .evaluation)
    }

    private func probabilities(_ clips: FramedClips, _ part: [Int], mirrored: Bool) throws
        -> [[Float]]
    {
        let logits = try forward(clips, part, mirrored: mirrored)
        _ = loss.losses(logits, part.map { MixedLabel(clips.label($0)) })
        return part.indices.map { loss.probabilities?.values(clip: $0) ?? [] }
    }
}

/// The most probable class; ties go to the first.
func greatest(_ logits: [Float]) -> Int {
    logits.indices.max {
        logits[$0] < logits[$1] || (logits[$0] == logits[$1] && $0 > $1)
    } ?? 0
}
