import CVector
import KernelContract

extension Loops {
    public static func weightGradient(
        _ plan: GradientPlan, input: UnsafePointer<Lanes>, outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>, blocks: Int, tiles: Range<Int>, scratch: UnsafeMutablePointer<Lanes>
    ) {
        let inputCopy = scratch + laneCount
        let gradientCopy = inputCopy + plan.copiedInputPixels * plan.inputTiles * gradientTile
        var isFirst = true
        var block = 0
        while block < blocks {
            let chunkBlocks = min(plan.chunkBlocks, blocks - block)
            var row = 0
            while row < plan.outputHeight {
                let rowEnd = min(row + plan.chunkRows, plan.outputHeight)
                let chunk = GradientChunk(
                    plan, blocks: chunkBlocks, rows: Range(uncheckedBounds: (row, rowEnd)),
                    input: input + block * plan.inputBlockStride,
                    gradient: outputGradient + block * plan.outputBlockStride)
                chunk.copy(to: inputCopy, gradientCopy, tiles: tiles)
                chunk.accumulate(
                    inputCopy, gradientCopy, tiles: tiles, result: result, isFirst: isFirst, scratch: scratch)
                isFirst = false
                row = rowEnd
            }
            block += chunkBlocks
        }
    }

    public static func matrixGradient(
        input: UnsafePointer<Lanes>, inputTiles: Int, gradient: UnsafePointer<Lanes>, outputTiles: Range<Int>,
        positions: Int, inputs: Int, outputs: Int, isFirst: Bool, result: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Lanes>
    ) {
        let tileStride = positions * gradientTile
        for inputTile in 0..<inputTiles {
            for outputTile in outputTiles {
                let corner = Corner(inputs: inputs - inputTile * gradientTile, outputs: gradientTile)
                let sums = corner.sum(
                    input + inputTile * tileStride, gradient + (outputTile - outputTiles.lowerBound) * tileStride,
                    positions: positions, scratch: scratch)
                store(
                    sums, result + outputTile * gradientTile * inputs + inputTile * gradientTile, rowStride: inputs,
                    inputs: min(gradientTile, inputs - inputTile * gradientTile),
                    outputs: min(gradientTile, outputs - outputTile * gradientTile), isFirst: isFirst)
            }
        }
    }

    /// Adds 4 × 4 sums, `[output][input]`, to the result, or writes them.
    @inline(__always)
    fileprivate static func store(
        _ sums: Lanes, _ result: UnsafeMutablePointer<Float>, rowStride: Int, inputs: Int, outputs: Int, isFirst: Bool
    ) {
        if inputs == gradientTile && outputs == gradientTile {
            addFour(sums.lowHalf.lowHalf, to: result, isFirst)
            addFour(sums.lowHalf.highHalf, to: result + rowStride, isFirst)
            addFour(sums.highHalf.lowHalf, to: result + 2 * rowStride, isFirst)
            addFour(sums.highHalf.highHalf, to: result + 3 * rowStride, isFirst)
            return
        }
        for o in 0..<outputs {
            for i in 0..<inputs {
                let before = isFirst ? 0 : result[o * rowStride + i]
                result[o * rowStride + i] = before + sums[o * gradientTile + i]
            }
        }
    }
}

@inline(__always)
private func addFour(_ four: SIMD4<Float>, to target: UnsafeMutablePointer<Float>, _ isFirst: Bool) {
    let memory = UnsafeMutableRawPointer(target)
    let before = isFirst ? .zero : memory.loadUnaligned(as: SIMD4<Float>.self)
    memory.storeBytes(of: before + four, as: SIMD4<Float>.self)
}

/// Some rows of a few neighbouring blocks.
private struct GradientChunk {
    let plan: GradientPlan
    let blocks: Int
    let rows: Range<Int>
    let input: UnsafePointer<Lanes>
    let gradient: UnsafePointer<Lanes>
    let firstInputRow: Int
    /// Pixels of one block's copy.
    let inputPixels: Int
    let outputPixels: Int

