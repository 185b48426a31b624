/// The inner loops, as one vector width implements them. All implementations give the same bits.
///
/// Arguments are pointers into buffers aligned to 64 bytes; nothing is checked. Shapes are written
/// as `[block][row][column][channel]` of `Lanes`. A range of blocks, rows, panels or channels says
/// which part of the result one call computes: results do not depend on how a range is cut.
public protocol KernelSet {
    static var name: String { get }

    // MARK: Convolution and matrix product

    /// Output = start + Σ over taps (rows, then columns), then input channels, of input × weight:
    /// one chain of fused multiply-adds for each output. It starts from the bias, from zero where
    /// `bias` is nil, or, where `continuing` is true, from what `output` holds.
    ///
    /// - Parameters:
    ///   - weights: packed, `[panel][tap][input channel][panelWidth]`.
    ///   - bias: `[outputChannels]`, or nil.
    static func convolve(
        _ plan: WindowPlan, input: UnsafePointer<Lanes>, weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?,
        continuing: Bool, output: UnsafeMutablePointer<Lanes>, blocks: Range<Int>, rows: Range<Int>,
        panels: Range<Int>)

    /// Gradient of the weights, `[output channel][tap][input channel]`, of the output channels in
    /// `tiles`, groups of `gradientTile`. For each chunk of `plan`: for each weight and lane one
    /// chain over blocks, rows and columns; then the lanes are added pairwise (`0+8, 1+9, …`, then
    /// `0+4`, `0+2`, `0+1`). The chunks' sums are added one after the other.
    ///
    /// - Parameter scratch: `plan.scratchCount` lanes of working space for this call alone.
    static func weightGradient(
        _ plan: GradientPlan, input: UnsafePointer<Lanes>, outputGradient: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Float>, blocks: Int, tiles: Range<Int>,
        scratch: UnsafeMutablePointer<Lanes>)

    /// One chunk of a matrix's gradient, `[output][input]`, from copies laid out as
    /// `[tile][position][gradientTile]`: the sums are written where `isFirst`, added otherwise.
    ///
    /// - Parameter scratch: 16 lanes.
    static func matrixGradient(
        input: UnsafePointer<Lanes>, inputTiles: Int, gradient: UnsafePointer<Lanes>,
        outputTiles: Range<Int>,
        positions: Int, inputs: Int, outputs: Int, isFirst: Bool,
        result: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Lanes>)

    // MARK: Winograd's convolution

    /// Row `row` (0…3) of Bᵀ d B, four frequencies, of the tiles `positions` of all input channels.
    /// Pixels on the border are zero: they are read from `zeros`, one pixel of zeros.
    static func winogradInput(
        _ plan: WinogradPlan, row: Int, input: UnsafePointer<Lanes>, zeros: UnsafePointer<Lanes>,
        positions: Range<Int>, output: UnsafeMutablePointer<Lanes>, layout: TransformedLayout)

    /// Aᵀ M A + bias of the tiles `positions`, from `[frequency][position][output channel]`, into
    /// the picture, or added to it where `continuing`.
    static func winogradOutput(
        _ plan: WinogradPlan, products: UnsafePointer<Lanes>, bias: UnsafePointer<Float>?,
        continuing: Bool,
        positions: Range<Int>, output: UnsafeMutablePointer<Lanes>)

    /// Row `row` of A dY Aᵀ of the tiles `positions` of the output channels in `groups`, groups of
    /// `gradientTile`.
    static func winogradGradient(
        _ plan: WinogradPlan, row: Int, outputGradient: UnsafePointer<Lanes>,
        zeros: UnsafePointer<Lanes>,
        positions: Range<Int>, groups: Range<Int>, output: UnsafeMutablePointer<Lanes>,
        layout: TransformedLayout)

    /// G g Gᵀ of the kernels of `outputs`, from `[output][tap][input]`, packed for the convolution
    /// (`[frequency][panel of outputs][input][panelWidth]`) and for its gradient
    /// (`[frequency][panel of inputs][output][panelWidth]`, kernels turned) unless that is nil.
    static func winogradWeights(
        _ plan: WinogradPlan, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>,
        packedBackward: UnsafeMutablePointer<Float>?, outputs: Range<Int>)

    /// Gᵀ S G of the kernels of `outputs`: `[frequency][output][input]` to `[output][tap][input]`.
    static func winogradWeightGradient(
        _ plan: WinogradPlan, sums: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>,
        outputs: Range<Int>)

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

    // MARK: One pass over activations

    /// `x *= y`, element by element.
    static func multiply(_ x: UnsafeMutablePointer<Lanes>, by y: UnsafePointer<Lanes>, count: Int)

    /// Sixteen rows of bytes, turned: `target[at]` holds number `at` of every row, in its tone,
    /// divided by 255; where there is a second set of rows, mixed with it.
    static func turnPixels(
        _ first: PixelTurn, mixedWith second: PixelTurn?, count: Int,
        target: UnsafeMutablePointer<Lanes>)

