import Foundation

extension NumPyArray {
    /// How a number of an array is stored: NumPy's type strings, as `<f4`.
    struct NumberType: Equatable {
        private enum Kind: String {
            case truth = "b"
            case signed = "i"
            case unsigned = "u"
            case float = "f"
        }

        private let kind: Kind
        /// Bytes.
        let width: Int
        private let isBigEndian: Bool

        static let byte = NumberType("|u1")

        /// Nil for a type that is not read.
        init?(_ text: String) {
            guard let match = text.wholeMatch(of: /([<>|=]?)([biuf])([1248])/),
                let kind = Kind(rawValue: String(match.2)), let width = Int(match.3),
                kind != .float || width > 1, kind != .truth || width == 1
            else { return nil }
            (self.kind, self.width, isBigEndian) = (kind, width, match.1 == ">")
        }

        /// The numbers as bytes: truth values as 0 and 255, whole numbers as they are, floats by
        /// the range that becomes 0…255, rounded to the nearest, ties away from 0.
        /// - Throws: `Problem` if a number lies outside.
        func bytes(_ data: [UInt8], _ range: ClosedRange<Double>) throws -> [UInt8] {
            let count = data.count / width
            if kind == .truth { return data.map { $0 == 0 ? 0 : 255 } }
            let factor = kind == .float ? 255 / (range.upperBound - range.lowerBound) : 1
            let start = kind == .float ? range.lowerBound : 0
            var (least, greatest) = (Double.infinity, -Double.infinity)
            var hasNaN = false
            let result = data.withUnsafeBytes { buffer in
                (0..<count).map { index -> UInt8 in
                    let number = number(buffer, index * width)
                    guard !number.isNaN else {
                        hasNaN = true
                        return 0
                    }
                    (least, greatest) = (min(least, number), max(greatest, number))
                    return UInt8(max(0, min(255, ((number - start) * factor).rounded())))
                }
            }
            guard !hasNaN else { throw Problem(description: "it holds NaN (not a number)") }
            // What rounds to 0 or 255 is inside.
            let ends = [least, greatest].map { (($0 - start) * factor).rounded() }
            guard ends[0] >= 0, ends[1] <= 255 else {
                let found = "its numbers reach from \(shown(least)) to \(shown(greatest))"
                throw Problem(
                    description: kind == .float
                        ? "\(found), outside of value_range (\(shown(range.lowerBound)) … \(shown(range.upperBound))): set value_range.min and value_range.max to what is black and white"
                        : "\(found); whole numbers are 0…255")
            }
            return result
        }

        private func shown(_ number: Double) -> String { String(format: "%g", number) }

        private func number(_ buffer: UnsafeRawBufferPointer, _ at: Int) -> Double {
            func load<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer {
                let stored = buffer.loadUnaligned(fromByteOffset: at, as: type)
                return isBigEndian ? Integer(bigEndian: stored) : Integer(littleEndian: stored)
            }
            return switch (kind, width) {
            case (.float, 2): NumberType.half(load(UInt16.self))
            case (.float, 4): Double(Float(bitPattern: load(UInt32.self)))
            case (.float, _): Double(bitPattern: load(UInt64.self))
            case (.signed, 1): Double(load(Int8.self))
            case (.signed, 2): Double(load(Int16.self))
            case (.signed, 4): Double(load(Int32.self))
            case (.signed, _): Double(load(Int64.self))
            case (_, 1): Double(load(UInt8.self))
            case (_, 2): Double(load(UInt16.self))
            case (_, 4): Double(load(UInt32.self))
            default: Double(load(UInt64.self))
            }
        }

        /// A 16-bit float (IEEE 754 binary16).
        private static func half(_ bits: UInt16) -> Double {
            let sign = bits >> 15 == 0 ? 1.0 : -1.0
            let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
            switch exponent {
            case 0: return sign * fraction * 0x1p-24
            case 31: return fraction == 0 ? sign * .infinity : .nan
            default: return sign * (1 + fraction / 1024) * pow(2, Double(exponent - 15))
            }
        }
    }
}
