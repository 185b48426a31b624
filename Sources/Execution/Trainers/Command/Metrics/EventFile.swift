import Files
import Foundation

/// Scalars of TensorBoard's event files: of their first form (`simple_value`) and of the later one (a
/// tensor of one number).
struct EventFile {
    /// What is wrong with a file.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private var offset = 0
    private var records = 0

    /// Whether more was read than the file now has.
    func isLonger(than size: Int) -> Bool { offset > size }

    /// The scalars after those that were read before.
    /// - Parameter file: the whole file.
    /// - Returns: the records, and whether the file ends within one: its writer is not done.
    mutating func next(_ file: [UInt8]) throws(Problem) -> (records: [MetricRecord], isCut: Bool) {
        guard file.count >= offset else {
            throw Problem(description: "it is shorter than it was: it was written anew")
        }
        var found: [MetricRecord] = []
        while offset < file.count {
            do throws(EventRecords.Problem) {
                let (content, end) = try EventRecords.next(file[offset...])
                records += 1
                if let record = EventFile.record(Array(content), place: records) {
                    found.append(record)
                }
                offset = end
            } catch {
                switch error {
                case .cut: return (found, true)
                case .checksum(let place):
                    throw Problem(
                        description:
                            "the checksum of record \(records + 1), at byte \(place), is wrong: the file is damaged"
                    )
                case .size(let place, let size):
                    throw Problem(
                        description:
                            "record \(records + 1), at byte \(place), has \(size) bytes: the file is damaged"
                    )
                }
            }
        }
        return (found, false)
    }

    /// `Event` of TensorFlow's event.proto.
    private static func record(_ bytes: [UInt8], place: Int) -> MetricRecord? {
        var record = MetricRecord(place: place)
        record.step = 0
        for field in ProtocolBuffer(bytes[...]) {
            switch (field.number, field.value) {
            case (2, .integer(let step)): record.step = Double(Int64(bitPattern: step))
            case (5, .bytes(let summary)):
                for value in ProtocolBuffer(summary) where value.number == 1 {
                    guard case .bytes(let content) = value.value else { continue }
                    if let (tag, number) = scalar(content) { record.values[tag] = number }
                }
            default: break
            }
        }
        return record.values.isEmpty ? nil : record
    }

    /// `Summary.Value`: its tag, and its number if it is one.
    private static func scalar(_ bytes: ArraySlice<UInt8>) -> (String, Double)? {
        var (tag, number): (String?, Double?) = (nil, nil)
        for field in ProtocolBuffer(bytes) {
            switch (field.number, field.value) {
            case (1, .bytes(let text)): tag = String(decoding: text, as: UTF8.self)
            case (2, .four(let bits)): number = Double(Float(bitPattern: bits))
            case (8, .bytes(let tensor)): number = TensorValue(tensor).number
            default: break
            }
        }
        return tag.flatMap { tag in number.map { (tag, $0) } }
    }
}

/// `TensorProto` of one number; nil for others.
private struct TensorValue {
    var number: Double?

    init(_ bytes: ArraySlice<UInt8>) {
        var kind: UInt64 = 0
        var content: ArraySlice<UInt8>?
        for field in ProtocolBuffer(bytes) {
            switch (field.number, field.value) {
            case (1, .integer(let type)): kind = type
            case (4, .bytes(let raw)): content = raw
            // Lists of floats and doubles, packed or one by one.
            case (5, .four(let bits)): number = Double(Float(bitPattern: bits))
            case (5, .bytes(let list)) where list.count == 4: number = TensorValue.number(list, 1)
            case (6, .eight(let bits)): number = Double(bitPattern: bits)
            case (6, .bytes(let list)) where list.count == 8: number = TensorValue.number(list, 2)
            default: break
            }
        }
        if let content { number = TensorValue.number(content, kind) }
    }

    /// Type 1 is a float, 2 a double.
    private static func number(_ bytes: ArraySlice<UInt8>, _ kind: UInt64) -> Double? {
        let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch (kind, bytes.count) {
        case (1, 4): return Double(Float(bitPattern: UInt32(bits)))
        case (2, 8): return Double(bitPattern: bits)
        default: return nil
        }
    }
}

/// The fields of a message of Protocol Buffers, in order; ends where the bytes are none.
private struct ProtocolBuffer: Sequence, IteratorProtocol {
    enum Value {
        case integer(UInt64)
        case eight(UInt64)
        case four(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> (number: Int, value: Value)? {
        guard let key = varint() else { return nil }
        let number = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return varint().map { (number, .integer($0)) }
        case 1: return fixed(8).map { (number, .eight($0)) }
        case 2:
            guard let size = varint(), size <= UInt64(rest.count) else { return nil }
            let bytes = rest.prefix(Int(size))
            rest = rest.dropFirst(Int(size))
            return (number, .bytes(bytes))
        case 5: return fixed(4).map { (number, .four(UInt32($0))) }
        default: return nil
        }
    }

    private mutating func varint() -> UInt64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func fixed(_ count: Int) -> UInt64? {
        guard rest.count >= count else { return nil }
        let bytes = rest.prefix(count)
        rest = rest.dropFirst(count)
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
