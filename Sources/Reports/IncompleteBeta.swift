import Foundation

/// The regularised incomplete beta function I(x; a, b), by Lentz's continued fraction (Press et al.,
/// Numerical Recipes, 3rd edition, 6.4).
func incompleteBeta(_ a: Double, _ b: Double, at x: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return x < (a + 1) / (a + b + 2)
        ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b
}

private func fraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    func nonzero(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / nonzero(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...10_000 {
        let m = Double(step)
        for term in [
            m * (b - m) * x / ((a - 1 + 2 * m) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 1 + 2 * m)),
        ] {
            d = 1 / nonzero(1 + term * d)
            c = nonzero(1 + term / c)
            result *= d * c
        }
        if abs(d * c - 1) < 1e-16 { break }
    }
    return result
}
