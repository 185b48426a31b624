import CHDF5

/// Bytes of a data set that do not go through the library: the image of a file holds its name and
/// shape, and whoever writes the file puts the bytes behind the image. So a file of any size is
/// written, and a part of it read, with little memory; and a full disk is an ordinary error.
///
/// Three numbers of the image have to say so: the data set's address (HDF5 File Format
/// Specification 3.0, IV.A.2.i: layout message, version 3, contiguous), and the end of the file
/// (II.A: superblock, version 0).
package struct ReservedBytes: Sendable, Equatable {
    /// Where in the image the address of the data set is.
    package let field: Int

    private static let endField = 40
    private static let nowhere: UInt64 = .max

    /// Finds the data set of `count` bytes that was reserved in an image.
    package init(in image: [UInt8], count: Int) throws {
        let pattern: [UInt8] =
            [3, 1] + ReservedBytes.bytes(ReservedBytes.nowhere) + ReservedBytes.bytes(UInt64(count))
        var places: [Int] = []
        image.withUnsafeBufferPointer { bytes in
            for at in 0..<max(0, image.count - pattern.count)
            where bytes[at] == 3 && bytes[at + 1] == 1 {
                if pattern.indices.allSatisfy({ bytes[at + $0] == pattern[$0] }) {
                    places.append(at)
                }
            }
        }
        guard places.count == 1, image.count > 96, image[8] == 0 else {
            throw HDF5Error(
                action: "reserve \(count) bytes",
                reason: "the library made a file of another layout")
        }
        field = places[0] + 2
    }

    package init(field: Int) { self.field = field }

    /// Says that the bytes lie at `address` of a file that ends at `end`.
    package func place(at address: Int, end: Int, in image: inout [UInt8]) {
        put(UInt64(address), field, &image)
        put(UInt64(end), ReservedBytes.endField, &image)
    }

    /// Makes the image complete again, with no bytes outside it.
    /// - Returns: the address and the end it had said, or nil where there is no room for them.
    package func remove(from image: inout [UInt8]) -> (address: Int, end: Int)? {
        guard (0...(image.count - 8)).contains(field), image.count > 96 else { return nil }
        let said = (number(field, image), number(ReservedBytes.endField, image))
        put(ReservedBytes.nowhere, field, &image)
        put(UInt64(image.count), ReservedBytes.endField, &image)
        guard let address = Int(exactly: said.0), let end = Int(exactly: said.1) else { return nil }
        return (address, end)
    }

    private func put(_ number: UInt64, _ at: Int, _ image: inout [UInt8]) {
        image.replaceSubrange(at..<at + 8, with: ReservedBytes.bytes(number))
    }

    private func number(_ at: Int, _ image: [UInt8]) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(image[at + $1]) << UInt64(8 * $1) }
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
