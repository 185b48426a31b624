import Foundation

/// An array that a script of `Tests/Golden` wrote: float32, little-endian, base64.
struct GoldenArray: Decodable {
    let shape: [Int]
    let data: Data

    var values: [Float] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(
                            fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
    }
}

/// The greatest difference, beside the greatest value.
func distance(_ got: [Float], _ expected: [Float]) -> Float {
    precondition(got.count == expected.count)
    let scale = expected.map { abs($0) }.max() ?? 0
    let worst = zip(got, expected).map { abs($0 - $1) }.max() ?? 0
    return got.contains { !$0.isFinite } ? .infinity : worst / max(scale, 1e-6)
}
