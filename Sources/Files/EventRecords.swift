/// The records of TensorBoard's event files (`tfrecord`): length, its checksum, content, its
/// checksum. Checksums are CRC-32C (RFC 3720, appendix B.4), turned and shifted by a constant, so that
/// a checksum of checksums says something.
package enum EventRecords {
    /// One record.
    package static func record(_ content: [UInt8]) -> [UInt8] {
        let length = bytes(UInt64(content.count))
        return length + bytes(masked(length[...])) + content + bytes(masked(content[...]))
    }

    /// What is wrong with a file at one place.
    package enum Problem: Error, Equatable {
        /// The file ends within a record: its writer is not done, or was stopped.
        case cut(at: Int)
        case checksum(at: Int)
        case size(at: Int, Int)
    }

    /// Longer records are none that scalars need; pictures may be.
    package static let sizeLimit = 1 << 28

    /// The record that begins at a place, and where the next one begins.
    package static func next(_ file: ArraySlice<UInt8>) throws(Problem) -> (
        content: ArraySlice<UInt8>, end: Int
    ) {
        let start = file.startIndex
        guard file.count >= 12 else { throw .cut(at: start) }
        let length = file[start..<start + 8]
        guard masked(length) == number(file[start + 8..<start + 12]) else {
            throw .checksum(at: start)
        }
        let size = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard size <= UInt64(sizeLimit) else { throw .size(at: start, Int(clamping: size)) }
        let end = start + 12 + Int(size)
        guard file.endIndex >= end + 4 else { throw .cut(at: start) }
        let content = file[start + 12..<end]
        guard masked(content) == number(file[end..<end + 4]) else { throw .checksum(at: start) }
        return (content, end + 4)
    }

    private static func masked(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let sum = CRC32C.of(bytes)
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

/// The cyclic redundancy check of Castagnoli's polynomial.
package enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    }

    package static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(~UInt32(0)) { sum, byte in
                sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
            }
        }
    }
}
