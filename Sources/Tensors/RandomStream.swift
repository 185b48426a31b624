/// Random numbers from Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as
/// easy as 1, 2, 3").
///
/// The numbers are a function of seed, purpose, part and index alone: no stream disturbs another,
/// any number can be had without those before it, and every machine gets the same.
public struct RandomStream: Sendable {
    /// What the numbers are for. Raw values are part of every result: they are never changed or
    /// used again.
    public enum Purpose: UInt32, Sendable {
        case weights = 1
        case order = 2
        case dropout = 3
        case split = 4
        case visemes = 5
        case augmentation = 6
        case mixup = 7
        case bootstrap = 8
        case samples = 9
        case cuts = 10
        case warps = 11
    }

    private let key: SIMD2<UInt32>
    private let part: UInt32
    private let purpose: UInt32
    private var index: UInt64 = 0
    private var ready = SIMD4<UInt32>()
    private var used = 4

    /// - Parameter index: where in the stream to begin, in blocks of four numbers.
    public init(seed: UInt64, purpose: Purpose, part: UInt32 = 0, index: UInt64 = 0) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.part = part
        self.purpose = purpose.rawValue
        self.index = index
    }

    /// The four numbers at `index`, whatever was drawn before.
    public func block(at index: UInt64) -> SIMD4<UInt32> {
        let counter = SIMD4(
            UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), part,
            purpose)
        return philox(counter, key: key)
    }

    /// The next 32 random bits.
    public mutating func next() -> UInt32 {
        if used == 4 {
            ready = block(at: index)
            index += 1
            used = 0
        }
        defer { used += 1 }
        return ready[used]
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    public mutating func uniform() -> Float {
        unitFloat(next())
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    public mutating func uniformDouble() -> Double {
        let high = UInt64(next()) << 21
        let low = UInt64(next() >> 11)
        return Double(high | low) * 0x1p-53
    }

    /// Uniform in 0..<limit, without bias (Lemire 2019). `limit` is at least 1.
    public mutating func below(_ limit: UInt32) -> UInt32 {
        var product = UInt64(next()) * UInt64(limit)
        if UInt32(truncatingIfNeeded: product) < limit {
            let threshold = (0 &- limit) % limit
            while UInt32(truncatingIfNeeded: product) < threshold {
                product = UInt64(next()) * UInt64(limit)
            }
        }
        return UInt32(truncatingIfNeeded: product >> 32)
    }

    /// Uniform in `range`.
    public mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniformDouble()
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller 1958, one number of two).
    public mutating func normal() -> Double {
        var first = uniformDouble()
        while first == 0 { first = uniformDouble() }
        // cos πt of t in 0…1: the half from 1 to 2 is its mirror image.
        let angle = abs(2 * uniformDouble() - 1)
        return (-2 * PortableMath.log(first)).squareRoot() * PortableMath.cosPi(angle)
    }

    /// A random order (Fisher and Yates 1938).
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, Int(below(UInt32(index + 1))))
        }
    }
}

/// 24 of the bits as a number in [0, 1).
public func unitFloat(_ bits: UInt32) -> Float {
    Float(bits >> 8) * 0x1p-24
}

/// Ten rounds of Philox4x32.
public func philox(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
        let left = UInt64(0xD251_1F53) * UInt64(c.x)
        let right = UInt64(0xCD9E_8D57) * UInt64(c.z)
        c = SIMD4(
            UInt32(truncatingIfNeeded: right >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: right),
            UInt32(truncatingIfNeeded: left >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: left))
        k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return c
}
