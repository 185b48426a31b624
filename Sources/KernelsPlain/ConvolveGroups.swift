import KernelContract

extension Loops {
    public static func convolveGroups(
        _ plan: WindowPlan, groups: Int, input: UnsafePointer<Lanes>,
        weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, continuing: Bool,
        output: UnsafeMutablePointer<Lanes>, blocks: Range<Int>
    ) {
        let (inputs, outputs) = (plan.inputChannels / groups, plan.outputChannels / groups)
        forEachWindow(plan, blocks) { block, pixel, window in
            let source = input + block * plan.inputBlockStride
            for o in 0..<plan.outputChannels {
                let target = output + pixel + o
                var sum =
                    continuing ? target.pointee : bias.map { Lanes(repeating: $0[o]) } ?? .zero
                forEachTap(plan, window) { tap, offset in
                    let x = source + offset + o / outputs * inputs
                    let w = weights + (o * plan.taps + tap) * inputs
                    for i in 0..<inputs { sum.addProduct(x[i], Lanes(repeating: w[i])) }
                }
                target.pointee = sum
            }
        }
    }

    public static func convolveGroupsGradient(
        _ plan: WindowPlan, groups: Int, gradient: UnsafePointer<Lanes>,
        weights: UnsafePointer<Float>, continuing: Bool, result: UnsafeMutablePointer<Lanes>,
        blocks: Range<Int>
    ) {
        let (inputs, outputs) = (plan.inputChannels / groups, plan.outputChannels / groups)
        if !continuing {
            let stride = plan.inputBlockStride
            for at in blocks.lowerBound * stride..<blocks.upperBound * stride { result[at] = .zero }
        }
        forEachWindow(plan, blocks) { block, pixel, window in
            let target = result + block * plan.inputBlockStride
            for o in 0..<plan.outputChannels {
                let g = gradient[pixel + o]
                forEachTap(plan, window) { tap, offset in
                    let x = target + offset + o / outputs * inputs
                    let w = weights + (o * plan.taps + tap) * inputs
                    for i in 0..<inputs { x[i].addProduct(g, Lanes(repeating: w[i])) }
                }
            }
        }
    }

    public static func convolveGroupsWeights(
        _ plan: WindowPlan, groups: Int, input: UnsafePointer<Lanes>,
        gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Float>, blocks: Int,
        outputs range: Range<Int>, scratch sums: UnsafeMutablePointer<Lanes>
    ) {
        let (inputs, outputs) = (plan.inputChannels / groups, plan.outputChannels / groups)
        let length = plan.taps * inputs
        for o in range {
            for at in 0..<length { sums[at] = .zero }
            forEachWindow(plan, 0..<blocks) { block, pixel, window in
                let source = input + block * plan.inputBlockStride + o / outputs * inputs
                let g = gradient[pixel + o]
                forEachTap(plan, window) { tap, offset in
                    for i in 0..<inputs {
                        sums[tap * inputs + i].addProduct(source[offset + i], g)
                    }
                }
            }
            for at in 0..<length { result[o * length + at] = pairwiseSum(sums[at]) }
        }
    }

    /// - Parameter body: gets the place of the output's first channel.
    @inline(__always)
    private static func forEachWindow(
        _ plan: WindowPlan, _ blocks: Range<Int>,
        _ body: (_ block: Int, _ pixel: Int, _ window: Window) -> Void
    ) {
        for block in blocks {
            for row in 0..<plan.outputHeight {
                for column in 0..<plan.outputWidth {
                    let pixel = (row * plan.outputWidth + column) * plan.outputChannels
                    body(
                        block, block * plan.outputBlockStride + pixel,
                        Window(plan, row: row, column: column))
                }
            }
        }
    }

    /// - Parameter body: gets the offset of the first channel that the tap reads.
    @inline(__always)
    private static func forEachTap(
        _ plan: WindowPlan, _ window: Window, _ body: (_ tap: Int, _ offset: Int) -> Void
    ) {
        for r in window.rowTaps {
            for c in window.columnTaps {
                body(
                    plan.rows.taps[r] * plan.columns.kernel + plan.columns.taps[c],
                    plan.rows.offsets[r] + plan.columns.offsets[c])
            }
        }
    }
}
