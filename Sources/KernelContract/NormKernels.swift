/// The inner loops of batch norm and layer norm.
public protocol NormKernels {
    // MARK: Batch norm, and sums over frames and pixels
    /// Σ over blocks, pixels and the first `frames` lanes of each channel: a chain over each
    /// segment of `shape`, a chain over the segments, then the lanes pairwise.
    ///
    /// - Parameter totals: `[channels]` lanes of working space; those of other channels stay
    ///   untouched.
    static func channelSums(
        _ x: UnsafePointer<Lanes>, shape: BlockShape, channels: Range<Int>,
        totals: UnsafeMutablePointer<Lanes>,
        sums: UnsafeMutablePointer<Float>)

    /// Σ of squared differences from `mean`, in the order of `channelSums`.
    static func channelSquares(
        _ x: UnsafePointer<Lanes>, shape: BlockShape, mean: UnsafePointer<Float>,
        channels: Range<Int>,
        totals: UnsafeMutablePointer<Lanes>, sums: UnsafeMutablePointer<Float>)

    /// y = (x − mean)·factor + beta (+ shortcut), then max(0, y) where `rectify`; lanes beyond the
    /// last frame 0.
    static func normalize(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shortcut: UnsafePointer<Lanes>?,
        rectify: Bool,
        shape: BlockShape, norm: NormFactors, blocks: Range<Int>)

    /// The two sums the gradient of batch norm needs, in the order of `channelSums`: Σ g and Σ g·(x
    /// − mean), where g is `gradient` where the rectifier let the value through and 0 elsewhere.
    /// Where the rectifier is known by its output, g is left in `gradient`.
    ///
    /// - Parameter totals: `[2][channels]` lanes.
    static func normGradientSums(
        gradient: UnsafeMutablePointer<Lanes>, rectifier: Rectifier, x: UnsafePointer<Lanes>,
        shape: BlockShape,
        norm: NormFactors, channels: Range<Int>, totals: UnsafeMutablePointer<Lanes>,
        sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>)

    /// dx = factor·((g − offset) + (x − mean)·slope), g as `normGradientSums` takes it; lanes
    /// beyond the last frame 0.
    static func normGradient(
        gradient: UnsafePointer<Lanes>, rectifier: Rectifier, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape, norm: NormFactors,
        blocks: Range<Int>)

    /// The greatest of each 2×2 square, stride 2, of what `normalize` with a rectifier would give;
    /// an odd last row or column is left out. `chosen`, where it is not nil, takes the x of the
    /// first that is greatest.
    static func normalizePooled(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>,
        chosen: UnsafeMutablePointer<Lanes>?,
        shape: BlockShape, norm: NormFactors, blocks: Range<Int>)

    /// `normGradient` behind the pooling: `gradient` is that of the pooled values behind the
    /// rectifier, and goes to the first of the four that is `chosen`.
    static func pooledGradient(
        gradient: UnsafePointer<Lanes>, chosen: UnsafePointer<Lanes>, x: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, shape: BlockShape, norm: NormFactors,
        blocks: Range<Int>)

    // MARK: Layer norm
    /// y = (x − mean)/√(variance + ε)·gamma + beta over the channels of each row. `normed` takes
    /// what is before gamma, `scales` 1/√(variance + ε) of each row. Sums are chains over channels.
    static func layerNorm(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>,
        normed: UnsafeMutablePointer<Lanes>, scales: UnsafeMutablePointer<Lanes>,
        gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float, channels: Int,
        rows: Range<Int>)

    /// The gradient of x, in `result`; `products` takes gradient·normed, the addends of gamma's.
    static func layerNormGradient(
        _ gradient: UnsafePointer<Lanes>, normed: UnsafePointer<Lanes>,
        scales: UnsafePointer<Lanes>, gamma: UnsafePointer<Float>,
        products: UnsafeMutablePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, channels: Int,
        rows: Range<Int>)
}

/// What batch norm computes with, one number a channel.
public struct NormFactors: @unchecked Sendable {
    public let mean: UnsafePointer<Float>
    /// gamma/√(variance + ε).
    public let factor: UnsafePointer<Float>
    public let beta: UnsafePointer<Float>
    /// For the gradient: Σ g/n, and −Σ g·(x − mean)/(n·(variance + ε)).
    public let offset, slope: UnsafePointer<Float>

    public init(
        mean: UnsafePointer<Float>, factor: UnsafePointer<Float>, beta: UnsafePointer<Float>,
        offset: UnsafePointer<Float>, slope: UnsafePointer<Float>
    ) {
        self.mean = mean
        self.factor = factor
        self.beta = beta
        self.offset = offset
        self.slope = slope
    }
}

/// How the gradient of batch norm learns where the rectifier behind it let values through.
public enum Rectifier: @unchecked Sendable {
    /// No rectifier.
    case none
    /// From what it gave, `normalize`'s y.
    case output(UnsafePointer<Lanes>)
    /// By normalising again; only where no shortcut was added.
    case again
}
