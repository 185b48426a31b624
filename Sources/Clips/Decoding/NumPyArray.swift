import Files
import Foundation

/// A clip as an array of numbers, `.npy` or `.npz`: `(T, H, W)` grey, `(T, H, W, C)` or `(T, C, H,
/// W)` with one or three channels; bytes, or floats.
enum NumPyArray {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// More than this no clip has.
    static let byteLimit = 1 << 32

    /// - Parameter range: the numbers of floats that become 0 and 255.
    static func pictures(_ bytes: [UInt8], range: ClosedRange<Double>) throws -> [Picture] {
        if bytes.starts(with: [0x50, 0x4B]) {
            return try pictures(try member(of: bytes), range: range)
        }
        guard bytes.starts(with: Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })),
            bytes.count > 12
        else {
            throw Problem(description: "it is no NumPy array")
        }
        let isLong = bytes[6] > 1
        let length =
            Int(bytes[8]) | Int(bytes[9]) << 8
            | (isLong ? Int(bytes[10]) << 16 | Int(bytes[11]) << 24 : 0)
        let start = (isLong ? 12 : 10) + length
        guard start <= bytes.count else { throw Problem(description: "its header is cut off") }
        let header = String(decoding: bytes[(isLong ? 12 : 10)..<start], as: UTF8.self)
        guard let type = header.firstMatch(of: /'descr':\s*'([^']*)'/)?.1,
            let order = header.firstMatch(of: /'fortran_order':\s*(True|False)/)?.1,
            let text = header.firstMatch(of: /'shape':\s*\(([^)]*)\)/)?.1
        else { throw Problem(description: "its header is not NumPy's") }
        let shape = text.split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        let form = try Form(shape)
        let count = form.count
        let body = bytes[start...]
        guard let number = NumberType(String(type)) else {
            throw Problem(
                description:
                    "its numbers are \(type); whole numbers and floats of up to 64 bits, and truth values, are read"
            )
        }
        guard body.count == count * number.width else {
            throw Problem(description: "its shape \(shape) does not fit its \(body.count) bytes")
        }
        let stored = number == .byte ? Array(body) : try number.bytes(Array(body), range)
        return form.pictures(order == "True" ? rowMajor(stored, shape) : stored)
    }

    /// Numbers that are stored with the first index fastest, with the last fastest.
    private static func rowMajor(_ values: [UInt8], _ shape: [Int]) -> [UInt8] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropFirst() {
            strides[axis] = strides[axis - 1] * shape[axis - 1]
        }
        var index = [Int](repeating: 0, count: shape.count)
        return values.indices.map { _ in
            let value = values[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }]
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
                axis -= 1
            }
            return value
        }
    }

    /// Where the numbers of a picture lie.
    private struct Form {
        let frames, height, width, channels: Int
        let isChannelFirst: Bool
        var count: Int { frames * height * width * channels }

        init(_ shape: [Int]) throws {
            guard shape.allSatisfy({ $0 > 0 && $0 < 1 << 20 }) else {
                throw Problem(description: "its shape \(shape) holds no picture")
            }
            switch shape.count {
            case 3:
                (frames, height, width, channels, isChannelFirst) = (
                    shape[0], shape[1], shape[2], 1, false
                )
            case 4 where [1, 3].contains(shape[3]):
                (frames, height, width, channels, isChannelFirst) = (
                    shape[0], shape[1], shape[2], shape[3], false
                )
            case 4 where [1, 3].contains(shape[1]):
                (frames, height, width, channels, isChannelFirst) = (
                    shape[0], shape[2], shape[3], shape[1], true
                )
            default:
                throw Problem(
                    description:
                        "its shape is \(shape); (T, H, W), (T, H, W, C) and (T, C, H, W) with C 1 or 3 are read"
                )
            }
            guard frames * height <= NumPyArray.byteLimit / (width * channels) else {
                throw Problem(description: "its shape \(shape) is too large for a clip")
            }
        }

        func pictures(_ pixels: [UInt8]) -> [Picture] {
            let size = height * width * channels
            return (0..<frames).map { frame in
                let own = pixels[(frame * size)..<((frame + 1) * size)]
                guard isChannelFirst, channels > 1 else {
                    return Picture(
                        width: width, height: height, channels: channels, pixels: Array(own))
                }
                let plane = height * width
                let mixed = (0..<size).map {
                    own[own.startIndex + $0 % channels * plane + $0 / channels]
                }
                return Picture(width: width, height: height, channels: channels, pixels: mixed)
            }
        }
    }

    // MARK: Archives

    /// The one array of an `.npz`, a ZIP archive (PKWARE's APPNOTE 6.3): stored or deflated.
    private static func member(of bytes: [UInt8]) throws -> [UInt8] {
        func number(_ at: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
        }
        let tail = max(0, bytes.count - 65_557)
        guard bytes.count >= 22,
            let end = (tail...(bytes.count - 22)).last(where: { number($0, 4) == 0x0605_4B50 })
        else { throw Problem(description: "its archive is cut off") }
        guard number(end + 10, 2) == 1 else {
            throw Problem(description: "it holds \(number(end + 10, 2)) arrays; a clip is one")
        }
        let entry = number(end + 16, 4)
        guard entry + 46 <= bytes.count, number(entry, 4) == 0x0201_4B50 else {
            throw Problem(description: "its archive is damaged")
        }
        let (method, checksum) = (number(entry + 10, 2), number(entry + 16, 4))
        let (packed, size, local) = (
            number(entry + 20, 4), number(entry + 24, 4), number(entry + 42, 4)
        )
        guard local + 30 <= bytes.count, size <= byteLimit else {
            throw Problem(description: "its archive is damaged")
        }
        let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
        guard start + packed <= bytes.count else {
            throw Problem(description: "its archive is cut off")
        }
        let body = bytes[start..<start + packed]
        let array = method == 0 ? Array(body) : method == 8 ? Zlib.inflated(body, count: size) : nil
        guard let array, Int(Zlib.crc32(array)) == checksum else {
            throw Problem(
                description: "its archive is damaged, or packed in a way that is not read")
        }
        return array
    }
}