    /// Mean over rows and columns: one chain, times 1/(rows·columns).
    static func averagePool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>)

    static func averagePoolGradient(
        _ gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>)

    // MARK: Recurrent layers

    /// One time step. `gates`: `[4·hidden]`, sums before the activations, in the order input,
    /// forget, cell, output; left activated. `cell` = forget·`previousCell` + input·cell gate;
    /// `hidden` = output·tanh(cell), and that tanh in `cellTanh`. `previousCell` nil is zero.
    static func lstmStep(
        gates: UnsafeMutablePointer<Lanes>, previousCell: UnsafePointer<Lanes>?,
        cell: UnsafeMutablePointer<Lanes>,
        cellTanh: UnsafeMutablePointer<Lanes>, hidden: UnsafeMutablePointer<Lanes>, size: Int)

    /// The gradient of one time step. `hiddenGradient` comes in; `cellGradient` comes in from the
    /// later step and leaves for the earlier; `gateGradients` leaves.
    static func lstmStepGradient(
        gates: UnsafePointer<Lanes>, previousCell: UnsafePointer<Lanes>?,
        cellTanh: UnsafePointer<Lanes>,
        hiddenGradient: UnsafePointer<Lanes>, cellGradient: UnsafeMutablePointer<Lanes>,
        gateGradients: UnsafeMutablePointer<Lanes>, size: Int)

    /// One time step of a GRU. `inputGates` and `hiddenGates`: `[3·hidden]`, the products with the
    /// input and with the state before, biases included, in the order reset r, update z, new n.
    /// r = σ(a_r + b_r), z = σ(a_z + b_z), n = tanh(a_n + r·b_n); `hidden` = (1 − z)·n +
    /// z·`previous`. `inputGates` is left as r, z, n.
    static func gruStep(
        inputGates: UnsafeMutablePointer<Lanes>, hiddenGates: UnsafePointer<Lanes>,
        previous: UnsafePointer<Lanes>, hidden: UnsafeMutablePointer<Lanes>, size: Int)

    /// The gradient of one time step. `hiddenGradient` comes in; what goes straight to the state
    /// before is added to `previousGradient`, where there is one. The gradients of both products
    /// leave.
    static func gruStepGradient(
        gates: UnsafePointer<Lanes>, hiddenGates: UnsafePointer<Lanes>,
        previous: UnsafePointer<Lanes>, hiddenGradient: UnsafePointer<Lanes>,
        previousGradient: UnsafeMutablePointer<Lanes>?,
        inputGateGradients: UnsafeMutablePointer<Lanes>,
        hiddenGateGradients: UnsafeMutablePointer<Lanes>, size: Int)

    // MARK: Loss

    /// Softmax cross-entropy of sixteen clips. `logits`: `[classes]`; `probabilities` likewise. The
    /// loss is log Σ exp(z − max) − (z[target] − max).
    static func crossEntropy(
        logits: UnsafePointer<Lanes>, targets: UnsafePointer<Int32>, classes: Int,
        probabilities: UnsafeMutablePointer<Lanes>, loss: UnsafeMutablePointer<Float>)

    // MARK: Parameters

    /// Adam (Kingma and Ba 2015) as PyTorch computes it. `decay` is added to the gradient;
    /// `decoupled` shrinks the weight first (Loshchilov and Hutter 2019).
    static func adam(_ state: AdamStep, range: Range<Int>)
    /// Gradient descent with momentum, PyTorch's form: v ← momentum·v + g, w ← w − lr·v.
    static func momentum(_ state: MomentumStep, range: Range<Int>)
    /// Lion (Chen et al. 2023): w ← w·(1 − lr·decay) − lr·sign(β1·m + (1 − β1)·g), m ← β2·m + (1 −
    /// β2)·g.
    static func lion(_ state: LionStep, range: Range<Int>)

    /// Σ x², sixteen chains side by side, added pairwise. `count` is a multiple of 16.
    static func squaredNorm(_ x: UnsafePointer<Float>, count: Int) -> Float

    /// `x *= factor`.
    static func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int)

    // MARK: Measuring

    /// Multiply-adds in independent chains that never leave the registers: as fast as this width
    /// goes. Gives how many scalar multiply-adds were done, and their sum, so that none can be left
    /// out.
    static func multiplyAddPeak(rounds: Int) -> (multiplyAdds: Int, result: Float)

    // MARK: Elementary functions, element by element

    static func apply(
        _ function: ElementaryFunction, _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>,
        count: Int)
}

public enum ElementaryFunction: Sendable, CaseIterable {
    case exp, log, tanh, sigmoid
    /// 1/√x.
    case rsqrt
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

/// The shape of activations and how many of their frames are real.
public struct BlockShape: Sendable, Equatable {
    public var blocks: Int
    public var height: Int
    public var width: Int
    public var channels: Int
    /// Frames in all blocks; the last block may be part empty.
    public var frames: Int

    public init(frames: Int, height: Int, width: Int, channels: Int) {
        self.blocks = (frames + laneCount - 1) / laneCount
        self.height = height
        self.width = width
        self.channels = channels
        self.frames = frames
    }

    public var blockStride: Int { height * width * channels }
    /// Pixels that a sum takes in one chain: a row, or a whole small picture.
    public var segment: Int { height * width <= 32 ? height * width : width }
    public var count: Int { blocks * blockStride }
    /// Frames in the last block, 1…16.
    public var lastFrames: Int { frames - (blocks - 1) * laneCount }
    /// Real values of one channel: what a mean divides by.
    public var samples: Int { frames * height * width }
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
