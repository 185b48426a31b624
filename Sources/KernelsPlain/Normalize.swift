import KernelContract

/// Channels that one pass keeps in registers.
private let channelGroup = 4

extension Loops {
    public static func channelSums(
        _ x: UnsafePointer<Lanes>, shape: BlockShape, channels: Range<Int>, sums: UnsafeMutablePointer<Float>
    ) {
        var first = channels.lowerBound
        while first < channels.upperBound {
            let group = ChannelGroup(first: first, end: channels.upperBound)
            var total = InlineArray<4, Lanes>(repeating: .zero)
            for row in BlockRows(shape) {
                var part = InlineArray<4, Lanes>(repeating: .zero)
                var pixel = x + row.offset + first
                for _ in 0..<shape.width {
                    part[unchecked: 0] += pixel[0]
                    part[unchecked: 1] += pixel[group.second]
                    part[unchecked: 2] += pixel[group.third]
                    part[unchecked: 3] += pixel[group.fourth]
                    pixel += shape.channels
                }
                for c in 0..<channelGroup { total[unchecked: c] += row.mask(part[unchecked: c]) }
            }
            group.store(total, sums)
            first += channelGroup
        }
    }

    public static func channelSquares(
        _ x: UnsafePointer<Lanes>, shape: BlockShape, mean: UnsafePointer<Float>, channels: Range<Int>,
        sums: UnsafeMutablePointer<Float>
    ) {
        var first = channels.lowerBound
        while first < channels.upperBound {
            let group = ChannelGroup(first: first, end: channels.upperBound)
            let mean0 = Lanes(repeating: mean[first])
            let mean1 = Lanes(repeating: mean[first + group.second])
            let mean2 = Lanes(repeating: mean[first + group.third])
            let mean3 = Lanes(repeating: mean[first + group.fourth])
            var total = InlineArray<4, Lanes>(repeating: .zero)
            for row in BlockRows(shape) {
                var part = InlineArray<4, Lanes>(repeating: .zero)
                var pixel = x + row.offset + first
                for _ in 0..<shape.width {
                    let d0 = pixel[0] - mean0
                    let d1 = pixel[group.second] - mean1
                    let d2 = pixel[group.third] - mean2
                    let d3 = pixel[group.fourth] - mean3
                    part[unchecked: 0].addProduct(d0, d0)
                    part[unchecked: 1].addProduct(d1, d1)
                    part[unchecked: 2].addProduct(d2, d2)
                    part[unchecked: 3].addProduct(d3, d3)
                    pixel += shape.channels
                }
                for c in 0..<channelGroup { total[unchecked: c] += row.mask(part[unchecked: c]) }
            }
            group.store(total, sums)
            first += channelGroup
        }
    }

    public static func normGradientSums(
        gradient: UnsafeMutablePointer<Lanes>, y: UnsafePointer<Lanes>?, x: UnsafePointer<Lanes>, shape: BlockShape,
        mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, channels: Range<Int>,
        sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>
    ) {
        for channel in channels {
            let channelMean = Lanes(repeating: mean[channel])
            var sum = Lanes.zero
            var product = Lanes.zero
            for row in BlockRows(shape) {
                var rowSum = Lanes.zero
                var rowProduct = Lanes.zero
                var index = row.offset + channel
                for _ in 0..<shape.width {
                    var g = gradient[index]
                    if let y {
                        g.replace(with: 0, where: y[index] .<= 0)
                        gradient[index] = g
                    }
                    rowSum += g
                    rowProduct.addProduct(g, x[index] - channelMean)
                    index += shape.channels
                }
                sum += row.mask(rowSum)
                product += row.mask(rowProduct)
            }
            sums[channel] = pairwiseSum(sum)
            products[channel] = pairwiseSum(product) * scale[channel]
        }
    }

    public static func normalize(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shortcut: UnsafePointer<Lanes>?, rectify: Bool,
        shape: BlockShape, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
        beta: UnsafePointer<Float>, blocks: Range<Int>
    ) {
        for block in blocks {
            let mask = LaneMask(frames: block == shape.blocks - 1 ? shape.lastFrames : laneCount)
            var index = block * shape.blockStride
            for _ in 0..<shape.height * shape.width {
                for channel in 0..<shape.channels {
                    let factor = Lanes(repeating: scale[channel] * gamma[channel])
                    var value = Lanes(repeating: beta[channel])
                    value.addProduct(x[index] - Lanes(repeating: mean[channel]), factor)
                    if let shortcut { value += shortcut[index] }
                    if rectify { value.replace(with: 0, where: value .< 0) }
                    y[index] = mask(value)
                    index += 1
                }
            }
        }
    }

    public static func normGradient(
        gradient: UnsafePointer<Lanes>, x: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
        sums: UnsafePointer<Float>, products: UnsafePointer<Float>, blocks: Range<Int>
    ) {
        let share = 1 / Float(shape.samples)
        for block in blocks {
            let mask = LaneMask(frames: block == shape.blocks - 1 ? shape.lastFrames : laneCount)
            var index = block * shape.blockStride
            for _ in 0..<shape.height * shape.width {
                for channel in 0..<shape.channels {
                    let slope = Lanes(repeating: -(products[channel] * share * scale[channel]))
                    var value = gradient[index] - Lanes(repeating: sums[channel] * share)
                    value.addProduct(x[index] - Lanes(repeating: mean[channel]), slope)
                    result[index] = mask(value * Lanes(repeating: gamma[channel] * scale[channel]))
                    index += 1
                }
            }
        }
    }
}

/// Up to four neighbouring channels; offsets past the last repeat it.
private struct ChannelGroup {
    let first: Int
    let count: Int

    @inline(__always)
    init(first: Int, end: Int) {
        self.first = first
        self.count = min(channelGroup, end - first)
    }

    @inline(__always) var second: Int { min(1, count - 1) }
    @inline(__always) var third: Int { min(2, count - 1) }
    @inline(__always) var fourth: Int { min(3, count - 1) }

    @inline(__always)
    func store(_ total: borrowing InlineArray<4, Lanes>, _ sums: UnsafeMutablePointer<Float>) {
        for c in 0..<channelGroup where c < count { sums[first + c] = pairwiseSum(total[unchecked: c]) }
    }
}

/// Keeps the lanes of real frames and clears the others, whatever they hold.
struct LaneMask {
    private let keep: SIMDMask<SIMD16<Int32>>

    @inline(__always)
    init(frames: Int) {
        let lanes = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        keep = lanes .< SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: frames))
    }

    @inline(__always)
    func callAsFunction(_ x: Lanes) -> Lanes {
        Lanes.zero.replacing(with: x, where: keep)
    }
}

/// All rows of all blocks, in order.
struct BlockRows: Sequence, IteratorProtocol {
    struct Row {
        let offset: Int
        let mask: LaneMask
    }

    private let shape: BlockShape
    private var block = 0
    private var row = 0
    private var mask: LaneMask

    @inline(__always)
    init(_ shape: BlockShape) {
        self.shape = shape
        self.mask = LaneMask(frames: shape.blocks == 1 ? shape.lastFrames : laneCount)
    }

    @inline(__always)
    mutating func next() -> Row? {
        if row == shape.height {
            row = 0
            block += 1
            if block == shape.blocks - 1 { mask = LaneMask(frames: shape.lastFrames) }
        }
        guard block < shape.blocks else { return nil }
        defer { row += 1 }
        return Row(offset: block * shape.blockStride + row * shape.width * shape.channels, mask: mask)
    }
}
