import KernelContract

/// Channels that one pass keeps in registers.
let channelGroup = 4

/// Channels four by four.
struct ChannelGroups: Sequence, IteratorProtocol {
    private var position: Int
    private let end: Int

    @inline(__always)
    init(_ channels: Range<Int>) {
        position = channels.lowerBound
        end = channels.upperBound
    }

    @inline(__always)
    mutating func next() -> ChannelGroup? {
        guard position < end else { return nil }
        defer { position += channelGroup }
        return ChannelGroup(first: position, end: end)
    }
}

/// Up to four neighbouring channels; offsets past the last repeat it.
struct ChannelGroup {
    let first, count, o1, o2, o3: Int

    @inline(__always)
    init(first: Int, end: Int) {
        self.first = first
        count = min(channelGroup, end - first)
        (o1, o2, o3) = (min(1, count - 1), min(2, count - 1), min(3, count - 1))
    }

    @inline(__always)
    func spread(_ x: UnsafePointer<Float>) -> (Lanes, Lanes, Lanes, Lanes) {
        (
            Lanes(repeating: x[first]), Lanes(repeating: x[first + o1]),
            Lanes(repeating: x[first + o2]),
            Lanes(repeating: x[first + o3])
        )
    }

    @inline(__always)
    func add(
        _ mask: LaneMask, _ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes,
        to totals: UnsafeMutablePointer<Lanes>
    ) {
        totals[first] += mask(a)
        if count > 1 { totals[first + 1] += mask(b) }
        if count > 2 { totals[first + 2] += mask(c) }
        if count > 3 { totals[first + 3] += mask(d) }
    }
}

/// Keeps the lanes that count and clears the others, whatever they hold.
struct LaneMask {
    private let keep: SIMDMask<SIMD16<Int32>>

    @inline(__always)
    init(_ shape: BlockShape, block: Int, row: Int = 0) {
        if let masks = shape.masks {
            keep = masks[block * shape.maskRows + (shape.maskRows == 1 ? 0 : row)] .> 0
            return
        }
        let frames = block == shape.blocks - 1 ? shape.lastFrames : laneCount
        let lanes = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        keep = lanes .< SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: frames))
    }

    @inline(__always)
    func callAsFunction(_ x: Lanes) -> Lanes {
        Lanes.zero.replacing(with: x, where: keep)
    }
}

/// All segments of all blocks, in order.
struct Segments: Sequence, IteratorProtocol {
    struct Segment {
        let offset, pixels: Int
        let mask: LaneMask
    }

    private let shape: BlockShape
    private let pixels, count: Int
    private var block = 0
    private var index = 0
    private var mask: LaneMask

    @inline(__always)
    init(_ shape: BlockShape) {
        self.shape = shape
        pixels = shape.segment
        count = shape.height * shape.width / shape.segment
        mask = LaneMask(shape, block: 0)
    }

    @inline(__always)
    mutating func next() -> Segment? {
        if index == count {
            index = 0
            block += 1
            guard block < shape.blocks else { return nil }
            mask = LaneMask(shape, block: block)
        }
        guard block < shape.blocks else { return nil }
        if shape.maskRows > 1 { mask = LaneMask(shape, block: block, row: index) }
        defer { index += 1 }
        return Segment(
            offset: block * shape.blockStride + index * pixels * shape.channels, pixels: pixels,
            mask: mask)
    }
}
