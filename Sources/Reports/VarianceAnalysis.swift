import Foundation

/// Which factors move a response, by all observations at once: a linear model of main effects, each
/// factor tested by the F test of the model with it against the model without it (type II sums of
/// squares; Fox, Applied Regression Analysis, 3rd edition, 8.2).
package enum VarianceAnalysis {
    package struct Test: Sendable, Equatable {
        package let f: Double
        /// Degrees of freedom of the factor and of the residuals.
        package let freedom: (factor: Int, residual: Int)
        package let p: Double
        /// Of the response's sum of squares, 0…1 (η²).
        package let share: Double

        package static func == (a: Test, b: Test) -> Bool {
            a.f == b.f && a.freedom == b.freedom && a.p == b.p
        }
    }

    /// - Parameters:
    ///   - response: one finite number for each observation.
    ///   - factors: for each factor the level of each observation, from 0.
    /// - Returns: a test of each factor; nil where it has one level, depends on the others, or no
    ///   degrees of freedom are left.
    package static func tests(_ response: [Double], _ factors: [[Int]]) -> [Test?] {
        precondition(
            factors.allSatisfy { $0.count == response.count }, "levels of all observations")
        let groups = factors.map(indicators)
        let full = Fit(response, groups.flatMap { $0 })
        let residual = response.count - full.rank
        let total = Fit(response, []).squares
        // What rounding leaves of a perfect fit is no spread.
        let least = least(response)
        return factors.indices.map { factor in
            let others = groups.enumerated().filter { $0.offset != factor }.flatMap(\.element)
            let reduced = Fit(response, others)
            let freedom = full.rank - reduced.rank
            guard freedom > 0, residual > 0, full.squares > least else { return nil }
            let gain = max(0, reduced.squares - full.squares) / Double(freedom)
            let f = gain / (full.squares / Double(residual))
            let p = FisherF(freedom, residual).upperTail(f)
            return Test(
                f: f, freedom: (freedom, residual), p: p, share: gain * Double(freedom) / total)
        }
    }

    /// The share of the response's sum of squares that all factors explain together (R²); nil where
    /// it has none.
    package static func explained(_ response: [Double], _ factors: [[Int]]) -> Double? {
        let total = Fit(response, []).squares
        guard total > least(response) else { return nil }
        let share = 1 - Fit(response, factors.map(indicators).flatMap { $0 }).squares / total
        return share.isFinite ? min(1, max(0, share)) : nil
    }

    /// A sum of squares that rounding alone may leave.
    private static func least(_ response: [Double]) -> Double {
        let rounding = 16 * Statistics.rounding(response)
        return Double(response.count) * rounding * rounding
    }

    /// A column of 0 and 1 for each level but the first.
    private static func indicators(_ levels: [Int]) -> [[Double]] {
        guard let most = levels.max(), most > 0 else { return [] }
        return (1...most).map { level in levels.map { $0 == level ? 1 : 0 } }
    }

    /// Least squares on a constant and some columns, by Gram and Schmidt's orthogonalisation, done
    /// twice.
    private struct Fit {
        /// Of the residuals, summed.
        let squares: Double
        let rank: Int

        init(_ response: [Double], _ columns: [[Double]]) {
            var basis: [[Double]] = []
            func rest(_ column: [Double]) -> [Double] {
                var rest = column
                for _ in 0..<2 {
                    for direction in basis {
                        let share = Fit.product(rest, direction)
                        for index in rest.indices { rest[index] -= share * direction[index] }
                    }
                }
                return rest
            }
            for column in [[Double](repeating: 1, count: response.count)] + columns {
                let own = rest(column)
                let length = Fit.product(own, own).squareRoot()
                // A column that the others make adds nothing.
                guard length > 1e-9 * Fit.product(column, column).squareRoot(), length > 0 else {
                    continue
                }
                basis.append(own.map { $0 / length })
            }
            let left = rest(response)
            squares = Fit.product(left, left)
            rank = basis.count
        }

        private static func product(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }
}

/// Fisher's F distribution.
package struct FisherF: Sendable {
    private let first, second: Double

    /// - Parameters: degrees of freedom of the numerator and of the denominator.
    package init(_ first: Int, _ second: Int) {
        precondition(first > 0 && second > 0, "degrees of freedom")
        (self.first, self.second) = (Double(first), Double(second))
    }

    /// P(F > f): the regularised incomplete beta function of d₂/(d₂ + d₁f) at (d₂/2, d₁/2).
    package func upperTail(_ f: Double) -> Double {
        f.isInfinite
            ? 0 : incompleteBeta(second / 2, first / 2, at: second / (second + first * f))
    }
}
