import Tensors

/// How the points of a sweep are chosen.
package enum SweepMethod: String, Sendable, CaseIterable {
    /// Every combination of the axes' values.
    case grid
    /// Points drawn independently of each other.
    case random
    /// Sobol's sequence, unscrambled: even coverage of all axes together.
    case sobol
    /// Latin hypercube (McKay, Beckman and Conover 1979): each axis is cut into as many pieces as there are points, and every
    /// piece is met once.
    case latinHypercube = "latin_hypercube"
}

/// Points in the unit cube, the same on every machine.
enum UnitPoints {
    static let sobolDimensions = sobolNumbers.count

    /// - Parameters:
    ///   - dimensions: the axes, in the order of the recipe.
    ///   - seed: of what is drawn; Sobol's sequence has none.
    /// - Returns: `[dimension][point]`, each in [0, 1). An axis more leaves the numbers of the others as they are.
    static func columns(_ method: SweepMethod, dimensions: Int, count: Int, seed: UInt64) -> [[Double]] {
        (0..<dimensions).map { dimension in
            var stream = RandomStream(seed: seed, purpose: .samples, part: UInt32(dimension))
            switch method {
            case .grid: return []
            case .random: return (0..<count).map { _ in stream.uniformDouble() }
            case .sobol: return sobol(dimension, count)
            case .latinHypercube:
                // Fisher–Yates from the end, then a place within each piece.
                var pieces = Array(0..<count)
                for last in stride(from: count - 1, to: 0, by: -1) {
                    pieces.swapAt(last, Int(stream.below(UInt32(last + 1))))
                }
                return pieces.map { (Double($0) + stream.uniformDouble()) / Double(count) }
            }
        }
    }

    /// In Gray-code order (Antonov and Saleev 1979), from the origin on.
    private static func sobol(_ dimension: Int, _ count: Int) -> [Double] {
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
        for index in 0..<bits { directions[index] <<= UInt32(bits - 1 - index) }
        var state: UInt32 = 0
        return (0..<count).map { point in
            if point > 0 { state ^= directions[min((~UInt32(point - 1)).trailingZeroBitCount, bits - 1)] }
            return Double(state) / Double(1 << bits)
        }
    }
}

/// Where the values of an axis come from when they are drawn, or spread evenly.
enum Distribution: Sendable, Equatable {
    case uniform(Double, Double)
    case log(Double, Double)
    case wholeNumbers(Int, Int)
    case normal(mean: Double, deviation: Double)

    /// The value below which the share u lies, 0 ≤ u < 1; six significant digits, whole numbers as they are.
    func value(at u: Double) -> Double {
        switch self {
        case .uniform(let low, let high):
            rounded(low + u * (high - low), digits: digits(apart: high - low, upTo: max(abs(low), abs(high))))
        case .log(let low, let high):
            sixDigits(PortableMath.exp(PortableMath.log(low) + u * (PortableMath.log(high) - PortableMath.log(low))))
        case .wholeNumbers(let low, let high): Double(low) + (u * (Double(high) - Double(low) + 1)).rounded(.down)
        case .normal(let mean, let deviation):
            // The ends of the unit interval lie infinitely far out.
            sixDigits(mean + deviation * normalQuantile(min(max(u, 0x1p-31), 1 - 0x1p-31)))
        }
    }

    /// `count` values spread evenly, both ends included; of a normal distribution, at the shares (i + ½)/count.
    func spread(_ count: Int) -> [Double] {
        (0..<count).map { index in
            let part = count == 1 ? 0 : Double(index) / Double(count - 1)
            switch self {
            case .uniform, .log: return value(at: part)
            case .wholeNumbers(let low, let high): return (Double(low) + part * Double(high - low)).rounded()
            case .normal: return value(at: (Double(index) + 0.5) / Double(count))
            }
        }
    }
}

/// The x below which a standard normal variable lies with probability p: Wichura's algorithm AS 241 (1988), PPND16, to about
/// 16 digits; over portable functions, so that it is one number everywhere.
func normalQuantile(_ p: Double) -> Double {
    func ratio(_ x: Double, _ above: [Double], _ below: [Double]) -> Double {
        above.reversed().reduce(0) { $0 * x + $1 } / below.reversed().reduce(0) { $0 * x + $1 }
    }
    let q = p - 0.5
    if abs(q) <= 0.425 {
        return q
            * ratio(
                0.180625 - q * q,
                [
                    3.387_132_872_796_366_608, 1.331_416_678_917_843_774_5e2, 1.971_590_950_306_551_442_7e3,
                    1.373_169_376_550_946_112_5e4, 4.592_195_393_154_987_145_7e4, 6.726_577_092_700_870_085_3e4,
                    3.343_057_558_358_812_810_5e4, 2.509_080_928_730_122_672_7e3,
                ],
                [
                    1, 4.231_333_070_160_091_125_2e1, 6.871_870_074_920_579_083e2, 5.394_196_021_424_751_107_7e3,
                    2.121_379_430_158_659_586_7e4, 3.930_789_580_009_271_061e4, 2.872_908_573_572_194_267_4e4,
                    5.226_495_278_852_854_561e3,
                ])
    }
    let r = (-PortableMath.log(min(p, 1 - p))).squareRoot()
    let x =
        r <= 5
        ? ratio(
            r - 1.6,
            [
                1.423_437_110_749_683_577_34, 4.630_337_846_156_545_295_9, 5.769_497_221_460_691_405_5,
                3.647_848_324_763_204_605_04, 1.270_458_252_452_368_382_58, 2.417_807_251_774_506_117_7e-1,
                2.272_384_498_926_918_458_33e-2, 7.745_450_142_783_414_076_4e-4,
            ],
            [
                1, 2.053_191_626_637_758_821_87, 1.676_384_830_183_803_849_4, 6.897_673_349_851_000_045_5e-1,
                1.481_039_764_274_800_745_9e-1, 1.519_866_656_361_645_719_66e-2, 5.475_938_084_995_344_946e-4,
                1.050_750_071_644_416_843_24e-9,
            ])
        : ratio(
            r - 5,
            [
                6.657_904_643_501_103_777_2, 5.463_784_911_164_114_369_9, 1.784_826_539_917_291_335_8,
                2.965_605_718_285_048_912_3e-1, 2.653_218_952_657_612_309_3e-2, 1.242_660_947_388_078_438_6e-3,
                2.711_555_568_743_487_578_15e-5, 2.010_334_399_292_288_132_65e-7,
            ],
            [
                1, 5.998_322_065_558_879_376_9e-1, 1.369_298_809_227_358_053_1e-1, 1.487_536_129_085_061_485_25e-2,
                7.868_691_311_456_132_591e-4, 1.846_318_317_510_054_681_8e-5, 1.421_511_758_316_445_888_7e-7,
                2.044_263_103_389_939_785_64e-15,
            ])
    return q < 0 ? -x : x
}
