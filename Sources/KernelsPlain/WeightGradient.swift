import KernelContract

#if AVX512
    /// 4 inputs × 4 outputs of sums, 8 operands: 24 of 32 registers.
    let gradientInputs = 4
    let gradientOutputs = 4
#else
    /// 2 × 2 sums and 4 operands of two registers each.
    let gradientInputs = 2
    let gradientOutputs = 2
#endif

extension Loops {
    public static func weightGradient(
        _ plan: WindowPlan, input: UnsafePointer<Lanes>, outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>, blocks: Int, tiles: Range<Int>, scratch: UnsafeMutablePointer<Lanes>
    ) {
        for tile in tiles {
            let tileEnd = min((tile + 1) * gradientTile, plan.outputChannels)
            var output = tile * gradientTile
            while output < tileEnd {
                var channel = 0
                while channel < plan.inputChannels {
                    let corner = GradientCorner(
                        channel: channel, output: output, channels: min(gradientInputs, plan.inputChannels - channel),
                        outputs: min(gradientOutputs, plan.outputChannels - output))
                    accumulateGradient(plan, corner, input, outputGradient, blocks, scratch)
                    storeGradient(plan, corner, scratch, result)
                    channel += gradientInputs
                }
                output += gradientOutputs
            }
        }
    }

    /// A few input channels × a few output channels, of which `channels` and `outputs` exist. The others repeat the last
    /// that does, and are thrown away.
    struct GradientCorner {
        let channel: Int
        let output: Int
        let channels: Int
        let outputs: Int
    }

    private static func accumulateGradient(
        _ plan: WindowPlan, _ corner: GradientCorner, _ input: UnsafePointer<Lanes>,
        _ outputGradient: UnsafePointer<Lanes>, _ blocks: Int, _ sums: UnsafeMutablePointer<Lanes>
    ) {
        let tileSize = gradientInputs * gradientOutputs
        for index in 0..<plan.taps * tileSize { sums[index] = .zero }
        let rowStride = plan.outputWidth * plan.outputChannels
        for block in 0..<blocks {
            let blockInput = input + block * plan.inputBlockStride + corner.channel
            let blockGradient = outputGradient + block * plan.outputBlockStride + corner.output
            for row in 0..<plan.outputHeight {
                for r in plan.rows.starts[row]..<plan.rows.starts[row + 1] {
                    let rowInput = blockInput + plan.rows.offsets[r]
                    let rowGradient = blockGradient + row * rowStride
                    for kernelColumn in 0..<plan.columns.kernel {
                        let run = plan.columnRuns[kernelColumn]
                        let tap = plan.rows.taps[r] * plan.columns.kernel + kernelColumn
                        addRun(
                            corner, rowInput + run.offset, run.step, rowGradient + run.first * plan.outputChannels,
                            plan.outputChannels, run.count, sums + tap * tileSize)
                    }
                }
            }
        }
    }

    /// Adds `count` neighbouring outputs to the sums of one tap.
    @inline(__always)
    private static func addRun(
        _ corner: GradientCorner, _ input: UnsafePointer<Lanes>, _ inputStep: Int, _ gradient: UnsafePointer<Lanes>,
        _ gradientStep: Int, _ count: Int, _ sums: UnsafeMutablePointer<Lanes>
    ) {
        #if AVX512
            let (i1, i2, i3) = (min(1, corner.channels - 1), min(2, corner.channels - 1), min(3, corner.channels - 1))
            let (o1, o2, o3) = (min(1, corner.outputs - 1), min(2, corner.outputs - 1), min(3, corner.outputs - 1))
            var (a0, a1, a2, a3) = (sums[0], sums[1], sums[2], sums[3])
            var (b0, b1, b2, b3) = (sums[4], sums[5], sums[6], sums[7])
            var (c0, c1, c2, c3) = (sums[8], sums[9], sums[10], sums[11])
            var (d0, d1, d2, d3) = (sums[12], sums[13], sums[14], sums[15])
            var x = input
            var g = gradient
            for _ in 0..<count {
                let (g0, g1, g2, g3) = (g[0], g[o1], g[o2], g[o3])
                let (x0, x1, x2, x3) = (x[0], x[i1], x[i2], x[i3])
                a0.addProduct(x0, g0)
                a1.addProduct(x0, g1)
                a2.addProduct(x0, g2)
                a3.addProduct(x0, g3)
                b0.addProduct(x1, g0)
                b1.addProduct(x1, g1)
                b2.addProduct(x1, g2)
                b3.addProduct(x1, g3)
                c0.addProduct(x2, g0)
                c1.addProduct(x2, g1)
                c2.addProduct(x2, g2)
                c3.addProduct(x2, g3)
                d0.addProduct(x3, g0)
                d1.addProduct(x3, g1)
                d2.addProduct(x3, g2)
                d3.addProduct(x3, g3)
                x += inputStep
                g += gradientStep
            }
            (sums[0], sums[1], sums[2], sums[3]) = (a0, a1, a2, a3)
            (sums[4], sums[5], sums[6], sums[7]) = (b0, b1, b2, b3)
            (sums[8], sums[9], sums[10], sums[11]) = (c0, c1, c2, c3)
            (sums[12], sums[13], sums[14], sums[15]) = (d0, d1, d2, d3)
        #else
            let i1 = min(1, corner.channels - 1)
            let o1 = min(1, corner.outputs - 1)
            var (a0, a1, b0, b1) = (sums[0], sums[1], sums[2], sums[3])
            var x = input
            var g = gradient
            for _ in 0..<count {
                let (g0, g1, x0, x1) = (g[0], g[o1], x[0], x[i1])
                a0.addProduct(x0, g0)
                a1.addProduct(x0, g1)
                b0.addProduct(x1, g0)
                b1.addProduct(x1, g1)
                x += inputStep
                g += gradientStep
            }
            (sums[0], sums[1], sums[2], sums[3]) = (a0, a1, b0, b1)
        #endif
    }

    private static func storeGradient(
        _ plan: WindowPlan, _ corner: GradientCorner, _ sums: UnsafePointer<Lanes>,
        _ result: UnsafeMutablePointer<Float>
    ) {
        for tap in 0..<plan.taps {
            let tapSums = sums + tap * gradientInputs * gradientOutputs
            for o in 0..<corner.outputs {
                let row = result + ((corner.output + o) * plan.taps + tap) * plan.inputChannels + corner.channel
                for i in 0..<corner.channels { row[i] = pairwiseSum(tapSums[i * gradientOutputs + o]) }
            }
        }
    }
}

/// The sum of sixteen lanes, in one order: `l + (l + 8)`, then 4, 2 and 1 apart.
@inline(__always)
func pairwiseSum(_ x: Lanes) -> Float {
    let eight = x.lowHalf + x.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
}
