import KernelContract

// The transforms of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016),
// F(2×2, 3×3). With
//
//     Bᵀ = 1  0 −1  0     G = 1  0  0     Aᵀ = 1  1  1  0
//          0  1  1  0         ½  ½  ½          0  1 −1 −1
//          0 −1  1  0         ½ −½  ½
//          0  1  0 −1         0  0  1
//
// the output is Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A, summed over input channels inside the brackets, and
// the gradient of the weights Gᵀ[(A dY Aᵀ) ⊙ (Bᵀ d B)]G, summed over tiles. Columns are transformed
// first, then rows; every sum is written out.

extension Loops {
    public static func winogradInput(
        _ plan: WinogradPlan, row: Int, input: UnsafePointer<Lanes>, zeros: UnsafePointer<Lanes>,
        positions: Range<Int>, output: UnsafeMutablePointer<Lanes>, layout: TransformedLayout
    ) {
        let channels = plan.inputChannels
        let rowStride = plan.width * channels
        // Row `row` of Bᵀ is the sum or difference of two rows of the tile.
        let (a, b) = row == 0 ? (0, 2) : row == 1 ? (1, 2) : row == 2 ? (2, 1) : (1, 3)
        var place = TilePlace(plan, position: positions.lowerBound)
        for position in positions {
            let (top, left) = (2 * place.row - 1, 2 * place.column - 1)
            let block = input + place.block * plan.height * rowStride
            @inline(__always) func pixel(_ r: Int, _ c: Int) -> UnsafePointer<Lanes> {
                let (y, x) = (top + r, left + c)
                let isInside = y >= 0 && y < plan.height && x >= 0 && x < plan.width
                return isInside ? block + y * rowStride + x * channels : zeros
            }
            let pixels = TileRows(
                a0: pixel(a, 0), a1: pixel(a, 1), a2: pixel(a, 2), a3: pixel(a, 3), b0: pixel(b, 0),
                b1: pixel(b, 1),
                b2: pixel(b, 2), b3: pixel(b, 3))
            let target = output + (position - positions.lowerBound) * layout.positionStride
            if row == 1 {
                transformRow(pixels, target, layout, channels) { $0 + $1 }
            } else {
                transformRow(pixels, target, layout, channels) { $0 - $1 }
            }
            place.advance(plan)
        }
    }

    @inline(__always)
    private static func transformRow(
        _ pixels: TileRows, _ target: UnsafeMutablePointer<Lanes>, _ layout: TransformedLayout,
        _ channels: Int,
        _ combine: (Register, Register) -> Register
    ) {
        var first = 0
        var to = target
        while first < channels {
            for at in first..<min(first + gradientTile, channels) {
                for part in 0..<registersOfLanes {
                    let c0 = combine(load(pixels.a0 + at, part), load(pixels.b0 + at, part))
                    let c1 = combine(load(pixels.a1 + at, part), load(pixels.b1 + at, part))
                    let c2 = combine(load(pixels.a2 + at, part), load(pixels.b2 + at, part))
                    let c3 = combine(load(pixels.a3 + at, part), load(pixels.b3 + at, part))
                    storeFour(
                        transformFour(c0, c1, c2, c3), to + at - first, layout.frequencyStride, part
                    )
                }
            }
            first += gradientTile
            to += layout.groupStride
        }
    }

    public static func winogradOutput(
        _ plan: WinogradPlan, products: UnsafePointer<Lanes>, bias: UnsafePointer<Float>?,
        continuing: Bool,
        positions: Range<Int>, output: UnsafeMutablePointer<Lanes>
    ) {
        let channels = plan.outputChannels
        let rowStride = plan.width * channels
        let stride = positions.count * channels + TransformedLayout.padding
        var place = TilePlace(plan, position: positions.lowerBound)
        for position in positions {
            let source = products + (position - positions.lowerBound) * channels
            let target =
                output + place.block * plan.height * rowStride + 2 * place.row * rowStride + 2
                * place.column * channels
            let hasRight = 2 * place.column + 1 < plan.width
            let hasBottom = 2 * place.row + 1 < plan.height
            for channel in 0..<channels {
                let start = Register(repeating: bias?[channel] ?? 0)
                let to = target + channel
                for part in 0..<registersOfLanes {
                    @inline(__always) func column(_ c: Int) -> (top: Register, bottom: Register) {
                        let at = source + c * stride + channel
                        return transformTwo(
                            load(at, part), load(at + 4 * stride, part),
                            load(at + 8 * stride, part),
                            load(at + 12 * stride, part))
                    }
                    @inline(__always) func write(
                        _ value: Register, _ to: UnsafeMutablePointer<Lanes>
                    ) {
                        store(continuing ? load(to, part) + value : value + start, to, part)
                    }
                    let (a, b, c, d) = (column(0), column(1), column(2), column(3))
                    let top = transformTwo(a.top, b.top, c.top, d.top)
                    let bottom = transformTwo(a.bottom, b.bottom, c.bottom, d.bottom)
                    write(top.top, to)
                    if hasRight { write(top.bottom, to + channels) }
                    if hasBottom { write(bottom.top, to + rowStride) }
                    if hasRight && hasBottom { write(bottom.bottom, to + rowStride + channels) }
                }
            }
            place.advance(plan)
        }
    }

