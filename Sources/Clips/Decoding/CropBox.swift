/// A fixed box that is cut out of every picture, px: as ImageMagick and X11 write it,
/// `96x96+80+116` is 96 wide, 96 high, from column 80 and row 116 on.
package struct CropBox: Sendable, Hashable, CustomStringConvertible {
    package let x, y, width, height: Int

    /// The lips in LRW's 256×256 faces: columns 80…175, rows 116…211.
    package static let names: [String: String] = ["lrw": "96x96+80+116"]
    /// In words, for messages.
    package static let rule =
        "width x height + column + row of a box, as 96x96+80+116, or lrw for just that"

    /// - Returns: nil where the text is neither a box nor the name of one.
    package init?(_ text: String) {
        let text = CropBox.names[text] ?? text
        guard
            let match = text.wholeMatch(
                of: /([0-9]{1,5})x([0-9]{1,5})\+([0-9]{1,5})\+([0-9]{1,5})/),
            let width = Int(match.1), let height = Int(match.2), let x = Int(match.3),
            let y = Int(match.4),
            width > 0, height > 0
        else { return nil }
        (self.width, self.height, self.x, self.y) = (width, height, x, y)
    }

    package var description: String { "\(width)x\(height)+\(x)+\(y)" }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    func cut(_ picture: Picture) throws -> Picture {
        guard x + width <= picture.width, y + height <= picture.height else {
            throw Problem(
                description:
                    "the crop \(self) does not fit its pictures of \(picture.width)×\(picture.height)"
            )
        }
        let rowBytes = width * picture.channels
        var pixels: [UInt8] = []
        pixels.reserveCapacity(rowBytes * height)
        for row in y..<y + height {
            let start = (row * picture.width + x) * picture.channels
            pixels += picture.pixels[start..<start + rowBytes]
        }
        return Picture(width: width, height: height, channels: picture.channels, pixels: pixels)
    }
}
