import KernelContract

extension Loops {
    public static func multiplyAddPeak(rounds: Int) -> (multiplyAdds: Int, result: Float) {
        // Twelve chains: enough to hide the latency of a multiply-add, few enough for sixteen registers.
        let factor = Part(repeating: 0.999)
        let term = Part(repeating: 0.001)
        var (a, b, c, d) = (Part(repeating: 1), Part(repeating: 2), Part(repeating: 3), Part(repeating: 4))
        var (e, f, g, h) = (Part(repeating: 5), Part(repeating: 6), Part(repeating: 7), Part(repeating: 8))
        var (i, j, k, l) = (Part(repeating: 9), Part(repeating: 10), Part(repeating: 11), Part(repeating: 12))
        for _ in 0..<rounds {
            a = term.addingProduct(a, factor)
            b = term.addingProduct(b, factor)
            c = term.addingProduct(c, factor)
            d = term.addingProduct(d, factor)
            e = term.addingProduct(e, factor)
            f = term.addingProduct(f, factor)
            g = term.addingProduct(g, factor)
            h = term.addingProduct(h, factor)
            i = term.addingProduct(i, factor)
            j = term.addingProduct(j, factor)
            k = term.addingProduct(k, factor)
            l = term.addingProduct(l, factor)
        }
        let sum = (a + b + c + d) + (e + f + g + h) + (i + j + k + l)
        return (rounds * 12 * Part.scalarCount, sum.sum())
    }
}
