/// Where a clip that is longer than the network's is cut.
package enum ClipWindow: String, Sendable, CaseIterable {
    case centre, start
    /// Training clips at a place drawn anew each epoch, all others in the middle.
    case random
}

/// How clips of other lengths become as long as the network's.
package enum ClipLength: String, Sendable, CaseIterable {
    /// A shorter clip repeats its last frame, a longer one is cut.
    case `repeat`
    /// The clip is stretched or squeezed as a whole: its nearest frames are taken.
    case resample
    /// A shorter clip ends where it ends: the network sees its true length. A longer one is cut.
    case mask
}

/// The form in which clips enter a network.
package struct ClipFormat: Sendable, Equatable {
    package var frames: Int
    package var height: Int
    package var width: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    /// Keep the aspect ratio and fill up with the picture's mean, instead of stretching.
    package var padding: Bool
    /// px that frames are larger than the network takes, for crops; the middle is what is not
    /// cropped at random.
    package var margin = 0
    package var window = ClipWindow.centre
    package var length = ClipLength.repeat
    package var normalization = ClipNormalization.none
    /// Whether the network sees in which frames the word is spoken.
    package var hasWordBoundary = false
    /// Keep all frames of a clip, as random windows and other speeds need them.
    package var keepsAllFrames = false

    package init(frames: Int, height: Int, width: Int, channels: Int, padding: Bool) {
        self.frames = frames
        self.height = height
        self.width = width
        self.channels = channels
        self.padding = padding
    }

    /// Of a frame as it is kept.
    var keptHeight: Int { height + margin }
    var keptWidth: Int { width + margin }
    var keptBytes: Int { keptHeight * keptWidth * channels }
    /// Of a frame as the network takes it.
    var frameBytes: Int { height * width * channels }

    /// One picture brought to the form it is kept in.
    package func frame(_ picture: Picture) -> Picture {
        let (width, height) = (keptWidth, keptHeight)
        let picture = picture.converted(channels: channels)
        guard padding else { return picture.scaled(width: width, height: height) }
        // min(width/w, height/h), compared by multiplying, so that no rounding decides.
        let byWidth = width * picture.height <= height * picture.width
        let newWidth = byWidth ? width : max(1, rounded(picture.width * height, picture.height))
        let newHeight = byWidth ? max(1, rounded(picture.height * width, picture.width)) : height
        let scaled = picture.scaled(width: newWidth, height: newHeight)
        if newWidth == width && newHeight == height { return scaled }
        var pixels = [UInt8](repeating: scaled.mean, count: keptBytes)
        let (left, top) = ((width - newWidth) / 2, (height - newHeight) / 2)
        for row in 0..<newHeight {
            let from = row * newWidth * channels
            let to = ((row + top) * width + left) * channels
            pixels.replaceSubrange(
                to..<to + newWidth * channels,
                with: scaled.pixels[from..<from + newWidth * channels])
        }
        return Picture(width: width, height: height, channels: channels, pixels: pixels)
    }

    private func rounded(_ numerator: Int, _ denominator: Int) -> Int {
        (2 * numerator + denominator) / (2 * denominator)
    }

    /// Which of so many frames are kept: of a longer clip those of the window.
    func kept(of count: Int) -> Range<Int> {
        guard !keepsAllFrames, count > frames else { return 0..<count }
        let first = window == .start ? 0 : (count - frames) / 2
        return first..<first + frames
    }

    /// The frames of a word among those that are kept; empty where it lies outside.
    func kept(word: Range<Int>?, of count: Int) -> Range<Int>? {
        word.map {
            let kept = kept(of: count)
            let inside = $0.clamped(to: kept)
            return inside.lowerBound - kept.lowerBound..<inside.upperBound - kept.lowerBound
        }
    }

    /// The frame of a kept clip of `count` frames that enters at each time where nothing is drawn.
    package func times(of count: Int) -> [Int] {
        if length == .resample { return (0..<frames).map { resampled($0, of: count) } }
        let first = window == .start ? 0 : max(0, (count - frames) / 2)
        return (0..<frames).map { min(first + $0, count - 1) }
    }

    /// The frame in the middle of the share of the clip that one of the network's times has.
    func resampled(_ time: Int, of count: Int) -> Int { (2 * time + 1) * count / (2 * frames) }
}
