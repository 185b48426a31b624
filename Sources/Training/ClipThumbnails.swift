import Clips
import Studies

extension ClipThumbnails {
    /// At most 64 KB.
    private static let byteLimit = 65536
    /// Of each kind.
    private static let clipLimit = 6
    private static let frameLimit = 4

    /// Of the test clips, where there are any.
    init?(_ predictions: ClipPredictions, _ framed: FramedClips) throws {
        let order = predictions.labels.indices.sorted {
            let (a, b) = (predictions.probabilities[$0], predictions.probabilities[$1])
            return a == b ? $0 < $1 : a > b
        }
        let isRight = { (clip: Int) in predictions.labels[clip] == predictions.predicted[clip] }
        // Of those that are right one of each class comes first: six of one word show little.
        var seen: Set<Int> = []
        let right = order.filter(isRight)
        let first = right.filter { seen.insert(predictions.labels[$0]).inserted }
        let chosen =
            (first + right.filter { !first.contains($0) }).prefix(ClipThumbnails.clipLimit)
            + order.filter { !isRight($0) }.prefix(ClipThumbnails.clipLimit)
        guard !chosen.isEmpty else { return nil }
        let format = framed.format
        let count = min(format.frames, ClipThumbnails.frameLimit)
        let times = (0..<count).map { count == 1 ? 0 : $0 * (format.frames - 1) / (count - 1) }
        // Every n-th pixel is the mean of n × n.
        var step = 1
        func bytes() -> Int {
            2 * ClipThumbnails.clipLimit * count * (format.height / step) * (format.width / step)
                * format.channels
        }
        while bytes() > ClipThumbnails.byteLimit { step += 1 }
        let (height, width) = (format.height / step, format.width / step)
        var pixels: [UInt8] = []
        for clip in chosen {
            try framed.withFrames(of: clip) { time, frame in
                guard times.contains(time) else { return }
                for row in 0..<height {
                    for column in 0..<width {
                        for channel in 0..<format.channels {
                            var sum = 0
                            for y in 0..<step {
                                for x in 0..<step {
                                    let at = (row * step + y) * format.width + column * step + x
                                    sum += Int(frame[at * format.channels + channel])
                                }
                            }
                            pixels.append(UInt8((sum + step * step / 2) / (step * step)))
                        }
                    }
                }
            }
        }
        self.init(
            split: predictions.split, clips: Array(chosen), frames: count, height: height,
            width: width,
            channels: format.channels, pixels: pixels)
    }
}