    @inline(__always)
    init(
        _ plan: GradientPlan, blocks: Int, rows: Range<Int>, input: UnsafePointer<Lanes>,
        gradient: UnsafePointer<Lanes>
    ) {
        self.plan = plan
        self.blocks = blocks
        self.rows = rows
        self.input = input
        self.gradient = gradient
        firstInputRow = plan.inputRows[2 * rows.lowerBound]
        inputPixels = (plan.inputRows[2 * rows.upperBound - 1] + 1 - firstInputRow) * plan.inputWidth
        outputPixels = rows.count * plan.outputWidth
    }

    /// `[tile][block][pixel][4]` of both sides.
    @inline(__always)
    func copy(
        to inputCopy: UnsafeMutablePointer<Lanes>, _ gradientCopy: UnsafeMutablePointer<Lanes>, tiles: Range<Int>
    ) {
        for block in 0..<blocks {
            if plan.copiesInput {
                copyTiles(
                    input + block * plan.inputBlockStride + firstInputRow * plan.inputWidth * plan.inputChannels,
                    pixels: inputPixels, channels: plan.inputChannels,
                    tiles: Range(uncheckedBounds: (0, plan.inputTiles)),
                    to: inputCopy + block * inputPixels * gradientTile, tileStride: blocks * inputPixels * gradientTile)
            }
            copyTiles(
                gradient + block * plan.outputBlockStride
                    + rows.lowerBound * plan.outputWidth * plan.outputChannels,
                pixels: outputPixels, channels: plan.outputChannels, tiles: tiles,
                to: gradientCopy + block * outputPixels * gradientTile, tileStride: blocks * outputPixels * gradientTile
            )
        }
    }

    @inline(__always)
    private func copyTiles(
        _ source: UnsafePointer<Lanes>, pixels: Int, channels: Int, tiles: Range<Int>,
        to target: UnsafeMutablePointer<Lanes>, tileStride: Int
    ) {
        for tile in tiles {
            var from = source + tile * gradientTile
            var to = target + (tile - tiles.lowerBound) * tileStride
            let count = min(gradientTile, channels - tile * gradientTile)
            for _ in 0..<pixels {
                if count == gradientTile {
                    to[0] = from[0]
                    to[1] = from[1]
                    to[2] = from[2]
                    to[3] = from[3]
                } else {
                    for c in 0..<count { to[c] = from[c] }
                }
                from += channels
                to += gradientTile
            }
        }
    }

    @inline(__always)
    func accumulate(
        _ inputCopy: UnsafePointer<Lanes>, _ gradientCopy: UnsafePointer<Lanes>, tiles: Range<Int>,
        result: UnsafeMutablePointer<Float>, isFirst: Bool, scratch: UnsafeMutablePointer<Lanes>
    ) {
        let inputStride = plan.copiesInput ? inputPixels * gradientTile : plan.inputBlockStride
        let outputStride = outputPixels * gradientTile
        let inputStart = plan.copiesInput ? firstInputRow * plan.inputWidth * gradientTile : 0
        let outputStart = rows.lowerBound * plan.outputWidth * gradientTile
        for inputTile in 0..<plan.inputTiles {
            let channel = inputTile * gradientTile
            let tileInput = plan.copiesInput ? inputCopy + inputTile * blocks * inputStride : input + channel
            for outputTile in tiles {
                let output = outputTile * gradientTile
                let tileGradient = gradientCopy + (outputTile - tiles.lowerBound) * blocks * outputStride
                let corner = Corner(inputs: plan.inputChannels - channel, outputs: plan.outputChannels - output)
                for tap in 0..<plan.taps {
                    let starts = plan.starts + tap * (plan.outputHeight + 1)
                    let (first, end) = (starts[rows.lowerBound], starts[rows.upperBound])
                    var sums = Lanes.zero
                    if first < end && inputPixels == 1 && outputPixels == 1 && plan.copiesInput {
                        sums = corner.sum(tileInput, tileGradient, positions: blocks, scratch: scratch)
                    } else if first < end {
                        sums = corner.sum(
                            tileInput - inputStart, tileGradient - outputStart, plan.pairs + first,
                            count: end - first, blocks: blocks, inputStride: inputStride, outputStride: outputStride,
                            scratch: scratch)
                    }
                    Loops.store(
                        sums, result + (output * plan.taps + tap) * plan.inputChannels + channel,
                        rowStride: plan.taps * plan.inputChannels,
                        inputs: min(gradientTile, plan.inputChannels - channel),
                        outputs: min(gradientTile, plan.outputChannels - output), isFirst: isFirst)
                }
            }
        }
    }
}

