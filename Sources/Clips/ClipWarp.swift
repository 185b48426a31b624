import Tensors

/// Turns, enlarges and erases the pictures of a clip, all alike. Whole numbers decide every pixel, so
/// that all machines agree.
struct ClipWarp {
    let width, height, channels: Int

    private static let one = 1 << 16

    /// Turns the pictures around their middle, and enlarges them by `scale`; the border repeats.
    /// Between four pixels it interpolates.
    /// - Parameters:
    ///   - degrees: clockwise, at most 45 each way.
    ///   - source: `[frame][row][column][channel]`, `count` frames; `target` likewise.
    func turn(
        by degrees: Double, scale: Double, _ source: UnsafePointer<UInt8>,
        to target: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        let angle = degrees / 180
        let cosine = PortableMath.cosPi(abs(angle))
        let sine = PortableMath.cosPi(0.5 - abs(angle)) * (angle < 0 ? -1 : 1)
        func fixed(_ x: Double) -> Int { Int((x * Double(ClipWarp.one)).rounded()) }
        let (across, down) = (fixed(cosine / scale), fixed(sine / scale))
        // Twice the middle, so that it is a whole number.
        let (middleX, middleY) = (width - 1, height - 1)
        let size = width * height * channels
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = (2 * column - middleX, 2 * row - middleY)
                let sourceX = (across * x + down * y + middleX * ClipWarp.one) / 2
                let sourceY = (across * y - down * x + middleY * ClipWarp.one) / 2
                let left = Sample(sourceX, limit: width)
                let top = Sample(sourceY, limit: height)
                for channel in 0..<channels {
                    func place(_ row: Int, _ column: Int) -> Int {
                        (row * width + column) * channels + channel
                    }
                    let corners = (
                        place(top.first, left.first), place(top.first, left.second),
                        place(top.second, left.first), place(top.second, left.second)
                    )
                    let at = place(row, column)
                    for frame in 0..<count {
                        let pixels = source + frame * size
                        let upper =
                            Int(pixels[corners.0]) * (256 - left.part)
                            + Int(pixels[corners.1]) * left.part
                        let lower =
                            Int(pixels[corners.2]) * (256 - left.part)
                            + Int(pixels[corners.3]) * left.part
                        let sum = upper * (256 - top.part) + lower * top.part
                        target[frame * size + at] = UInt8(truncatingIfNeeded: (sum + 32768) >> 16)
                    }
                }
            }
        }
    }

    /// Two neighbours on an axis, and the share of the second in 256ths.
    private struct Sample {
        let first, second, part: Int

        /// - Parameter place: times 2¹⁶.
        init(_ place: Int, limit: Int) {
            let clamped = max(0, min((limit - 1) << 16, place))
            first = clamped >> 16
            second = min(first + 1, limit - 1)
            part = (clamped >> 8) & 255
        }
    }

    /// Replaces a rectangle of all pictures by the mean of all numbers.
    /// - Parameters:
    ///   - share: of the picture, 0…1.
    ///   - shape: 0…1: from three times as high as wide to three times as wide as high.
    ///   - place: 0…1 across and down.
    func erase(
        _ share: Float, shape: Float, place: (across: Float, down: Float),
        _ pixels: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        let area = Double(share) * Double(width * height)
        let ratio = PortableMath.exp((2 * Double(shape) - 1) * 1.098_612_288_668_109_8)
        let across = min(width, Int((area * ratio).squareRoot().rounded()))
        let down = min(height, Int((area / ratio).squareRoot().rounded()))
        guard across > 0, down > 0 else { return }
        let left = min(width - across, Int(place.across * Float(width - across + 1)))
        let top = min(height - down, Int(place.down * Float(height - down + 1)))
        let size = width * height * channels
        var sum = 0
        for at in 0..<count * size { sum &+= Int(pixels[at]) }
        let mean = UInt8((sum + count * size / 2) / (count * size))
        for frame in 0..<count {
            for row in top..<top + down {
                let start = frame * size + (row * width + left) * channels
                (pixels + start).update(repeating: mean, count: across * channels)
            }
        }
    }
}
