import Foundation

/// Tensors in the safetensors format: eight bytes with the length of a JSON header, the header,
/// then little-endian numbers.
public enum SafeTensors {
    /// Why bytes are not a file of this format.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        public let description: String
    }

    public static func write(_ tensors: [Tensor], to path: String) throws {
        try data(tensors).write(to: URL(filePath: path))
    }

    /// A file's bytes. Numbers are written as they are held: F32, F64 or I64.
    /// - Parameter metadata: texts by name, for the file's `__metadata__`.
    public static func data(_ tensors: [Tensor], metadata: [String: String] = [:]) throws -> Data {
        var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
        var data = Data()
        for tensor in tensors {
            let start = data.count
            let dtype: String
            switch tensor.elements {
            case .float32(let values): (dtype, _) = ("F32", append(values, to: &data))
            case .float64(let values): (dtype, _) = ("F64", append(values, to: &data))
            case .integer(let values): (dtype, _) = ("I64", append(values, to: &data))
            }
            header[tensor.name] = [
                "dtype": dtype, "shape": tensor.shape, "data_offsets": [start, data.count],
            ]
        }
        var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys])
        // The numbers begin at a multiple of eight bytes, as the format's own writer has it.
        json += Data(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
        var file = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
        file += json
        file += data
        return file
    }

    /// Numbers lie in memory as in the file: both are little-endian.
    private static func append<Element: BitwiseCopyable>(_ values: [Element], to data: inout Data) {
        values.withUnsafeBytes { data.append(contentsOf: $0) }
    }

    /// All tensors, sorted by the bytes of their names.
    /// - Throws: `Problem` where the bytes are not such a file, or hold a type that is not F64,
    ///   F32, F16, BF16, I64, I32, I16, I8, U32, U16, U8 or BOOL.
    public static func read(_ data: Data) throws -> [Tensor] {
        let bytes = [UInt8](data)
        guard bytes.count >= 8 else { throw Problem(description: "it is shorter than its header") }
        let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(bytes.count - 8), length <= 100_000_000 else {
            throw Problem(description: "its header would be longer than the file")
        }
        let start = 8 + Int(length)
        // The reason is the same for every malformed header.
        guard
            let header = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start]))
                as? [String: Any]
        else {
            throw Problem(description: "its header is not JSON")
        }
        let entries = header.filter { $0.key != "__metadata__" }
        return try entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
            name, entry in
            try tensor(name, entry, bytes[start...])
        }
    }

    private static func tensor(_ name: String, _ entry: Any, _ body: ArraySlice<UInt8>) throws
        -> Tensor
    {
        guard let entry = entry as? [String: Any], let dtype = entry["dtype"] as? String,
            let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int],
            offsets.count == 2,
            0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= body.count,
            shape.allSatisfy({ $0 >= 0 })
        else { throw Problem(description: "the entry of \(name) is not valid") }
        guard let width = widths[dtype] else {
            throw Problem(description: "\(name) is of the type \(dtype), which is not read")
        }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow else { throw Problem(description: "the shape of \(name) is too large") }
            count = product
        }
        let part = body[(body.startIndex + offsets[0])..<(body.startIndex + offsets[1])]
        guard part.count / width == count, part.count % width == 0 else {
            throw Problem(
                description:
                    "\(name) has the shape \(shape) and \(part.count) bytes, which do not fit")
        }
        return Tensor(
            name: name, shape: shape, elements: elements(dtype, Array(part), count), dtype: dtype)
    }

    /// Bytes of one number.
    private static let widths = [
        "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U32": 4,
        "U16": 2, "U8": 1,
        "BOOL": 1,
    ]

    /// Little-endian numbers of a type, as they are held.
    package static func elements(_ dtype: String, _ bytes: [UInt8], _ count: Int)
        -> Tensor.Elements
    {
        func all<Number: BitwiseCopyable>(_ type: Number.Type) -> [Number] {
            bytes.withUnsafeBytes { buffer in
                (0..<count).map {
                    buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: type)
                }
            }
        }
        return switch dtype {
        case "F64": .float64(all(Double.self))
        case "F32": .float32(all(Float.self))
        case "F16": .float32(all(UInt16.self).map(half))
        case "BF16": .float32(all(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) })
        case "I64": .integer(all(Int64.self).map { Int($0) })
        case "I32": .integer(all(Int32.self).map { Int($0) })
        case "I16": .integer(all(Int16.self).map { Int($0) })
        case "I8": .integer(all(Int8.self).map { Int($0) })
        case "U32": .integer(all(UInt32.self).map { Int($0) })
        case "U16": .integer(all(UInt16.self).map { Int($0) })
        default: .integer(all(UInt8.self).map { Int($0) })
        }
    }

    /// IEEE 754 binary16, without loss; Float16 is missing on some systems.
    private static func half(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10 & 0x1F)
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0: return (sign == 0 ? 1 : -1) * Float(fraction) * 0x1p-24
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
