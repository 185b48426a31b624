import Foundation

/// Reads the YUV4MPEG2 stream that ffmpeg writes, and turns its planes into grey or RGB by
/// whole-number arithmetic.
///
/// Studio-range samples (16…235) are stretched to 0…255; colours follow BT.601, as untagged video
/// of this size does, or BT.709 where the video says so.
package enum Y4M {
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    private struct Header {
        var width = 0
        var height = 0
        var chroma = "420jpeg"
        var fullRange = false
        /// Frames a second; nil where it is not known.
        var rate: Double?

        /// Bits of a number. (`420p10`, `mono16`; `420mpeg2` has 8.)
        var depth: Int {
            chroma.firstMatch(of: /(?:p|mono)(9|10|12|14|16)$/).flatMap { Int($0.1) } ?? 8
        }

        /// How many columns and rows share one colour sample; nil for grey.
        func subsampling() throws -> (Int, Int)? {
            if chroma.hasPrefix("420") { return (2, 2) }
            if chroma.hasPrefix("422") { return (2, 1) }
            if chroma.hasPrefix("444") { return (1, 1) }
            if chroma.hasPrefix("411") { return (4, 1) }
            if chroma.hasPrefix("mono") { return nil }
            throw Problem(description: "its pixel format \(chroma) is not known")
        }
    }

    /// How colours were made of red, green and blue.
    package enum Matrix: Sendable {
        case bt601, bt709
    }

    private struct Layout {
        let header: Header
        /// Bytes of the first line, with its end.
        let start: Int
        let subsampling: (Int, Int)?
        let chromaWidth, chromaHeight: Int
        /// Numbers of a picture, and their bytes.
        let samples, size: Int

        init(_ bytes: UnsafeBufferPointer<UInt8>) throws {
            guard let lineEnd = bytes.prefix(4096).firstIndex(of: 0x0A) else {
                throw Problem(description: "ffmpeg wrote no header")
            }
            header = try Y4M.header(bytes[..<lineEnd])
            start = lineEnd + 1
            subsampling = try header.subsampling()
            chromaWidth = subsampling.map { [header] in (header.width + $0.0 - 1) / $0.0 } ?? 0
            chromaHeight = subsampling.map { [header] in (header.height + $0.1 - 1) / $0.1 } ?? 0
            samples = header.width * header.height + 2 * chromaWidth * chromaHeight
            size = header.depth > 8 ? 2 * samples : samples
        }

        /// Where the planes of each picture begin.
        func forEachFrame(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Int) throws -> Void) throws
        {
            var at = start
            while at < bytes.count {
                guard let frameEnd = bytes[at..<min(at + 256, bytes.count)].firstIndex(of: 0x0A),
                    frameEnd + size < bytes.count
                else { throw Problem(description: "its last picture is cut off") }
                try body(frameEnd + 1)
                at = frameEnd + 1 + size
            }
        }
    }

    /// Pixel formats of ffmpeg that such a stream holds.
    static let formats: Set<String> = {
        let depths = ["", "9le", "10le", "12le", "14le", "16le"]
        let planes = ["yuv420p", "yuv422p", "yuv444p"].flatMap { name in depths.map { name + $0 } }
        return Set(
            planes + ["yuvj420p", "yuvj422p", "yuvj444p", "yuv411p", "yuvj411p"]
                + depths.map { "gray" + $0 })
    }()

    /// Pictures of a stream, which is looked through but not converted.
    package static func count(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Int {
        var count = 0
        try Layout(bytes).forEachFrame(bytes) { _ in count += 1 }
        return count
    }

    package static func pictures(_ bytes: [UInt8], _ matrix: Matrix = .bt601) throws -> [Picture] {
        var pictures: [Picture] = []
        try bytes.withUnsafeBufferPointer { try forEachPicture($0, matrix) { pictures.append($0) } }
        return pictures
    }

    /// Hands out each picture of a stream.
    static func forEachPicture(
        _ bytes: UnsafeBufferPointer<UInt8>, _ matrix: Matrix, _ body: (Picture) throws -> Void
    ) throws {
        let layout = try Layout(bytes)
        let (width, height) = (layout.header.width, layout.header.height)
        let isFull = layout.header.fullRange
        let weights = Weights(matrix, fullRange: isFull)
        let depth = layout.header.depth
        var shallow = [UInt8](repeating: 0, count: depth > 8 ? layout.samples : 0)
        try layout.forEachFrame(bytes) { start in
            guard depth > 8 else { return try show(bytes, start) }
            for at in shallow.indices {
                let number = Int(bytes[start + 2 * at]) | Int(bytes[start + 2 * at + 1]) << 8
                shallow[at] = PixelFormat.eightBits(number, depth: depth)
            }
            try shallow.withUnsafeBufferPointer { try show($0, 0) }
        }
        func show(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) throws {
            guard let (across, down) = layout.subsampling else {
                let grey = bytes[start..<start + width * height].map { stretched($0, isFull) }
                return try body(Picture(width: width, height: height, channels: 1, pixels: grey))
            }
            let blue = start + width * height
            let red = blue + layout.chromaWidth * layout.chromaHeight
            let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
                for row in 0..<height {
                    for column in 0..<width {
                        let chroma = row / down * layout.chromaWidth + column / across
                        let place = row * width + column
                        weights.convert(
                            Int(bytes[start + place]), Int(bytes[blue + chroma]),
                            Int(bytes[red + chroma]),
                            pixels.baseAddress.map { $0 + place * 3 })
                    }
                }
                count = width * height * 3
            }
            try body(Picture(width: width, height: height, channels: 3, pixels: pixels))
        }
    }

    /// Frames a second, as the stream's first line says.
    /// - Returns: nil where it is not known.
    static func frameRate(_ file: URL) -> Double? {
        // What ffmpeg wrote was looked through before: here only the rate is wanted.
        guard let handle = try? FileHandle(forReadingFrom: file) else { return nil }
        defer { try? handle.close() }
        guard let start = try? handle.read(upToCount: 4096),
            let end = start.firstIndex(of: 0x0A)
        else { return nil }
        return Array(start[..<end]).withUnsafeBufferPointer {
            try? header($0[...]).rate
        }
    }

    /// `30000:1001`.
    private static func rate(_ text: String) -> Double? {
        let parts = text.split(separator: ":").compactMap { Double($0) }
        guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
        return parts[0] / parts[1]
    }

    private static func header(_ line: Slice<UnsafeBufferPointer<UInt8>>) throws -> Header {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.first == "YUV4MPEG2" else {
            throw Problem(description: "ffmpeg wrote no YUV4MPEG2 stream")
        }
        var header = Header()
        for word in words.dropFirst() {
            let value = String(word.dropFirst())
            switch word.first {
            case "W": header.width = Int(value) ?? 0
            case "H": header.height = Int(value) ?? 0
            case "C": header.chroma = value
            case "F": header.rate = rate(value)
            case "X" where value == "COLORRANGE=FULL": header.fullRange = true
            default: break
            }
        }
        guard header.width > 0, header.height > 0, header.width <= 16384, header.height <= 16384
        else {
            throw Problem(description: "its pictures are \(header.width)×\(header.height)")
        }
        return header
    }

    private static func stretched(_ luma: UInt8, _ fullRange: Bool) -> UInt8 {
        if fullRange { return luma }
        return clamped((Int(luma) - 16) * 76309 + 32768)  // 255/219 in 1/65536
    }

    /// What makes red, green and blue of luma and two colour differences, in 1/65536: ITU-R BT.601
    /// (Kr 0.299, Kb 0.114) and BT.709 (Kr 0.2126, Kb 0.0722).
    private struct Weights {
        let lumaOffset, luma: Int
        let redOfRed, greenOfBlue, greenOfRed, blueOfBlue: Int

        init(_ matrix: Matrix, fullRange: Bool) {
            (lumaOffset, luma) = fullRange ? (0, 65536) : (16, 76309)
            (redOfRed, greenOfBlue, greenOfRed, blueOfBlue) =
                switch (matrix, fullRange) {
                case (.bt601, true): (91881, 22554, 46802, 116130)
                case (.bt601, false): (104597, 25675, 53279, 132201)
                case (.bt709, true): (103206, 12276, 30679, 121609)
                case (.bt709, false): (117489, 13975, 34925, 138438)
                }
        }

        @inline(__always)
        func convert(_ y: Int, _ cb: Int, _ cr: Int, _ pixel: UnsafeMutablePointer<UInt8>?) {
            guard let pixel else { return }
            let (blue, red) = (cb - 128, cr - 128)
            let grey = (y - lumaOffset) * luma + 32768
            pixel[0] = clamped(grey + redOfRed * red)
            pixel[1] = clamped(grey - greenOfBlue * blue - greenOfRed * red)
            pixel[2] = clamped(grey + blueOfBlue * blue)
        }
    }

    private static func clamped(_ value: Int) -> UInt8 {
        UInt8(max(0, min(255, value >> 16)))
    }
}
