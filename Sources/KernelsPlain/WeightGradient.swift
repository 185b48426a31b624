import CVector
import KernelContract

extension Loops {
    public static func weightGradient(
        _ plan: GradientPlan, input: UnsafePointer<Lanes>, outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>, blocks: Int, tiles: Range<Int>,
        scratch: UnsafeMutablePointer<Lanes>
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
                    inputCopy, gradientCopy, tiles: tiles, result: result, isFirst: isFirst,
                    scratch: scratch)
                isFirst = false
                row = rowEnd
            }
            block += chunkBlocks
        }
    }

    public static func matrixGradient(
        input: UnsafePointer<Lanes>, inputTiles: Int, gradient: UnsafePointer<Lanes>,
        outputTiles: Range<Int>,
        positions: Int, inputs: Int, outputs: Int, isFirst: Bool,
        result: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Lanes>
    ) {
        let tileStride = positions * gradientTile
        for inputTile in 0..<inputTiles {
            for outputTile in outputTiles {
                let corner = Corner(
                    inputs: inputs - inputTile * gradientTile, outputs: gradientTile)
                let sums = corner.sum(
                    input + inputTile * tileStride,
                    gradient + (outputTile - outputTiles.lowerBound) * tileStride,
                    positions: positions, scratch: scratch)
                storeCorner(
                    sums, result + outputTile * gradientTile * inputs + inputTile * gradientTile,
                    rowStride: inputs,
                    inputs: min(gradientTile, inputs - inputTile * gradientTile),
                    outputs: min(gradientTile, outputs - outputTile * gradientTile),
                    isFirst: isFirst)
            }
        }
    }

    /// Adds 4 × 4 sums, `[output][input]`, to the result, or writes them.
    @inline(__always)
    static func storeCorner(
        _ sums: Lanes, _ result: UnsafeMutablePointer<Float>, rowStride: Int, inputs: Int,
        outputs: Int, isFirst: Bool
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
private func addFour(_ four: SIMD4<Float>, to target: UnsafeMutablePointer<Float>, _ isFirst: Bool)
{
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
        inputPixels =
            (plan.inputRows[2 * rows.upperBound - 1] + 1 - firstInputRow) * plan.inputWidth
        outputPixels = rows.count * plan.outputWidth
    }

    /// `[tile][block][pixel][4]` of both sides.
    @inline(__always)
    func copy(
        to inputCopy: UnsafeMutablePointer<Lanes>, _ gradientCopy: UnsafeMutablePointer<Lanes>,
        tiles: Range<Int>
    ) {
        for block in 0..<blocks {
            if plan.copiesInput {
                copyTiles(
                    input + block * plan.inputBlockStride + firstInputRow * plan.inputWidth
                        * plan.inputChannels,
                    pixels: inputPixels, channels: plan.inputChannels,
                    tiles: Range(uncheckedBounds: (0, plan.inputTiles)),
                    to: inputCopy + block * inputPixels * gradientTile,
                    tileStride: blocks * inputPixels * gradientTile)
            }
            copyTiles(
                gradient + block * plan.outputBlockStride
                    + rows.lowerBound * plan.outputWidth * plan.outputChannels,
                pixels: outputPixels, channels: plan.outputChannels, tiles: tiles,
                to: gradientCopy + block * outputPixels * gradientTile,
                tileStride: blocks * outputPixels * gradientTile
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
            let tileInput =
                plan.copiesInput ? inputCopy + inputTile * blocks * inputStride : input + channel
            for outputTile in tiles {
                let output = outputTile * gradientTile
                let tileGradient =
                    gradientCopy + (outputTile - tiles.lowerBound) * blocks * outputStride
                let corner = Corner(
                    inputs: plan.inputChannels - channel, outputs: plan.outputChannels - output)
                for tap in 0..<plan.taps {
                    let starts = plan.starts + tap * (plan.outputHeight + 1)
                    let (first, end) = (starts[rows.lowerBound], starts[rows.upperBound])
                    var sums = Lanes.zero
                    if first < end && inputPixels == 1 && outputPixels == 1 && plan.copiesInput {
                        sums = corner.sum(
                            tileInput, tileGradient, positions: blocks, scratch: scratch)
                    } else if first < end {
                        sums = corner.sum(
                            tileInput - inputStart, tileGradient - outputStart, plan.pairs + first,
                            count: end - first, blocks: blocks, inputStride: inputStride,
                            outputStride: outputStride,
                            scratch: scratch)
                    }
                    Loops.storeCorner(
                        sums, result + (output * plan.taps + tap) * plan.inputChannels + channel,
                        rowStride: plan.taps * plan.inputChannels,
                        inputs: min(gradientTile, plan.inputChannels - channel),
                        outputs: min(gradientTile, plan.outputChannels - output), isFirst: isFirst)
                }
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
