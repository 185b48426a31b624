/// The inner loops, as one vector width implements them. All implementations give the same bits.
///
/// Arguments are pointers into buffers aligned to 64 bytes; nothing is checked. Shapes are written
/// as `[block][row][column][channel]` of `Lanes`. A range of blocks, rows, panels or channels says
/// which part of the result one call computes: results do not depend on how a range is cut.
public protocol KernelSet: ConvolutionKernels, NormKernels, ElementKernels, SequenceKernels {
    static var name: String { get }

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

/// The shape of activations and how many of their frames are real.
public struct BlockShape: @unchecked Sendable, Equatable {
    public var blocks: Int
    public var height: Int
    public var width: Int
    public var channels: Int
    /// Frames in all blocks; the last block may be part empty.
    public var frames: Int
    /// Where not all frames, or not all rows of each, count: 1 in the lanes that do, 0 in the others,
    /// `maskRows` for each block.
    public var masks: UnsafePointer<Lanes>?
    /// 1, or `height`.
    public var maskRows = 1
    /// Ones in the masks.
    public var counted = 0

    public init(frames: Int, height: Int, width: Int, channels: Int) {
        self.blocks = (frames + laneCount - 1) / laneCount
        self.height = height
        self.width = width
        self.channels = channels
        self.frames = frames
    }

    public var blockStride: Int { height * width * channels }
    /// Pixels that a sum takes in one chain: a row, or a whole small picture.
    public var segment: Int {
        height * width <= 32 && maskRows == 1 ? height * width : width
    }
    public var count: Int { blocks * blockStride }
    /// Frames in the last block, 1…16.
    public var lastFrames: Int { frames - (blocks - 1) * laneCount }
    /// Real values of one channel: what a mean divides by.
    public var samples: Int {
        masks == nil ? frames * height * width : counted * (height / maskRows) * width
    }
}
