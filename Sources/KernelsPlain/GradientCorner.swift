import CVector
import KernelContract

/// Four inputs × four outputs. Those that do not exist repeat the last that does; their sums are
/// not stored.
///
/// Where the registers do not hold that many sums, it is done in parts: of the lanes, and of the
/// outputs.
struct Corner {
    let i1, i2, i3, o1, o2, o3: Int

    @inline(__always)
    init(inputs: Int, outputs: Int) {
        (i1, i2, i3) = (min(1, inputs - 1), min(2, inputs - 1), min(3, inputs - 1))
        (o1, o2, o3) = (min(1, outputs - 1), min(2, outputs - 1), min(3, outputs - 1))
    }

    /// Σ input × gradient, for each lane a chain over blocks and the pairs of each; lanes are then
    /// added pairwise. `[output][input]`.
    @inline(__always)
    func sum(
        _ input: UnsafePointer<Lanes>, _ gradient: UnsafePointer<Lanes>,
        _ pairs: UnsafePointer<GradientPlan.Pair>,
        count: Int, blocks: Int, inputStride: Int, outputStride: Int,
        scratch: UnsafeMutablePointer<Lanes>
    ) -> Lanes {
        forEachPart(scratch) { sums, part, outputs in
            for block in 0..<blocks {
                let x = input + block * inputStride
                let g = gradient + block * outputStride
                for at in 0..<count {
                    let pair = pairs[at]
                    sums.add(self, x + Int(pair.input), g + Int(pair.output), part, outputs)
                }
            }
        }
    }

    /// Likewise over neighbouring positions.
    @inline(__always)
    func sum(
        _ input: UnsafePointer<Lanes>, _ gradient: UnsafePointer<Lanes>, positions: Int,
        scratch: UnsafeMutablePointer<Lanes>
    ) -> Lanes {
        forEachPart(scratch) { sums, part, outputs in
            for at in 0..<positions {
                sums.add(
                    self, input + at * gradientTile, gradient + at * gradientTile, part, outputs)
            }
        }
    }

    #if AVX512
        @inline(__always)
        private func forEachPart(
            _ scratch: UnsafeMutablePointer<Lanes>,
            _ body: (inout CornerSums, _ part: Int, _ outputs: Int) -> Void
        ) -> Lanes {
            var sums = CornerSums()
            body(&sums, 0, 0)
            return sums.folded
        }
    #else
        @inline(__always)
        private func forEachPart(
            _ scratch: UnsafeMutablePointer<Lanes>,
            _ body: (inout CornerSums, _ part: Int, _ outputs: Int) -> Void
        ) -> Lanes {
            for outputs in 0..<2 {
                for part in 0..<registersOfLanes {
                    var sums = CornerSums()
                    body(&sums, part, outputs)
                    sums.store(scratch + outputs * 8, part)
                }
            }
            return fold(scratch)
        }
    #endif
}

#if AVX512
    /// 16 sums and 8 operands: 24 of 32 registers.
    struct CornerSums {
        var (a0, a1, a2, a3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (b0, b1, b2, b3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (c0, c1, c2, c3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
        var (d0, d1, d2, d3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)

        @inline(__always)
        mutating func add(
            _ corner: Corner, _ x: UnsafePointer<Lanes>, _ g: UnsafePointer<Lanes>, _: Int, _: Int
        ) {
            let (g0, g1, g2, g3) = (g[0], g[corner.o1], g[corner.o2], g[corner.o3])
            let (x0, x1, x2, x3) = (x[0], x[corner.i1], x[corner.i2], x[corner.i3])
            a0.addProduct(x0, g0)
            b0.addProduct(x0, g1)
            c0.addProduct(x0, g2)
            d0.addProduct(x0, g3)
            a1.addProduct(x1, g0)
            b1.addProduct(x1, g1)
            c1.addProduct(x1, g2)
            d1.addProduct(x1, g3)
            a2.addProduct(x2, g0)
            b2.addProduct(x2, g1)
            c2.addProduct(x2, g2)
            d2.addProduct(x2, g3)
            a3.addProduct(x3, g0)
            b3.addProduct(x3, g1)
            c3.addProduct(x3, g2)
            d3.addProduct(x3, g3)
        }

        @inline(__always) var folded: Lanes {
            viseme_fold1(
                viseme_fold2(
                    viseme_fold4(viseme_fold8(a0, a1), viseme_fold8(a2, a3)),
                    viseme_fold4(viseme_fold8(b0, b1), viseme_fold8(b2, b3))),
                viseme_fold2(
                    viseme_fold4(viseme_fold8(c0, c1), viseme_fold8(c2, c3)),
                    viseme_fold4(viseme_fold8(d0, d1), viseme_fold8(d2, d3))))
        }
    }
#else
    /// 4 inputs × 2 outputs of part of the lanes: 8 sums and 6 operands of 16 registers.
    struct CornerSums {
        var (a0, a1, a2, a3) = (Register.zero, Register.zero, Register.zero, Register.zero)
        var (b0, b1, b2, b3) = (Register.zero, Register.zero, Register.zero, Register.zero)

        @inline(__always)
        mutating func add(
            _ corner: Corner, _ x: UnsafePointer<Lanes>, _ g: UnsafePointer<Lanes>, _ part: Int,
            _ outputs: Int
        ) {
            let g0 = load(g, outputs == 0 ? 0 : corner.o2, part)
            let g1 = load(g, outputs == 0 ? corner.o1 : corner.o3, part)
            let x0 = load(x, 0, part)
            a0.addProduct(x0, g0)
            b0.addProduct(x0, g1)
            let x1 = load(x, corner.i1, part)
            a1.addProduct(x1, g0)
            b1.addProduct(x1, g1)
            let x2 = load(x, corner.i2, part)
            a2.addProduct(x2, g0)
            b2.addProduct(x2, g1)
            let x3 = load(x, corner.i3, part)
            a3.addProduct(x3, g0)
            b3.addProduct(x3, g1)
        }

        @inline(__always)
        private func load(_ x: UnsafePointer<Lanes>, _ index: Int, _ part: Int) -> Register {
            UnsafeRawPointer(x + index).load(
                fromByteOffset: part * MemoryLayout<Register>.stride, as: Register.self)
        }

        @inline(__always)
        func store(_ target: UnsafeMutablePointer<Lanes>, _ part: Int) {
            let parts =
                UnsafeMutableRawPointer(target).assumingMemoryBound(to: Register.self) + part
            parts[0 * registersOfLanes] = a0
            parts[1 * registersOfLanes] = a1
            parts[2 * registersOfLanes] = a2
            parts[3 * registersOfLanes] = a3
            parts[4 * registersOfLanes] = b0
            parts[5 * registersOfLanes] = b1
            parts[6 * registersOfLanes] = b2
            parts[7 * registersOfLanes] = b3
        }
    }

    /// The lanes of sixteen vectors, each added up in the order of `pairwiseSum`.
    @inline(__always)
    private func fold(_ x: UnsafePointer<Lanes>) -> Lanes {
        viseme_fold1(
            viseme_fold2(
                viseme_fold4(viseme_fold8(x[0], x[1]), viseme_fold8(x[2], x[3])),
                viseme_fold4(viseme_fold8(x[4], x[5]), viseme_fold8(x[6], x[7]))),
            viseme_fold2(
                viseme_fold4(viseme_fold8(x[8], x[9]), viseme_fold8(x[10], x[11])),
                viseme_fold4(viseme_fold8(x[12], x[13]), viseme_fold8(x[14], x[15]))))
    }
#endif
