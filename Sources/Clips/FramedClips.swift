import Foundation
import Tensors

/// The form in which clips enter a network.
public struct ClipFormat: Sendable, Equatable {
    public var frames: Int
    public var height: Int
    public var width: Int
    /// 1 grey, 3 RGB.
    public var channels: Int
    /// Keep the aspect ratio and fill up with the picture's mean, instead of stretching.
    public var padding: Bool

    public init(frames: Int, height: Int, width: Int, channels: Int, padding: Bool) {
        self.frames = frames
        self.height = height
        self.width = width
        self.channels = channels
        self.padding = padding
    }

    var frameBytes: Int { height * width * channels }

    /// One picture brought to this form.
    public func frame(_ picture: Picture) -> Picture {
        let picture = picture.converted(channels: channels)
        guard padding else { return picture.scaled(width: width, height: height) }
        // min(width/w, height/h), compared by multiplying, so that no rounding decides.
        let byWidth = width * picture.height <= height * picture.width
        let newWidth = byWidth ? width : max(1, rounded(picture.width * height, picture.height))
        let newHeight = byWidth ? max(1, rounded(picture.height * width, picture.width)) : height
        let scaled = picture.scaled(width: newWidth, height: newHeight)
        if newWidth == width && newHeight == height { return scaled }
        var pixels = [UInt8](repeating: scaled.mean, count: frameBytes)
        let (left, top) = ((width - newWidth) / 2, (height - newHeight) / 2)
        for row in 0..<newHeight {
            let from = row * newWidth * channels
            let to = ((row + top) * width + left) * channels
            pixels.replaceSubrange(
                to..<to + newWidth * channels, with: scaled.pixels[from..<from + newWidth * channels])
        }
        return Picture(width: width, height: height, channels: channels, pixels: pixels)
    }

    private func rounded(_ numerator: Int, _ denominator: Int) -> Int {
        (2 * numerator + denominator) / (2 * denominator)
    }

    /// Which of a clip's frames enter: the middle of a longer one, the last repeated for a shorter.
    public func indices(of count: Int) -> [Int] {
        let first = max(0, (count - frames) / 2)
        return (0..<frames).map { min(first + $0, count - 1) }
    }
}

/// Clips ready for the network: all of one format, one after the other.
public struct FramedClips: Sendable {
    public let format: ClipFormat
    public private(set) var labels: [Int] = []
    public private(set) var names: [String] = []
    private(set) var pixels = Data()

    public init(format: ClipFormat) {
        self.format = format
    }

    init(format: ClipFormat, labels: [Int], names: [String], pixels: Data) {
        self.format = format
        self.labels = labels
        self.names = names
        self.pixels = pixels
    }

    public var count: Int { labels.count }

    public func label(_ clip: Int) -> Int { labels[clip] }

    /// Takes in one clip of at least one frame.
    public mutating func append(_ clip: Clip) {
        let framed = format.indices(of: clip.frames.count).reduce(into: [Int: [UInt8]]()) { made, index in
            if made[index] == nil { made[index] = format.frame(clip.frames[index]).pixels }
        }
        for index in format.indices(of: clip.frames.count) { pixels.append(contentsOf: framed[index] ?? []) }
        labels.append(clip.label)
        names.append(clip.name)
    }

    /// `[clip][time][channel][row][column]`, 0…1: the same numbers that the network reads.
    public func tensor(named name: String) -> Tensor {
        var values: [Float] = []
        values.reserveCapacity(pixels.count)
        let (channels, plane) = (format.channels, format.height * format.width)
        for clip in 0..<count {
            withFrames(of: clip) { _, frame in
                for channel in 0..<channels {
                    for at in 0..<plane { values.append(Float(frame[at * channels + channel]) / 255) }
                }
            }
        }
        return Tensor(
            name: name, shape: [count, format.frames, channels, format.height, format.width], values: values)
    }

    /// The frames of one clip in time; `pixels` is `[row][column][channel]`.
    public func withFrames(of clip: Int, _ body: (_ time: Int, _ pixels: UnsafePointer<UInt8>) -> Void) {
        pixels.withUnsafeBytes { all in
            guard let base = all.bindMemory(to: UInt8.self).baseAddress else { return }
            for time in 0..<format.frames { body(time, base + (clip * format.frames + time) * format.frameBytes) }
        }
    }
}

/// One clip as it was found: pictures of any size.
public struct Clip: Sendable, Equatable {
    public var name: String
    public var label: Int
    public var frames: [Picture]

    public init(name: String, label: Int, frames: [Picture]) {
        self.name = name
        self.label = label
        self.frames = frames
    }
}

/// A data set: clips apart for training, for choosing and stopping, and for the final word.
public struct ClipSplits: Sendable {
    public var classes: [String]
    public var train: FramedClips
    public var val: FramedClips
    public var test: FramedClips?

    public init(classes: [String], train: FramedClips, val: FramedClips, test: FramedClips?) {
        self.classes = classes
        self.train = train
        self.val = val
        self.test = test
    }
}
