/// One picture of 8-bit numbers, `[row][column][channel]`.
package struct Picture: Sendable, Equatable {
    package var width: Int
    package var height: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    package var pixels: [UInt8]

    package init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height * channels)
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// The same picture in `wanted` channels: RGB to grey by the weights of BT.601 (0.299, 0.587,
    /// 0.114, in 1/65536).
    package func converted(channels wanted: Int) -> Picture {
        if channels == wanted { return self }
        var result = [UInt8](repeating: 0, count: width * height * wanted)
        if wanted == 3 {
            for at in 0..<width * height {
                for c in 0..<3 { result[at * 3 + c] = pixels[at] }
            }
        } else {
            for at in 0..<width * height {
                let (r, g, b) = (
                    Int(pixels[at * 3]), Int(pixels[at * 3 + 1]), Int(pixels[at * 3 + 2])
                )
                result[at] = UInt8((19595 * r + 38470 * g + 7471 * b + 32768) >> 16)
            }
        }
        return Picture(width: width, height: height, channels: wanted, pixels: result)
    }

    /// The mean over all pixels and channels, rounded to the nearest.
    package var mean: UInt8 {
        let sum = pixels.reduce(0) { $0 + Int($1) }
        return UInt8((2 * sum + pixels.count) / (2 * pixels.count))
    }

    /// Bilinear scaling with pixel centres aligned, in whole numbers of 1/2048 (as OpenCV's
    /// INTER_LINEAR).
    package func scaled(width newWidth: Int, height newHeight: Int) -> Picture {
        if newWidth == width && newHeight == height { return self }
        let columns = Picture.taps(from: width, to: newWidth)
        let rows = Picture.taps(from: height, to: newHeight)
        var result = [UInt8](repeating: 0, count: newWidth * newHeight * channels)
        for (y, row) in rows.enumerated() {
            let (top, bottom) = (row.first * width * channels, row.second * width * channels)
            for (x, column) in columns.enumerated() {
                let (left, right) = (column.first * channels, column.second * channels)
                for c in 0..<channels {
                    let upper =
                        Int(pixels[top + left + c]) * (2048 - column.weight)
                        + Int(pixels[top + right + c]) * column.weight
                    let lower =
                        Int(pixels[bottom + left + c]) * (2048 - column.weight)
                        + Int(pixels[bottom + right + c]) * column.weight
                    let value = upper * (2048 - row.weight) + lower * row.weight
                    result[(y * newWidth + x) * channels + c] = UInt8((value + (1 << 21)) >> 22)
                }
            }
        }
        return Picture(width: newWidth, height: newHeight, channels: channels, pixels: result)
    }

    /// The two neighbours of each new pixel and the weight of the second, in 1/2048.
    private static func taps(from old: Int, to new: Int) -> [(first: Int, second: Int, weight: Int)]
    {
        (0..<new).map { position in
            // Centre (position + ½)·old/new − ½, in units of 1/(2·new).
            let numerator = (2 * position + 1) * old - new
            if numerator <= 0 { return (0, 0, 0) }
            let first = numerator / (2 * new)
            if first >= old - 1 { return (old - 1, old - 1, 0) }
            let rest = numerator % (2 * new)
            return (first, first + 1, (rest * 2048 + new) / (2 * new))
        }
    }
}
