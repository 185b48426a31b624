import Kernels
import Tensors

/// The numbers between two layers, and how they lie in memory. A value: it owns no memory.
package struct Activations {
    package enum Layout: Sendable {
        /// `[block of frames][row][column][channel]`; frame number `time · batch + clip`.
        case frames
        /// `[time][block of clips][channel]`.
        case sequence
        /// `[block of clips][time][channel]`: the steps of a clip are neighbours in the same lanes,
        /// as convolutions over time want them: a picture whose rows are time.
        case timeline
        /// `[block of clips][channel]`.
        case clips
    }

    package var pointer: UnsafeMutablePointer<Lanes>
    package var layout: Layout
    /// Clips.
    package var batch: Int
    /// Frames of a clip; 1 if the layout is `clips`.
    package var steps: Int
    package var height = 1
    package var width = 1
    package var channels: Int
    /// Which steps are real; nil: all.
    package var mask: StepMask?

    package init(
        pointer: UnsafeMutablePointer<Lanes>, layout: Layout, batch: Int, steps: Int,
        height: Int = 1, width: Int = 1,
        channels: Int
    ) {
        self.pointer = pointer
        self.layout = layout
        self.batch = batch
        self.steps = steps
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// Frames in all.
    package var frames: Int { batch * steps }

    /// Blocks of clips at one time.
    package var clipBlocks: Int { (batch + laneCount - 1) / laneCount }

    /// Blocks of sixteen lanes.
    package var blocks: Int {
        layout == .frames ? (frames + laneCount - 1) / laneCount : steps * clipBlocks
    }

    /// `Lanes` in all.
    package var count: Int { blocks * height * width * channels }

    /// Pictures, for kernels over frames; of a timeline the clips, a row for each step.
    var picture: BlockShape {
        let shape =
            layout == .timeline
            ? BlockShape(frames: batch, height: steps, width: 1, channels: channels)
            : BlockShape(frames: frames, height: height, width: width, channels: channels)
        guard let mask, mask.steps == steps else { return shape }
        return mask.masked(shape, layout)
    }

    /// Clears the rows behind the clips' ends; not of frames.
    func clearPadding(_ kernels: any KernelSet.Type) {
        guard let mask else { return }
        kernels.scaleRows(pointer, by: mask.rows(layout), channels: channels, rows: blocks)
    }

    /// The number of the row of lanes that holds a block of clips at one time; not of frames.
    func row(time: Int, clipBlock: Int) -> Int {
        layout == .timeline ? clipBlock * steps + time : time * clipBlocks + clipBlock
    }

    /// The same numbers of another place, with other channels.
    func at(_ pointer: UnsafeMutablePointer<Lanes>, channels: Int? = nil) -> Activations {
        var other = self
        other.pointer = pointer
        other.channels = channels ?? self.channels
        return other
    }

    /// All numbers of clips, in one order whatever the layout: `[block][place][lane]` without the
    /// lanes that hold no clip or frame.
    package var used: [Float] {
        let places = height * width * channels
        var numbers: [Float] = []
        for block in 0..<blocks {
            let clipBlock: Int
            switch layout {
            case .frames: clipBlock = block
            case .timeline: clipBlock = block / steps
            case .sequence, .clips: clipBlock = block % clipBlocks
            }
            let lanes = min(laneCount, (layout == .frames ? frames : batch) - clipBlock * laneCount)
            for place in 0..<places {
                for lane in 0..<lanes { numbers.append(pointer[block * places + place][lane]) }
            }
        }
        return numbers
    }

    /// The numbers of one clip, `[channel]`. The layout is `clips`.
    package func values(clip: Int) -> [Float] {
        (0..<channels).map { pointer[clip / laneCount * channels + $0][clip % laneCount] }
    }
}

/// `[block of clips][class]`.
package typealias Logits = Activations

/// What a pass through a network is for.
package struct Pass: Sendable {
    /// What dropout draws from.
    package struct TrainingStep: Sendable {
        package let seed: UInt64
        /// Training steps before this one.
        package let number: UInt64

        package init(seed: UInt64, number: UInt64) {
            self.seed = seed
            self.number = number
        }
    }

    /// Nil in evaluation: nothing is dropped, and batch norm uses its averages.
    package let step: TrainingStep?

    package var isTraining: Bool { step != nil }

    package static let evaluation = Pass(step: nil)

    package static func training(seed: UInt64, step: UInt64) -> Pass {
        Pass(step: TrainingStep(seed: seed, number: step))
    }
}
