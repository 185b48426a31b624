import Files
import Foundation
import Studies

/// Writes small pictures as PNG (ISO 15948). Pixels are stored, not compressed: the bytes then
/// depend on no library's version.
package enum PNG {
    /// - Parameter pixels: `[row][column][channel]`, of one channel (grey) or three (RGB).
    package static func data(_ pixels: [UInt8], width: Int, height: Int, channels: Int) -> Data {
        precondition(
            pixels.count == width * height * channels && (channels == 1 || channels == 3),
            "a picture")
        let header = bigEndian(width) + bigEndian(height) + [8, channels == 1 ? 0 : 2, 0, 0, 0]
        // Each row begins with its filter type: none.
        var rows: [UInt8] = []
        for row in 0..<height {
            rows.append(0)
            rows += pixels[(row * width * channels)..<((row + 1) * width * channels)]
        }
        var file = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        for (name, body) in [("IHDR", header), ("IDAT", stored(rows)), ("IEND", [])] {
            file += chunk(name, body)
        }
        return file
    }

    /// zlib's form (RFC 1950) with blocks that are stored as they are (RFC 1951, 3.2.4).
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x78, 0x01]
        let size = 65535
        for start in stride(from: 0, to: bytes.count, by: size) {
            let block = bytes[start..<min(start + size, bytes.count)]
            let length = [UInt8(block.count & 0xFF), UInt8(block.count >> 8)]
            result += [start + size >= bytes.count ? 1 : 0] + length + length.map { ~$0 } + block
        }
        return result + bigEndian(Int(Zlib.adler32(bytes)))
    }

    private static func chunk(_ name: String, _ body: [UInt8]) -> Data {
        let named = Array(name.utf8) + body
        return Data(bigEndian(body.count) + named + bigEndian(Int(Zlib.crc32(named))))
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) }
    }
}
