/// The inner loops of convolutions and matrix products.
public protocol ConvolutionKernels {
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

    // MARK: Convolution in groups
    /// Outputs of a group are sums over the taps, then over the inputs of that group: a chain of
    /// fused multiply-adds from the bias (zero where it is nil), or from what `output` holds where
    /// `continuing`. `weights`: `[output][tap][input of the group]`.
    static func convolveGroups(
        _ plan: WindowPlan, groups: Int, input: UnsafePointer<Lanes>,
        weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, continuing: Bool,
        output: UnsafeMutablePointer<Lanes>, blocks: Range<Int>)

    /// The gradient of the input of `convolveGroups`, each window in turn.
    static func convolveGroupsGradient(
        _ plan: WindowPlan, groups: Int, gradient: UnsafePointer<Lanes>,
        weights: UnsafePointer<Float>, continuing: Bool, result: UnsafeMutablePointer<Lanes>,
        blocks: Range<Int>)

    /// The gradient of the weights of the outputs `outputs`: a chain over blocks and positions for
    /// each lane, then the lanes pairwise.
    ///
    /// - Parameter scratch: taps × inputs of a group, in lanes.
    static func convolveGroupsWeights(
        _ plan: WindowPlan, groups: Int, input: UnsafePointer<Lanes>,
        gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Float>, blocks: Int,
        outputs: Range<Int>, scratch: UnsafeMutablePointer<Lanes>)
}
