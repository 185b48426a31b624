/// Sixteen frames side by side: the unit of every activation.
///
/// Activations are stored as `[block][row][column][channel]` of `Lanes`, where lane `l` of block
/// `b` belongs to frame `16·b + l`. So every processor, whatever the width of its vectors, adds the
/// same numbers in the same order, a network of 8 filters fills the vectors as well as one of 512,
/// and a tap that falls on padding is skipped, not multiplied by zero. Lanes beyond the last frame
/// hold zeros.
public typealias Lanes = SIMD16<Float>

/// Frames in one block.
public let laneCount = 16

/// Output channels that one packed panel of weights holds.
public let panelWidth = 8

/// Output channels that a tile of the weight gradient covers.
public let gradientTile = 4
