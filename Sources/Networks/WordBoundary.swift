import Kernels
import Tensors

/// Which steps of the clips of a batch belong to the word: 1 in it, 0 outside, and a share between
/// for two clips that are mixed.
package final class WordBoundary {
    private let steps: Int
    /// `[block of clips][time]`.
    private let values: Buffer<Lanes>

    /// - Parameter clips: at most.
    package init(clips: Int, steps: Int) {
        self.steps = steps
        values = Buffer(count: (clips + laneCount - 1) / laneCount * steps)
    }

    /// - Parameter clips: of each clip of the batch a number for each step.
    package func set(_ clips: [[Float]]) {
        values.clear()
        for (clip, steps) in clips.enumerated() {
            precondition(steps.count == self.steps, "a clip has a number for each step")
            for (time, value) in steps.enumerated() {
                values.pointer[clip / laneCount * self.steps + time][clip % laneCount] = value
            }
        }
    }

    func lanes(time: Int, clipBlock: Int) -> Lanes { values.pointer[clipBlock * steps + time] }
}
