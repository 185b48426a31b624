import KernelContract

extension Loops {
    public static func multiplyAddPeak(rounds: Int) -> (multiplyAdds: Int, result: Float) {
        // Twelve chains: enough to hide the latency of a multiply-add, few enough for sixteen
        // registers.
        let factor = Register(repeating: 0.999)
        let term = Register(repeating: 0.001)
        var (a, b, c, d) = (
            Register(repeating: 1), Register(repeating: 2), Register(repeating: 3),
            Register(repeating: 4)
        )
        var (e, f, g, h) = (
            Register(repeating: 5), Register(repeating: 6), Register(repeating: 7),
            Register(repeating: 8)
        )
        var (i, j, k, l) = (
            Register(repeating: 9), Register(repeating: 10), Register(repeating: 11),
            Register(repeating: 12)
        )
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
        return (rounds * 12 * Register.scalarCount, sum.sum())
    }
}
