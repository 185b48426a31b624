import Foundation
import Kernels
import Tensors
import Testing

private func values(_ function: ElementaryFunction, _ x: [Float], _ width: VectorWidth) -> [Float] {
    let count = (x.count + laneCount - 1) / laneCount
    let (input, output) = (Buffer<Lanes>(count: count), Buffer<Lanes>(count: count))
    for (index, value) in x.enumerated() { input.pointer[index / laneCount][index % laneCount] = value }
    width.kernels.apply(function, input.pointer, output.pointer, count: count)
    return x.indices.map { output.pointer[$0 / laneCount][$0 % laneCount] }
}

/// Distance from the true value in units of the last place of the result.
private func error(_ got: Float, _ expected: Double) -> Double {
    if Float(expected) == got { return 0 }
    return abs(Double(got) - expected) / Double(max(Float(abs(expected)).ulp, .leastNonzeroMagnitude))
}

private func reference(_ function: ElementaryFunction, _ x: Double) -> Double {
    switch function {
    case .exp: exp(x)
    case .log: log(x)
    case .tanh: tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    }
}

@Test(arguments: [(ElementaryFunction.exp, 2.0), (.log, 2.0), (.tanh, 2.0), (.sigmoid, 3.0)])
func elementaryFunctionsAreAsNearAsTheirDocumentationSays(function: ElementaryFunction, limit: Double) {
    var stream = RandomStream(seed: 5, purpose: .weights)
    let x: [Float] = (0..<40_000).map { index in
        let range: Double = index % 2 == 0 ? 2 : 87
        let value = Float((2 * stream.uniformDouble() - 1) * range)
        return function == .log ? Float(exp(Double(value))) : value
    }
    for width in VectorWidth.allCases where width.isAvailable {
        let worst = zip(values(function, x, width), x).map { error($0, reference(function, Double($1))) }.max() ?? 0
        #expect(worst <= limit, "\(function) \(width): \(worst) ulp")
    }
}

@Test func elementaryFunctionsKeepToTheirEnds() {
    for width in VectorWidth.allCases where width.isAvailable {
        let ends: [Float] = [.infinity, -.infinity, .nan, 0, -0.0, 100, -200]
        let e = values(.exp, ends, width)
        #expect(
            e[0] == .infinity && e[1] == 0 && e[2].isNaN && e[3] == 1 && e[4] == 1 && e[5] == .infinity && e[6] == 0)
        let l = values(.log, [0, -1, .infinity, .nan, 1, 1e-40], width)
        #expect(l[0] == -.infinity && l[1].isNaN && l[2] == .infinity && l[3].isNaN && l[4] == 0)
        #expect(error(l[5], log(Double(Float(1e-40)))) <= 2)
        let t = values(.tanh, ends, width)
        #expect(t[0] == 1 && t[1] == -1 && t[2].isNaN && t[3] == 0 && t[5] == 1 && t[6] == -1)
        let s = values(.sigmoid, ends, width)
        #expect(s[0] == 1 && s[1] == 0 && s[2].isNaN && s[3] == 0.5)
    }
}