/// Four inputs × four outputs. Those that do not exist repeat the last that does; their sums are not stored.
///
/// Where the registers do not hold that many sums, it is done in parts: of the lanes, and of the outputs.
private struct Corner {
    let i1, i2, i3, o1, o2, o3: Int

    @inline(__always)
    init(inputs: Int, outputs: Int) {
        (i1, i2, i3) = (min(1, inputs - 1), min(2, inputs - 1), min(3, inputs - 1))
        (o1, o2, o3) = (min(1, outputs - 1), min(2, outputs - 1), min(3, outputs - 1))
    }

    /// Σ input × gradient, for each lane a chain over blocks and the pairs of each; lanes are then added pairwise.
    /// `[output][input]`.
    @inline(__always)
    func sum(
        _ input: UnsafePointer<Lanes>, _ gradient: UnsafePointer<Lanes>, _ pairs: UnsafePointer<GradientPlan.Pair>,
        count: Int, blocks: Int, inputStride: Int, outputStride: Int, scratch: UnsafeMutablePointer<Lanes>
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
                sums.add(self, input + at * gradientTile, gradient + at * gradientTile, part, outputs)
            }
        }
    }

    #if AVX512
        @inline(__always)
        private func forEachPart(
            _ scratch: UnsafeMutablePointer<Lanes>, _ body: (inout CornerSums, _ part: Int, _ outputs: Int) -> Void
        ) -> Lanes {
            var sums = CornerSums()
            body(&sums, 0, 0)
            return sums.folded
        }
    #else
        @inline(__always)
        private func forEachPart(
            _ scratch: UnsafeMutablePointer<Lanes>, _ body: (inout CornerSums, _ part: Int, _ outputs: Int) -> Void
        ) -> Lanes {
            for outputs in 0..<2 {
                for part in 0..<partsOfLanes {
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
    private struct CornerSums {
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
    private struct CornerSums {
        var (a0, a1, a2, a3) = (Part.zero, Part.zero, Part.zero, Part.zero)
        var (b0, b1, b2, b3) = (Part.zero, Part.zero, Part.zero, Part.zero)

        @inline(__always)
        mutating func add(
            _ corner: Corner, _ x: UnsafePointer<Lanes>, _ g: UnsafePointer<Lanes>, _ part: Int, _ outputs: Int
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
        private func load(_ x: UnsafePointer<Lanes>, _ index: Int, _ part: Int) -> Part {
            UnsafeRawPointer(x + index).load(fromByteOffset: part * MemoryLayout<Part>.stride, as: Part.self)
        }

        @inline(__always)
        func store(_ target: UnsafeMutablePointer<Lanes>, _ part: Int) {
            let parts = UnsafeMutableRawPointer(target).assumingMemoryBound(to: Part.self) + part
            parts[0 * partsOfLanes] = a0
            parts[1 * partsOfLanes] = a1
            parts[2 * partsOfLanes] = a2
            parts[3 * partsOfLanes] = a3
            parts[4 * partsOfLanes] = b0
            parts[5 * partsOfLanes] = b1
            parts[6 * partsOfLanes] = b2
            parts[7 * partsOfLanes] = b3
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

/// The sum of sixteen lanes, in one order: `l + (l + 8)`, then 4, 2 and 1 apart.
@inline(__always)
func pairwiseSum(_ x: Lanes) -> Float {
    let eight = x.lowHalf + x.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
}
