import KernelContract

/// One implementation of the kernels. Which one depends on the processor this file is compiled for:
/// the folders KernelsAVX2 and KernelsAVX512 link to these very files.
public enum Loops: KernelSet {
    #if AVX512
        public static let name = "avx512"
    #elseif AVX2
        public static let name = "avx2"
    #else
        public static let name = "plain"
    #endif
}

#if AVX512
    /// 32 registers of 16 numbers hold 2 blocks × 8 outputs.
    let pairsBlocks = true
    let tileOutputs = 8
    typealias TileSums = InlineArray<8, Lanes>
#else
    /// 16 registers of 8 numbers hold 1 block × 4 outputs.
    let pairsBlocks = false
    let tileOutputs = 4
    typealias TileSums = InlineArray<4, Lanes>
#endif

/// Bytes of packed weights worked on at a time: they stay in the second-level cache beside the
/// activations.
private let panelGroupBytes = 256 << 10

extension Loops {
    public static func convolve(
        _ plan: WindowPlan, input: UnsafePointer<Lanes>, weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?,
        continuing: Bool, output: UnsafeMutablePointer<Lanes>, blocks: Range<Int>, rows: Range<Int>,
        panels: Range<Int>
    ) {
        let rowStride = plan.outputWidth * plan.outputChannels
        let panelStride = plan.taps * plan.inputChannels * panelWidth
        let group = max(1, panelGroupBytes / (panelStride * 4))
        var panelStart = panels.lowerBound
        while panelStart < panels.upperBound {
            let panelEnd = min(panelStart + group, panels.upperBound)
            var block = blocks.lowerBound
            while block < blocks.upperBound {
                let pair = pairsBlocks && block + 1 < blocks.upperBound
                let source = input + block * plan.inputBlockStride
                for row in rows {
                    for column in 0..<plan.outputWidth {
                        let window = Window(plan, row: row, column: column)
                        let pixel =
                            output + block * plan.outputBlockStride + row * rowStride + column
                            * plan.outputChannels
                        for panel in panelStart..<panelEnd {
                            let first = panel * panelWidth
                            let tile = Tile(
                                weights: weights + panel * panelStride,
                                bias: bias.map { $0 + first },
                                continuing: continuing,
                                outputs: min(panelWidth, plan.outputChannels - first))
                            #if AVX512
                                if pair {
                                    pairTile(plan, window, tile, source, pixel + first)
                                    continue
                                }
                            #endif
                            singleTiles(plan, window, tile, source, pixel + first)
                        }
                    }
                }
                block += pair ? 2 : 1
            }
            panelStart = panelEnd
        }
    }

    /// The taps that reach one output pixel.
    struct Window {
        let rowTaps: Range<Int>
        let columnTaps: Range<Int>

        @inline(__always)
        init(_ plan: WindowPlan, row: Int, column: Int) {
            rowTaps = Range(uncheckedBounds: (plan.rows.starts[row], plan.rows.starts[row + 1]))
            columnTaps = Range(
                uncheckedBounds: (plan.columns.starts[column], plan.columns.starts[column + 1]))
        }
    }

    /// The weights of one panel, where its sums start, and how many of its outputs exist (1…8).
    struct Tile {
        let weights: UnsafePointer<Float>
        let bias: UnsafePointer<Float>?
        let continuing: Bool
        let outputs: Int
    }

    #if AVX512
        /// Two blocks × eight outputs. Sums are indexed by constants alone, so that they live in
        /// registers.
        @inline(__always)
        static func pairTile(
            _ plan: WindowPlan, _ window: Window, _ tile: Tile, _ input: UnsafePointer<Lanes>,
            _ target: UnsafeMutablePointer<Lanes>
        ) {
            let target1 = target + plan.outputBlockStride
            var a = InlineArray<8, Lanes>(repeating: .zero)
            var b = InlineArray<8, Lanes>(repeating: .zero)
            if tile.continuing {
                for o in 0..<8 where o < tile.outputs {
                    a[unchecked: o] = target[o]
                    b[unchecked: o] = target1[o]
                }
            } else if let bias = tile.bias {
                for o in 0..<8 where o < tile.outputs {
                    a[unchecked: o] = Lanes(repeating: bias[o])
                    b[unchecked: o] = a[unchecked: o]
                }
            }
            let channels = plan.inputChannels
            for r in window.rowTaps {
                let rowInput = input + plan.rows.offsets[r]
                let rowTap = plan.rows.taps[r] * plan.columns.kernel
                for c in window.columnTaps {
                    let x0 = rowInput + plan.columns.offsets[c]
                    let x1 = x0 + plan.inputBlockStride
                    let w = tile.weights + (rowTap + plan.columns.taps[c]) * channels * panelWidth
                    for i in 0..<channels {
                        let v0 = x0[i]
                        let v1 = x1[i]
                        for o in 0..<8 {
                            let weight = Lanes(repeating: w[i * panelWidth + o])
                            a[unchecked: o].addProduct(v0, weight)
                            b[unchecked: o].addProduct(v1, weight)
                        }
                    }
                }
            }
            for o in 0..<8 where o < tile.outputs {
                target[o] = a[unchecked: o]
                target1[o] = b[unchecked: o]
            }
        }
    #endif

    /// One block, the eight outputs of a panel, as many at a time as the registers hold.
    @inline(__always)
    static func singleTiles(
        _ plan: WindowPlan, _ window: Window, _ tile: Tile, _ input: UnsafePointer<Lanes>,
        _ target: UnsafeMutablePointer<Lanes>
    ) {
        var first = 0
        while first < tile.outputs {
            singleTile(plan, window, tile, first, input, target + first)
            first += tileOutputs
        }
    }

    @inline(__always)
    static func singleTile(
        _ plan: WindowPlan, _ window: Window, _ tile: Tile, _ first: Int,
        _ input: UnsafePointer<Lanes>,
        _ target: UnsafeMutablePointer<Lanes>
    ) {
        let outputs = tile.outputs - first
        var a = TileSums(repeating: .zero)
        if tile.continuing {
            for o in 0..<tileOutputs where o < outputs { a[unchecked: o] = target[o] }
        } else if let bias = tile.bias {
            for o in 0..<tileOutputs where o < outputs {
                a[unchecked: o] = Lanes(repeating: bias[first + o])
            }
        }
        let channels = plan.inputChannels
        for r in window.rowTaps {
            let rowInput = input + plan.rows.offsets[r]
            let rowTap = plan.rows.taps[r] * plan.columns.kernel
            for c in window.columnTaps {
                let x = rowInput + plan.columns.offsets[c]
                let w =
                    tile.weights + (rowTap + plan.columns.taps[c]) * channels * panelWidth + first
                for i in 0..<channels {
                    let v = x[i]
                    for o in 0..<tileOutputs {
                        a[unchecked: o].addProduct(v, Lanes(repeating: w[i * panelWidth + o]))
                    }
                }
            }
        }
        for o in 0..<tileOutputs where o < outputs { target[o] = a[unchecked: o] }
    }
}
