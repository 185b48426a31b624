/// One clip as the network's input: the order of its frames, the byte of a frame for each pixel,
/// and the arithmetic on it. Nothing is moved but the clip itself, on its way from the file; the
/// memory is used again for the next clip.
package final class ClipView {
    /// The frame at each time.
    package private(set) var frames: [UnsafePointer<UInt8>] = []
    /// Of them, those that are the clip's own and not its last frame again.
    package private(set) var length = 0
    /// 1 at each time at which its word is spoken, 0 at the others; empty where that is not known.
    package private(set) var wordBoundary: [Float] = []
    /// Where each row begins in a frame.
    package private(set) var rows: [Int] = []
    /// Where each number of a row lies from its beginning: `[column][channel]`.
    package private(set) var columns: [Int] = []
    /// What becomes of each number: mean + (number·gain − mean)·contrast, rounded to the nearest of
    /// 0…255.
    package private(set) var gain: Float = 1
    package private(set) var contrast: Float = 1
    /// Of all kept frames, brightened; 0 where contrast stays.
    package private(set) var mean: Float = 0

    /// How the result enters: factor · number + offset, white being 1.
    package private(set) var scale: (factor: Float, offset: Float) = (1, 0)

    /// The same as a table.
    var levels: [UInt8] {
        (0..<256).map { UInt8(max(0, min(255, mean + (Float($0) * gain - mean) * contrast + 0.5))) }
    }

    private var room: UnsafeMutablePointer<UInt8>
    private var capacity: Int

    package init() {
        capacity = 1
        room = .allocate(capacity: capacity)
    }

    deinit { room.deallocate() }

    /// Takes in a clip.
    /// - Parameters:
    ///   - count: of its kept frames.
    ///   - word: those in which its word is spoken, where that is known.
    ///   - draw: how it is changed; nil: not.
    ///   - statistics: of all training clips, where they normalise it.
    ///   - fill: puts the kept frames, `[frame][row][column][channel]`, into their room.
    func take(
        _ format: ClipFormat, count: Int, word: Range<Int>? = nil,
        changed draw: Augmentation.Draw?,
        statistics: PixelStatistics? = nil,
        fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        // And room for one frame more, and for the clip before it is turned.
        let size = format.keptBytes
        let isTurned = draw.map { $0.rotation != 0 || $0.scale != 1 } ?? false
        let needed = (isTurned ? 2 * count + 1 : count + 1) * size
        if capacity < needed {
            room.deallocate()
            capacity = needed
            room = .allocate(capacity: capacity)
        }
        try fill(UnsafeMutableRawBufferPointer(start: room, count: count * size))
        switch format.normalization {
        case .none: scale = (1, 0)
        case .dataset: scale = statistics?.scale ?? (1, 0)
        case .clip:
            var sums = PixelStatistics.Sums()
            sums.add(UnsafeBufferPointer(start: room, count: count * size))
            scale = sums.statistics?.scale ?? (1, 0)
        }
        if let draw { warp(format, count, draw, isTurned: isTurned) }
        let shown = ClipView.shown(format, count, word, draw)
        length = shown.length
        frames = shown.frames.map { UnsafePointer(room) + $0 * size }
        wordBoundary =
            word.map { word in
                shown.frames.enumerated().map { time, frame in
                    time < shown.length && word.contains(frame) ? 1 : 0
                }
            } ?? []
        let masked = ClipView.masked(format, draw)
        if !masked.isEmpty {
            let mean = room + count * size
            putMean(of: count, size, into: mean)
            for time in masked { frames[time] = UnsafePointer(mean) }
        }
        let top = ClipView.place(format, draw?.cropDown)
        let left = ClipView.place(format, draw?.cropAcross)
        let (right, down) = (draw?.right ?? 0, draw?.down ?? 0)
        rows = (0..<format.height).map {
            (top + max(0, min(format.height - 1, $0 - down))) * format.keptWidth * format.channels
        }
        columns.removeAll(keepingCapacity: true)
        for column in 0..<format.width {
            let moved = max(0, min(format.width - 1, column - right))
            let from = left + (draw?.mirrored == true ? format.width - 1 - moved : moved)
            for channel in 0..<format.channels { columns.append(from * format.channels + channel) }
        }
        (gain, contrast, mean) = (draw?.gain ?? 1, draw?.contrast ?? 1, 0)
        if contrast != 1 { mean = brightness(count * size) * gain }
    }

    private func warp(
        _ format: ClipFormat, _ count: Int, _ draw: Augmentation.Draw, isTurned: Bool
    ) {
        let warp = ClipWarp(
            width: format.keptWidth, height: format.keptHeight, channels: format.channels)
        if isTurned {
            let before = room + (count + 1) * format.keptBytes
            before.update(from: room, count: count * format.keptBytes)
            warp.turn(by: draw.rotation, scale: draw.scale, before, to: room, count: count)
        }
        if draw.erased > 0 {
            warp.erase(
                draw.erased, shape: draw.erasedShape,
                place: (draw.erasedAcross, draw.erasedDown), room, count: count)
        }
    }

    /// The kept frame at each time, and how many of these times are the clip's own.
    private static func shown(
        _ format: ClipFormat, _ count: Int, _ word: Range<Int>?, _ draw: Augmentation.Draw?
    ) -> (frames: [Int], length: Int) {
        guard format.length != .resample else {
            let frames =
                draw.map { resampledTimes(format, count, $0) } ?? format.times(of: count)
            return (frames, format.frames)
        }
        guard let draw else { return (format.times(of: count), min(format.frames, count)) }
        // Of the clip as it is played: `length` frames, of which the format's number enter.
        let isPlain = draw.speed == 1
        let length = isPlain ? count : max(1, Int((Double(count) / draw.speed).rounded()))
        let spare = max(0, length - format.frames)
        var first: Int
        if let window = draw.window {
            first = min(spare, Int(window * Float(spare + 1)))
        } else {
            first = format.window == .start ? 0 : spare / 2
        }
        var end = min(length, first + format.frames)
        if let cut = draw.cut, let word {
            // In played frames; a word outside of the window cuts nothing on its side.
            let part = isPlain ? 1 : draw.speed
            let from = min(max(first, Int(Double(word.lowerBound) / part)), end - 1)
            let to = max(min(end, Int((Double(word.upperBound) / part).rounded(.up))), from + 1)
            first += min(from - first, Int(cut.start * Float(from - first + 1)))
            end = to + min(end - to, Int(cut.end * Float(end - to + 1)))
        }
        let frames = (0..<format.frames).map { time in
            let played = min(first + max(0, min(format.frames - 1, time - draw.later)), end - 1)
            let frame = isPlain ? played : Int((Double(played) + 0.5) * draw.speed)
            return max(0, min(frame, count - 1))
        }
        return (frames, end - first)
    }

    /// Of the clip as a whole; at another speed more or less than it, around its middle.
    private static func resampledTimes(
        _ format: ClipFormat, _ count: Int, _ draw: Augmentation.Draw
    ) -> [Int] {
        (0..<format.frames).map { time in
            let played = max(0, min(format.frames - 1, time - draw.later))
            guard draw.speed != 1 else { return format.resampled(played, of: count) }
            let part = (Double(played) + 0.5) / Double(format.frames) - 0.5
            return max(0, min(count - 1, Int((0.5 + part * draw.speed) * Double(count))))
        }
    }

    /// The times that the mean replaces.
    private static func masked(_ format: ClipFormat, _ draw: Augmentation.Draw?) -> Range<Int> {
        guard let draw, draw.masked > 0 else { return 0..<0 }
        let length = min(draw.masked, format.frames)
        let first = min(
            format.frames - length, Int(draw.maskPlace * Float(format.frames - length + 1)))
        return first..<first + length
    }

    /// The mean of the kept frames, number by number, rounded to the nearest.
    private func putMean(of count: Int, _ size: Int, into mean: UnsafeMutablePointer<UInt8>) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: size) { sums in
            sums.update(repeating: 0)
            for frame in 0..<count {
                let pixels = room + frame * size
                for at in 0..<size { sums[at] &+= UInt32(pixels[at]) }
            }
            // A whole number below 2²⁴ divided by another: rounded once, the same everywhere.
            for at in 0..<size {
                mean[at] = UInt8(truncatingIfNeeded: Int(Float(sums[at]) / Float(count) + 0.5))
            }
        }
    }

    /// The mean of so many numbers.
    private func brightness(_ count: Int) -> Float {
        var sum = 0
        for at in 0..<count { sum &+= Int(room[at]) }
        return Float(sum) / Float(count)
    }

    /// Where the picture begins within the margin; the middle where nothing is drawn.
    private static func place(_ format: ClipFormat, _ part: Float?) -> Int {
        guard format.margin > 0, let part else { return format.margin / 2 }
        return min(format.margin, Int(part * Float(format.margin + 1)))
    }
}