    public static func winogradGradient(
        _ plan: WinogradPlan, row: Int, outputGradient: UnsafePointer<Lanes>,
        zeros: UnsafePointer<Lanes>,
        positions: Range<Int>, groups: Range<Int>, output: UnsafeMutablePointer<Lanes>,
        layout: TransformedLayout
    ) {
        switch row {
        case 0:
            spreadGradient(plan, outputGradient, zeros, positions, groups, output, layout) {
                top, _ in top
            }
        case 1:
            spreadGradient(plan, outputGradient, zeros, positions, groups, output, layout) {
                $0 + $1
            }
        case 2:
            spreadGradient(plan, outputGradient, zeros, positions, groups, output, layout) {
                $0 - $1
            }
        default:
            spreadGradient(plan, outputGradient, zeros, positions, groups, output, layout) {
                _, bottom in -bottom
            }
        }
    }

    @inline(__always)
    private static func spreadGradient(
        _ plan: WinogradPlan, _ outputGradient: UnsafePointer<Lanes>, _ zeros: UnsafePointer<Lanes>,
        _ positions: Range<Int>, _ groups: Range<Int>, _ output: UnsafeMutablePointer<Lanes>,
        _ layout: TransformedLayout, _ combine: (Register, Register) -> Register
    ) {
        let channels = plan.outputChannels
        let rowStride = plan.width * channels
        let end = min(groups.upperBound * gradientTile, channels)
        var place = TilePlace(plan, position: positions.lowerBound)
        for position in positions {
            let topLeft =
                outputGradient + place.block * plan.height * rowStride + 2 * place.row * rowStride
                + 2 * place.column * channels
            let hasRight = 2 * place.column + 1 < plan.width
            let hasBottom = 2 * place.row + 1 < plan.height
            let topRight = hasRight ? topLeft + channels : zeros
            let bottomLeft = hasBottom ? topLeft + rowStride : zeros
            let bottomRight = hasRight && hasBottom ? topLeft + rowStride + channels : zeros
            var to = output + (position - positions.lowerBound) * layout.positionStride
            var first = groups.lowerBound * gradientTile
            while first < end {
                for at in first..<min(first + gradientTile, end) {
                    for part in 0..<registersOfLanes {
                        let left = combine(load(topLeft + at, part), load(bottomLeft + at, part))
                        let right = combine(load(topRight + at, part), load(bottomRight + at, part))
                        storeFour(
                            spreadTwo(left, right), to + at - first, layout.frequencyStride, part)
                    }
                }
                first += gradientTile
                to += layout.groupStride
            }
            place.advance(plan)
        }
    }

