/// Reads the YUV4MPEG2 stream that ffmpeg writes, and turns its planes into grey or RGB by whole-number arithmetic.
///
/// Studio-range samples (16…235) are stretched to 0…255; colours follow BT.601, as untagged video of this size does.
package enum Y4M {
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    private struct Header {
        var width = 0
        var height = 0
        var chroma = "420jpeg"
        var fullRange = false

        /// How many columns and rows share one colour sample; nil for grey.
        func subsampling() throws -> (Int, Int)? {
            if chroma.contains("p1") { throw Problem(description: "its samples have more than 8 bits (\(chroma))") }
            if chroma.hasPrefix("420") { return (2, 2) }
            if chroma.hasPrefix("422") { return (2, 1) }
            if chroma.hasPrefix("444") { return (1, 1) }
            if chroma.hasPrefix("411") { return (4, 1) }
            if chroma.hasPrefix("mono") { return nil }
            throw Problem(description: "its pixel format \(chroma) is not known")
        }
    }

    package static func pictures(_ bytes: [UInt8]) throws -> [Picture] {
        guard let lineEnd = bytes.firstIndex(of: 0x0A) else { throw Problem(description: "ffmpeg wrote no header") }
        let header = try header(bytes[..<lineEnd])
        let subsampling = try header.subsampling()
        let (width, height) = (header.width, header.height)
        let chromaWidth = subsampling.map { (width + $0.0 - 1) / $0.0 } ?? 0
        let chromaHeight = subsampling.map { (height + $0.1 - 1) / $0.1 } ?? 0
        let size = width * height + 2 * chromaWidth * chromaHeight
        var pictures: [Picture] = []
        var at = lineEnd + 1
        while at < bytes.count {
            guard let frameEnd = bytes[at...].firstIndex(of: 0x0A), frameEnd + size < bytes.count else {
                throw Problem(description: "its last picture is cut off")
            }
            let planes = bytes[(frameEnd + 1)...].prefix(size)
            at = frameEnd + 1 + size
            let luma = planes.prefix(width * height)
            guard let (across, down) = subsampling else {
                let grey = luma.map { stretched($0, header.fullRange) }
                pictures.append(Picture(width: width, height: height, channels: 1, pixels: grey))
                continue
            }
            let blue = planes.startIndex + width * height
            let red = blue + chromaWidth * chromaHeight
            var pixels = [UInt8](repeating: 0, count: width * height * 3)
            for row in 0..<height {
                for column in 0..<width {
                    let chroma = row / down * chromaWidth + column / across
                    let place = row * width + column
                    let rgb = colour(
                        Int(planes[planes.startIndex + place]), Int(planes[blue + chroma]), Int(planes[red + chroma]),
                        header.fullRange)
                    (pixels[place * 3], pixels[place * 3 + 1], pixels[place * 3 + 2]) = rgb
                }
            }
            pictures.append(Picture(width: width, height: height, channels: 3, pixels: pixels))
        }
        return pictures
    }

    private static func header(_ line: ArraySlice<UInt8>) throws -> Header {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.first == "YUV4MPEG2" else { throw Problem(description: "ffmpeg wrote no YUV4MPEG2 stream") }
        var header = Header()
        for word in words.dropFirst() {
            let value = String(word.dropFirst())
            switch word.first {
            case "W": header.width = Int(value) ?? 0
            case "H": header.height = Int(value) ?? 0
            case "C": header.chroma = value
            case "X" where value == "COLORRANGE=FULL": header.fullRange = true
            default: break
            }
        }
        guard header.width > 0, header.height > 0, header.width <= 16384, header.height <= 16384 else {
            throw Problem(description: "its pictures are \(header.width)×\(header.height)")
        }
        return header
    }

    private static func stretched(_ luma: UInt8, _ fullRange: Bool) -> UInt8 {
        if fullRange { return luma }
        return clamped((Int(luma) - 16) * 76309 + 32768)  // 255/219 in 1/65536
    }

    /// BT.601 in 1/65536.
    private static func colour(_ y: Int, _ cb: Int, _ cr: Int, _ fullRange: Bool) -> (UInt8, UInt8, UInt8) {
        let (blue, red) = (cb - 128, cr - 128)
        if fullRange {
            let luma = y * 65536 + 32768
            return (
                clamped(luma + 91881 * red), clamped(luma - 22554 * blue - 46802 * red), clamped(luma + 116130 * blue)
            )
        }
        let luma = (y - 16) * 76309 + 32768
        return (
            clamped(luma + 104597 * red), clamped(luma - 25675 * blue - 53279 * red), clamped(luma + 132201 * blue)
        )
    }

    private static func clamped(_ value: Int) -> UInt8 {
        UInt8(max(0, min(255, value >> 16)))
    }
}
