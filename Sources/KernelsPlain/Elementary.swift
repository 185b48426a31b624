import CVector
import KernelContract

// Elementary functions over exactly rounded operations alone, so that every processor gives the
// same bits. The ranges and coefficients are those of the Cephes library's expf, logf and tanhf
// (Moshier 1984–2000).

/// eˣ. Within 1.2 ulp; +∞ above 88.73, 0 below −103.98, NaN for NaN; denormal results are right to
/// their last bit but one.
@inline(__always)
func exp(_ x: Lanes) -> Lanes {
    // 1.5·2²³: adding it rounds to the nearest whole number
    let magic = Lanes(repeating: 12_582_912)
    let clamped = clamp(x, -104, 89)
    let shifted = magic.addingProduct(clamped, Lanes(repeating: 1.442_695_04))
    let n = shifted - magic
    var r = clamped.addingProduct(n, Lanes(repeating: -0.693_359_375))
    r.addProduct(n, Lanes(repeating: 2.121_944_4e-4))
    var p = Lanes(repeating: 1.987_569_15e-4)
    p = Lanes(repeating: 1.398_199_95e-3).addingProduct(p, r)
    p = Lanes(repeating: 8.333_452e-3).addingProduct(p, r)
    p = Lanes(repeating: 4.166_579_6e-2).addingProduct(p, r)
    p = Lanes(repeating: 1.666_666_5e-1).addingProduct(p, r)
    p = Lanes(repeating: 0.5).addingProduct(p, r)
    let value = (r + 1).addingProduct(p, r * r)
    // 2ⁿ in two halves, so that neither leaves the range of exponents.
    let whole =
        unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- SIMD16<Int32>(repeating: 0x4B40_0000)
    let half = whole &>> 1
    var result = value * powerOfTwo(half) * powerOfTwo(whole &- half)
    result.replace(with: x, where: .!(x .== x))
    return result
}

/// ln x. Within 0.9 ulp; −∞ at 0, NaN below, +∞ at +∞; denormal arguments are scaled first.
@inline(__always)
func log(_ x: Lanes) -> Lanes {
    let smallestNormal = Lanes(repeating: Float.leastNormalMagnitude)
    let isDenormal = x .< smallestNormal
    let scaled = x.replacing(with: x * 8_388_608, where: isDenormal)  // 2²³
    let bits = unsafeBitCast(scaled, to: SIMD16<Int32>.self)
    // Mantissa in [√½, √2).
    var exponent = (bits &- SIMD16<Int32>(repeating: 0x3F35_04F3)) &>> 23
    let mantissa = unsafeBitCast(bits &- (exponent &<< 23), to: Lanes.self)
    exponent = exponent.replacing(with: exponent &- 23, where: isDenormal)
    let e = Lanes(exponent)
    let r = mantissa - 1
    let z = r * r
    var p = Lanes(repeating: 7.037_683_6e-2)
    p = Lanes(repeating: -1.151_461e-1).addingProduct(p, r)
    p = Lanes(repeating: 1.167_699_9e-1).addingProduct(p, r)
    p = Lanes(repeating: -1.242_014_1e-1).addingProduct(p, r)
    p = Lanes(repeating: 1.424_932_3e-1).addingProduct(p, r)
    p = Lanes(repeating: -1.666_805_8e-1).addingProduct(p, r)
    p = Lanes(repeating: 2.000_071_5e-1).addingProduct(p, r)
    p = Lanes(repeating: -2.499_999_4e-1).addingProduct(p, r)
    p = Lanes(repeating: 3.333_333_1e-1).addingProduct(p, r)
    var tail = e * -2.121_944_4e-4
    tail.addProduct(p * r, z)
    tail.addProduct(z, Lanes(repeating: -0.5))
    var result = (r + tail).addingProduct(e, Lanes(repeating: 0.693_359_375))
    result.replace(with: Lanes(repeating: -.infinity), where: x .== 0)
    result.replace(with: x, where: x .== Lanes(repeating: .infinity))
    result.replace(with: Lanes(repeating: .nan), where: .!(x .>= 0))
    return result
}

/// tanh x. Within 1.4 ulp; ±1 beyond ±9.01, odd, NaN for NaN.
@inline(__always)
func tanh(_ x: Lanes) -> Lanes {
    let magnitude = absolute(x)
    let z = x * x
    var p = Lanes(repeating: -5.704_988_7e-3)
    p = Lanes(repeating: 2.063_908_9e-2).addingProduct(p, z)
    p = Lanes(repeating: -5.373_971_5e-2).addingProduct(p, z)
    p = Lanes(repeating: 1.333_144_1e-1).addingProduct(p, z)
    p = Lanes(repeating: -3.333_328_2e-1).addingProduct(p, z)
    let small = x.addingProduct(p * z, x)
    let large = 1 - 2 / (exp(clamp(magnitude + magnitude, 0, 44)) + 1)
    let signed = large.replacing(with: -large, where: x .< 0)
    var result = small.replacing(with: signed, where: magnitude .>= 0.625)
    result.replace(with: x, where: .!(x .== x))
    return result
}

/// 1/(1 + e⁻ˣ). Within 2.5 ulp; NaN for NaN.
@inline(__always)
func sigmoid(_ x: Lanes) -> Lanes {
    1 / (1 + exp(-x))
}

/// 1/√x by two exactly rounded operations. Within 1.5 ulp; +∞ at 0, NaN below, 0 at +∞.
@inline(__always)
func rsqrt(_ x: Lanes) -> Lanes {
    1 / viseme_square_root(x)
}

@inline(__always)
func clamp(_ x: Lanes, _ low: Float, _ high: Float) -> Lanes {
    let raised = x.replacing(with: Lanes(repeating: low), where: x .< low)
    return raised.replacing(with: Lanes(repeating: high), where: raised .> high)
}

@inline(__always)
private func absolute(_ x: Lanes) -> Lanes {
    unsafeBitCast(
        unsafeBitCast(x, to: SIMD16<Int32>.self) & SIMD16<Int32>(repeating: 0x7FFF_FFFF),
        to: Lanes.self)
}

@inline(__always)
private func powerOfTwo(_ n: SIMD16<Int32>) -> Lanes {
    unsafeBitCast((n &+ 127) &<< 23, to: Lanes.self)
}

extension Loops {
    public static func apply(
        _ function: ElementaryFunction, _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>,
        count: Int
    ) {
        for index in 0..<count {
            switch function {
            case .exp: y[index] = exp(x[index])
            case .log: y[index] = log(x[index])
            case .tanh: y[index] = tanh(x[index])
            case .sigmoid: y[index] = sigmoid(x[index])
            case .rsqrt: y[index] = rsqrt(x[index])
            }
        }
    }
}
