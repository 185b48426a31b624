import Digests

/// The trailer that follows an HDF5 file's own end: eight bytes of magic, then the SHA-256 of all
/// before. Other tools do not see it; one that changes the file drops or breaks it, which shows.
enum Trailer {
    static let magic: [UInt8] = Array("\u{89}VISEME\n".unicodeScalars.map { UInt8($0.value) })
    static let count = 8 + 32

    static func sealed(_ image: [UInt8]) -> [UInt8] {
        image + magic + SHA256.hash(image)
    }

    /// The bytes before the trailer.
    static func opened(_ bytes: [UInt8], path: String) throws -> [UInt8] {
        guard bytes.count > count, Array(bytes[(bytes.count - count)..<(bytes.count - 32)]) == magic
        else {
            throw StoreError.unreadable(
                path: path,
                reason: "it does not end with the trailer of a file that viseme wrote whole")
        }
        let image = Array(bytes[..<(bytes.count - count)])
        guard Array(SHA256.hash(image)) == Array(bytes.suffix(32)) else {
            throw StoreError.unreadable(
                path: path,
                reason: "its SHA-256 is not the one in its trailer: it was damaged or changed")
        }
        return image
    }
}
