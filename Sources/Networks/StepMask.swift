import Kernels
import Tensors

/// Which steps of the clips of a batch are real, where clips are shorter than the network's: what is
/// behind a clip's last frame enters no norm, no recurrent state and no mean.
///
/// Masks hold 1 in the lanes that count and 0 in the others.
package final class StepMask {
    package let steps: Int
    /// One a block of frames.
    private let frameMasks: Buffer<Lanes>
    /// `[time][block of clips]`.
    private let sequenceMasks: Buffer<Lanes>
    /// `[block of clips][time]`.
    private let timelineMasks: Buffer<Lanes>
    /// 1/length of each clip; 0 in lanes without one.
    let shares: Buffer<Lanes>
    private(set) var lengths: [Int] = []

    /// - Parameter clips: at most.
    package init(clips: Int, steps: Int) {
        self.steps = steps
        let clipBlocks = (clips + laneCount - 1) / laneCount
        frameMasks = Buffer(count: (clips * steps + laneCount - 1) / laneCount)
        sequenceMasks = Buffer(count: clipBlocks * steps)
        timelineMasks = Buffer(count: clipBlocks * steps)
        shares = Buffer(count: clipBlocks)
    }

    /// - Parameter lengths: of the clips of the batch, 1…steps.
    package func set(_ lengths: [Int]) {
        self.lengths = lengths
        let clipBlocks = (lengths.count + laneCount - 1) / laneCount
        frameMasks.clear()
        sequenceMasks.clear()
        shares.clear()
        fillTimeline(timelineMasks.pointer, extra: 0)
        for (clip, length) in lengths.enumerated() {
            let (block, lane) = (clip / laneCount, clip % laneCount)
            shares.pointer[block][lane] = 1 / Float(length)
            for time in 0..<length {
                let frame = time * lengths.count + clip
                frameMasks.pointer[frame / laneCount][frame % laneCount] = 1
                sequenceMasks.pointer[time * clipBlocks + block][lane] = 1
            }
        }
    }

    /// Masks of timelines that are longer by so many steps, every clip of which is longer by them.
    func fillTimeline(_ masks: UnsafeMutablePointer<Lanes>, extra: Int) {
        let clipBlocks = (lengths.count + laneCount - 1) / laneCount
        for at in 0..<clipBlocks * (steps + extra) { masks[at] = .zero }
        for (clip, length) in lengths.enumerated() {
            let start = clip / laneCount * (steps + extra)
            for time in 0..<length + extra { masks[start + time][clip % laneCount] = 1 }
        }
    }

    /// One a row of the layout: `sequence` or `timeline`.
    func rows(_ layout: Activations.Layout) -> UnsafeMutablePointer<Lanes> {
        layout == .timeline ? timelineMasks.pointer : sequenceMasks.pointer
    }

    /// Real steps of all clips.
    private var counted: Int { lengths.reduce(0, +) }

    /// The shape of pictures or timelines with these masks.
    func masked(_ shape: BlockShape, _ layout: Activations.Layout) -> BlockShape {
        var shape = shape
        shape.masks = UnsafePointer(
            layout == .timeline ? timelineMasks.pointer : frameMasks.pointer)
        shape.maskRows = layout == .timeline ? steps : 1
        shape.counted = counted
        return shape
    }

    /// The same of a timeline longer by so many steps, whose masks `fillTimeline` left in `masks`.
    func masked(_ shape: BlockShape, extra: Int, _ masks: UnsafePointer<Lanes>) -> BlockShape {
        var shape = shape
        shape.masks = masks
        shape.maskRows = steps + extra
        shape.counted = counted + lengths.count * extra
        return shape
    }
}