    public static func winogradWeights(
        _ plan: WinogradPlan, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>,
        packedBackward: UnsafeMutablePointer<Float>?, outputs: Range<Int>
    ) {
        let (inputs, allOutputs) = (plan.inputChannels, plan.outputChannels)
        let stride = (allOutputs + panelWidth - 1) / panelWidth * inputs * panelWidth
        let backwardStride = (inputs + panelWidth - 1) / panelWidth * allOutputs * panelWidth
        for output in outputs {
            let source = weights + output * 9 * inputs
            let column = packed + output / panelWidth * inputs * panelWidth + output % panelWidth
            for panel in 0..<(inputs + panelWidth - 1) / panelWidth {
                let first = panel * panelWidth
                let count = min(panelWidth, inputs - first)
                @inline(__always) func tap(_ row: Int, _ column: Int) -> Eight {
                    loadEight(source + (row * 3 + column) * inputs + first, count)
                }
                @inline(__always) func row(_ r: Int) -> (Eight, Eight, Eight, Eight) {
                    transformThree(tap(r, 0), tap(r, 1), tap(r, 2))
                }
                let (a, b, c) = (row(0), row(1), row(2))
                let columns = (
                    transformThree(a.0, b.0, c.0), transformThree(a.1, b.1, c.1),
                    transformThree(a.2, b.2, c.2),
                    transformThree(a.3, b.3, c.3)
                )
                let backward = packedBackward.map {
                    $0 + (panel * allOutputs + output) * panelWidth
                }
                let forward = column + first * panelWidth
                // The gradient sees the kernel turned by 180°, which exchanges the first and last
                // frequency of each axis.
                @inline(__always) func keep(_ value: Eight, _ row: Int, _ column: Int) {
                    let turned =
                        (row % 3 == 0 ? 3 - row : row) * 4 + (column % 3 == 0 ? 3 - column : column)
                    if let backward {
                        storeEight(value, backward + turned * backwardStride, panelWidth)
                    }
                    let target = forward + (row * 4 + column) * stride
                    for i in 0..<count { target[i * panelWidth] = value[i] }
                }
                keep(columns.0.0, 0, 0)
                keep(columns.1.0, 0, 1)
                keep(columns.2.0, 0, 2)
                keep(columns.3.0, 0, 3)
                keep(columns.0.1, 1, 0)
                keep(columns.1.1, 1, 1)
                keep(columns.2.1, 1, 2)
                keep(columns.3.1, 1, 3)
                keep(columns.0.2, 2, 0)
                keep(columns.1.2, 2, 1)
                keep(columns.2.2, 2, 2)
                keep(columns.3.2, 2, 3)
                keep(columns.0.3, 3, 0)
                keep(columns.1.3, 3, 1)
                keep(columns.2.3, 3, 2)
                keep(columns.3.3, 3, 3)
            }
        }
    }

    public static func winogradWeightGradient(
        _ plan: WinogradPlan, sums: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>,
        outputs: Range<Int>
    ) {
        let inputs = plan.inputChannels
        let stride = inputs * plan.outputChannels
        for output in outputs {
            let source = sums + output * inputs
            let target = result + output * 9 * inputs
            for panel in 0..<(inputs + panelWidth - 1) / panelWidth {
                let first = panel * panelWidth
                let count = min(panelWidth, inputs - first)
                @inline(__always) func sum(_ row: Int, _ column: Int) -> Eight {
                    loadEight(source + (row * 4 + column) * stride + first, count)
                }
                @inline(__always) func column(_ c: Int) -> (Eight, Eight, Eight) {
                    gatherThree(sum(0, c), sum(1, c), sum(2, c), sum(3, c))
                }
                let (a, b, c, d) = (column(0), column(1), column(2), column(3))
                @inline(__always) func keep(_ row: Int, _ value: (Eight, Eight, Eight)) {
                    storeEight(value.0, target + (row * 3 + 0) * inputs + first, count)
                    storeEight(value.1, target + (row * 3 + 1) * inputs + first, count)
                    storeEight(value.2, target + (row * 3 + 2) * inputs + first, count)
                }
                keep(0, gatherThree(a.0, b.0, c.0, d.0))
                keep(1, gatherThree(a.1, b.1, c.1, d.1))
                keep(2, gatherThree(a.2, b.2, c.2, d.2))
            }
        }
    }
}

/// Which tile of which block.
private struct TilePlace {
    var block, row, column: Int

    @inline(__always)
    init(_ plan: WinogradPlan, position: Int) {
        block = position / plan.tiles
        row = position % plan.tiles / plan.tileColumns
        column = position % plan.tileColumns
    }

    @inline(__always)
    mutating func advance(_ plan: WinogradPlan) {
        column += 1
        guard column == plan.tileColumns else { return }
        column = 0
        row += 1
        guard row == plan.tileRows else { return }
        row = 0
        block += 1
    }
}

/// Two rows of a tile's pixels; those on the border read zeros.
private struct TileRows {
    let a0, a1, a2, a3, b0, b1, b2, b3: UnsafePointer<Lanes>
}
