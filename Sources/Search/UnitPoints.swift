import Synchronization
import Tensors

/// Points of the unit interval for one axis each, in [0, 1): the same on every machine. A stream
/// more leaves the numbers of the others as they are.
enum UnitPoints {
    /// The n-th number of a stream.
    static func random(_ point: Int, stream: Int, seed: UInt64) -> Double {
        // A number takes two words, a block holds four.
        var numbers = RandomStream(
            seed: seed, purpose: .samples, part: UInt32(stream), index: UInt64(point / 2))
        if point % 2 == 1 { _ = numbers.uniformDouble() }
        return numbers.uniformDouble()
    }

    /// Sobol's sequence in Gray-code order (Antonov and Saleev 1979), from the origin on.
    /// - Parameter dimension: 0..<`sobolNumbers.count`.
    static func sobol(_ point: Int, dimension: Int) -> Double {
        let bits = 30
        let (polynomial, start) = sobolNumbers[dimension]
        var directions = [UInt32](repeating: 1, count: bits)
        if dimension > 0 {
            let degree = start.count
            for index in 0..<bits {
                if index < degree {
                    directions[index] = start[index]
                    continue
                }
                // v(i) = 2ᵏa(k)·v(i−k) ⊕ … ⊕ v(i−degree), a the polynomial's coefficients.
                var value = directions[index - degree]
                for k in 1...degree where polynomial >> (degree - k) & 1 == 1 {
                    value ^= directions[index - k] << UInt32(k)
                }
                directions[index] = value
            }
        }
        let gray = UInt32(point) ^ UInt32(point) >> 1
        var state: UInt32 = 0
        for index in 0..<bits where gray >> UInt32(index) & 1 == 1 {
            state ^= directions[index] << UInt32(bits - 1 - index)
        }
        return Double(state) / Double(1 << bits)
    }
}

/// The columns of a Latin hypercube, each computed once: a column is known only as a whole.
final class LatinHypercube: Sendable {
    private let samples: Int
    private let seed: UInt64
    private let columns = Mutex<[Int: [Double]]>([:])

    init(samples: Int, seed: UInt64) { (self.samples, self.seed) = (samples, seed) }

    func share(_ point: Int, stream: Int) -> Double {
        columns.withLock { columns in
            if let known = columns[stream] { return known[point] }
            let column = column(stream)
            columns[stream] = column
            return column[point]
        }
    }

    /// Fisher–Yates from the end, then a place within each piece.
    private func column(_ stream: Int) -> [Double] {
        var numbers = RandomStream(seed: seed, purpose: .samples, part: UInt32(stream))
        var pieces = Array(0..<samples)
        for last in stride(from: samples - 1, to: 0, by: -1) {
            pieces.swapAt(last, Int(numbers.below(UInt32(last + 1))))
        }
        return pieces.map { (Double($0) + numbers.uniformDouble()) / Double(samples) }
    }
}
