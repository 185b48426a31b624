/// What the best weights of a run say of each clip of one split.
package struct ClipPredictions: Sendable, Equatable {
    package var split: Split
    package var names: [String]
    /// Class numbers: the true one, and the most probable.
    package var labels, predicted: [Int]
    /// Of the most probable class, 0…1.
    package var probabilities: [Float]
    /// `[clip][class]`; empty in run files that were written without them.
    package var logits: [Float]

    package init(
        split: Split, names: [String], labels: [Int], predicted: [Int], probabilities: [Float],
        logits: [Float] = []
    ) {
        self.split = split
        self.names = names
        self.labels = labels
        self.predicted = predicted
        self.probabilities = probabilities
        self.logits = logits
    }
}

/// Small pictures of a few clips that the best weights classify correctly or not, for the report.
package struct ClipThumbnails: Sendable, Equatable {
    package var split: Split
    /// Places in the predictions of the split: correct ones, then wrong ones, the most certain
    /// first.
    package var clips: [Int]
    package var frames, height, width, channels: Int
    /// `[clip][frame][row][column][channel]`.
    package var pixels: [UInt8]

    package init(
        split: Split, clips: [Int], frames: Int, height: Int, width: Int, channels: Int,
        pixels: [UInt8]
    ) {
        self.split = split
        self.clips = clips
        (self.frames, self.height, self.width, self.channels) = (frames, height, width, channels)
        self.pixels = pixels
    }
}
