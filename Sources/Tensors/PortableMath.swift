/// Functions of whole studies (axes, schedules) over exactly rounded operations alone, where the
/// mathematics library's last bit may differ from machine to machine. Relative error below 10⁻¹⁴ in
/// the ranges given.
public enum PortableMath {
    /// ln x for finite x > 0: mantissa in [√½, √2), then 2·artanh((m − 1)/(m + 1)) as a series.
    public static func log(_ x: Double) -> Double {
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 1.414_213_562_373_095_1 {
            mantissa /= 2
            exponent += 1
        }
        let t = (mantissa - 1) / (mantissa + 1)
        let square = t * t
        var series = 0.0
        for power in stride(from: 25, through: 1, by: -2) {
            series = series * square + 1 / Double(power)
        }
        return exponent * 0.693_147_180_559_945_3 + 2 * t * series
    }

    /// eˣ for |x| ≤ 700: 2ⁿ times the Taylor series of the rest.
    public static func exp(_ x: Double) -> Double {
        let n = (x * 1.442_695_040_888_963_4).rounded()
        let rest = (x - n * 0.693_147_180_369_123_8) - n * 1.908_214_929_270_587_7e-10
        var series = 1.0
        for term in stride(from: 18, through: 1, by: -1) {
            series = 1 + series * rest / Double(term)
        }
        return Double(sign: .plus, exponent: Int(n), significand: series)
    }

    /// cos(π·t) for 0 ≤ t ≤ 1.
    public static func cosPi(_ t: Double) -> Double {
        if t > 0.5 { return -cosPi(1 - t) }
        let x = t * 3.141_592_653_589_793
        let square = x * x
        var series = 1.0
        for term in stride(from: 22, through: 2, by: -2) {
            series = 1 - series * square / Double(term * (term - 1))
        }
        return series
    }

    /// x to a whole power ≥ 0, by repeated multiplication.
    public static func power(_ x: Double, _ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent { result *= x }
        return result
    }
}
