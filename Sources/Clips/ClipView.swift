/// A kept clip as the network sees it: cut to its frames and its size, and changed as drawn.
struct ClipView {
    let format: ClipFormat
    /// `[frame][row][column][channel]`.
    let kept: UnsafePointer<UInt8>
    /// Frames that are kept.
    let count: Int
    let draw: Augmentation.Draw?

    /// Hands out each frame in `room`.
    func forEachFrame(in room: UnsafeMutablePointer<UInt8>, _ body: (Int, UnsafePointer<UInt8>) -> Void) {
        let times = times
        let masked = masked
        let table = table
        let mean = masked.isEmpty ? [] : meanFrame
        for time in 0..<format.frames {
            if masked.contains(time) {
                mean.withUnsafeBufferPointer { if let base = $0.baseAddress { show(base, room, table) } }
            } else {
                show(kept + times[time] * format.keptBytes, room, table)
            }
            body(time, room)
        }
    }

    /// The kept frame at each time.
    private var times: [Int] {
        guard let draw else { return format.times(of: count) }
        // Of the clip as it is played: `length` frames, of which `frames` enter.
        let length = draw.speed == 1 ? count : max(1, Int((Double(count) / draw.speed).rounded()))
        let spare = max(0, length - format.frames)
        let first: Int
        if let window = draw.window {
            first = min(spare, Int(window * Float(spare + 1)))
        } else {
            first = format.window == .start ? 0 : spare / 2
        }
        return (0..<format.frames).map { time in
            let played = min(first + max(0, min(format.frames - 1, time - draw.later)), length - 1)
            let frame = draw.speed == 1 ? played : Int((Double(played) + 0.5) * draw.speed)
            return max(0, min(frame, count - 1))
        }
    }

    /// The times that the mean replaces.
    private var masked: Range<Int> {
        guard let draw, draw.masked > 0 else { return 0..<0 }
        let length = min(draw.masked, format.frames)
        let first = min(format.frames - length, Int(draw.maskPlace * Float(format.frames - length + 1)))
        return first..<first + length
    }

    /// Of all kept frames, pixel by pixel.
    private var meanFrame: [UInt8] {
        var sums = [Float](repeating: 0, count: format.keptBytes)
        for frame in 0..<count {
            let pixels = kept + frame * format.keptBytes
            // Whole numbers below 2²⁴: no order of the sums matters.
            for at in 0..<format.keptBytes { sums[at] += Float(pixels[at]) }
        }
        return sums.map { UInt8($0 / Float(count) + 0.5) }
    }

    /// What becomes of each brightness; nil: nothing.
    private var table: [UInt8]? {
        guard let draw, draw.gain != 1 || draw.contrast != 1 else { return nil }
        if draw.contrast == 1 {
            return (0..<256).map { UInt8(max(0, min(255, Float($0) * draw.gain + 0.5))) }
        }
        var sum = 0
        for at in 0..<count * format.keptBytes { sum += Int(kept[at]) }
        let mean = Float(sum) / Float(count * format.keptBytes) * draw.gain
        return (0..<256).map { UInt8(max(0, min(255, mean + (Float($0) * draw.gain - mean) * draw.contrast + 0.5))) }
    }

    /// Cuts the picture out of a kept frame, moved, mirrored and brightened.
    private func show(_ frame: UnsafePointer<UInt8>, _ room: UnsafeMutablePointer<UInt8>, _ table: [UInt8]?) {
        let (channels, width) = (format.channels, format.width)
        let top = place(draw?.cropDown)
        let left = place(draw?.cropAcross)
        let (right, down) = (draw?.right ?? 0, draw?.down ?? 0)
        let rowBytes = width * channels
        for row in 0..<format.height {
            let fromRow = top + max(0, min(format.height - 1, row - down))
            let source = frame + (fromRow * format.keptWidth + left) * channels
            let target = room + row * rowBytes
            if right == 0, draw?.mirrored != true {
                target.update(from: source, count: rowBytes)
                continue
            }
            // Columns that come from within the picture, and those beyond its border.
            let from = max(0, min(width, right))
            let to = max(0, min(width, width + right))
            for column in 0..<width {
                let moved = column < from ? 0 : column >= to ? width - 1 : column - right
                let fromColumn = draw?.mirrored == true ? width - 1 - moved : moved
                for channel in 0..<channels {
                    target[column * channels + channel] = source[fromColumn * channels + channel]
                }
            }
        }
        guard let table else { return }
        table.withUnsafeBufferPointer { table in
            for at in 0..<format.frameBytes { room[at] = table[Int(room[at])] }
        }
    }

    /// Where the picture begins within the margin.
    private func place(_ part: Float?) -> Int {
        guard format.margin > 0, let part else { return format.margin / 2 }
        return min(format.margin, Int(part * Float(format.margin + 1)))
    }
}
