/// Inner loops that pass over activations once.
public protocol ElementKernels {
    /// `x *= y`, element by element.
    static func multiply(_ x: UnsafeMutablePointer<Lanes>, by y: UnsafePointer<Lanes>, count: Int)

    /// Sixteen rows of bytes, turned: `target[at]` holds number `at` of every row, in its tone,
    /// divided by 255; where there is a second set of rows, mixed with it.
    static func turnPixels(
        _ first: PixelTurn, mixedWith second: PixelTurn?, count: Int,
        target: UnsafeMutablePointer<Lanes>)

    /// x *= masks: the same number for all channels of a row.
    static func scaleRows(
        _ x: UnsafeMutablePointer<Lanes>, by masks: UnsafePointer<Lanes>, channels: Int, rows: Int)

    /// x = factor·x + offset, lane by lane: `factors` are sixteen factors, then sixteen offsets.
    static func scaleLanes(
        _ x: UnsafeMutablePointer<Lanes>, by factors: UnsafePointer<Float>, count: Int)

    /// Mean over rows and columns: one chain, times 1/(rows·columns).
    static func averagePool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>)

    static func averagePoolGradient(
        _ gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>)

    /// y = f(x), pixel by pixel: the first `channels` numbers of each.
    static func activate(
        _ function: ActivationFunction, _ x: StridedPixels, y: StridedPixels, channels: Int,
        pixels: Range<Int>)

    /// result = gradient·f′(x), pixel by pixel; `result` may be where the gradient is.
    static func activationGradient(
        _ function: ActivationFunction, x: StridedPixels, gradient: StridedPixels,
        result: StridedPixels, channels: Int, pixels: Range<Int>)

    /// result = gradient·min(0, x): the addends of the gradient of a leaky rectifier's slopes.
    static func slopeProducts(
        x: StridedPixels, gradient: StridedPixels, result: StridedPixels, channels: Int,
        pixels: Range<Int>)

    /// The greatest of each window, and the number of the tap that it came from: row by row, the
    /// first of equal ones; a NaN counts as greatest. Taps on the border are left out.
    static func maxPool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>,
        chosen: UnsafeMutablePointer<Lanes>?, geometry: PoolGeometry, blocks: Range<Int>)

    /// The gradient goes to the chosen tap of each window; windows are taken row by row.
    static func maxPoolGradient(
        _ gradient: UnsafePointer<Lanes>, chosen: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, geometry: PoolGeometry, blocks: Range<Int>)

    /// y = x·scales, one scale a block and channel: `[block][channel]`.
    static func scaleChannels(
        _ x: UnsafePointer<Lanes>, by scales: UnsafePointer<Lanes>,
        y: UnsafeMutablePointer<Lanes>, shape: BlockShape, blocks: Range<Int>)

    /// Σ x·y over the pixels of a block, one chain a channel: `[block][channel]`.
    static func channelProducts(
        _ x: UnsafePointer<Lanes>, _ y: UnsafePointer<Lanes>, sums: UnsafeMutablePointer<Lanes>,
        shape: BlockShape, blocks: Range<Int>)

    /// result = gradient·scales + means/(rows·columns): the gradient of x where each channel was
    /// scaled, and its mean used besides; `scales` and `means` are `[block][channel]`.
    static func scaleChannelsGradient(
        _ gradient: UnsafePointer<Lanes>, scales: UnsafePointer<Lanes>,
        means: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>)

    /// `gradient *= y·(1 − y)`, y being what a sigmoid gave.
    static func sigmoidGradient(
        _ y: UnsafePointer<Lanes>, gradient: UnsafeMutablePointer<Lanes>, count: Int)

    /// `x += y`, element by element.
    static func add(_ x: UnsafeMutablePointer<Lanes>, _ y: UnsafePointer<Lanes>, count: Int)

    /// Moves numbers to other lanes: lane l of the target is lane l + `lanes` of the source, or of
    /// `next` from the end of the source on; nil is zero. The first `channels` numbers of each
    /// pixel. `adding`: to what the target holds.
    static func shiftLanes(
        _ source: UnsafePointer<Lanes>?, _ next: UnsafePointer<Lanes>?, by lanes: Int,
        kept: Int, sourceStride: Int, target: StridedPixels, channels: Int, pixels: Int,
        adding: Bool)
}

/// Sixteen rows of bytes that become vectors.
public struct PixelTurn {
    /// Each may be read up to the next multiple of sixteen.
    public let rows: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    /// Gain, contrast and mean of each row: a byte becomes mean + (byte·gain − mean)·contrast,
    /// rounded to the nearest of 0…255. Nil: it stays.
    public let tone: UnsafePointer<Float>?
    /// Of the second of two that are mixed: the shares of the first, row by row, then what is left.
    /// Vectors themselves are handed over in other ways by code of other widths.
    public let shares: UnsafePointer<Float>?

    public init(
        rows: UnsafeMutablePointer<UnsafePointer<UInt8>?>, tone: UnsafePointer<Float>?,
        shares: UnsafePointer<Float>? = nil
    ) {
        (self.rows, self.tone, self.shares) = (rows, tone, shares)
    }
}
