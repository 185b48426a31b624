/// A 3×3 convolution with stride 1 and a border of one pixel as Winograd's F(2×2, 3×3) (Lavin and
/// Gray 2016): the picture in tiles of 2×2 outputs, each a product of sixteen numbers instead of
/// thirty-six.
///
/// A position is one tile of one block: `block · tiles + tile row · tileColumns + tile column`.
public struct WinogradPlan: Sendable {
    public let height, width: Int
    public let inputChannels, outputChannels: Int
    public let tileRows, tileColumns: Int

    /// Numbers of a transformed tile, in four rows of four.
    public static let frequencies = 16
    public static let frequencyRows = 4

    public init(height: Int, width: Int, inputChannels: Int, outputChannels: Int) {
        self.height = height
        self.width = width
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        tileRows = (height + 1) / 2
        tileColumns = (width + 1) / 2
    }

    public var tiles: Int { tileRows * tileColumns }

    /// The same convolution with inputs and outputs exchanged: its gradient.
    public var backward: WinogradPlan {
        WinogradPlan(
            height: height, width: width, inputChannels: outputChannels,
            outputChannels: inputChannels)
    }

    /// Whether it is faster than the direct convolution, which leaves out the taps on padding.
    /// Decided by the shape alone, because it decides the bits.
    public var isWorthwhile: Bool {
        let products = WinogradPlan.frequencies * inputChannels * outputChannels
        let transforms = WinogradPlan.transformCost * (inputChannels + outputChannels)
        return tiles * (products + transforms) < directWork
    }

    /// Multiply-adds of `Lanes` that the direct convolution needs for one block.
    public var directWork: Int {
        (3 * height - 2) * (3 * width - 2) * inputChannels * outputChannels
    }

    /// Multiply-adds that transforming one channel of one tile costs as much as (measured).
    private static let transformCost = 96
}

/// Where one row of the transformed tiles lies: `frequency · frequencyStride + (channel / 4) ·
/// groupStride + position · positionStride + channel % 4`, in `Lanes`.
public struct TransformedLayout: Sendable {
    public let frequencyStride, groupStride, positionStride: Int

    /// Keeps the sixteen numbers of a tile out of one another's way in the cache: without it their
    /// addresses would differ by powers of two.
    public static let padding = 1

    /// `[frequency][position][channel]`, which a matrix product reads.
    public static func rows(positions: Int, channels: Int) -> TransformedLayout {
        TransformedLayout(
            frequencyStride: positions * channels + padding, groupStride: gradientTile,
            positionStride: channels)
    }

    /// `[frequency][group of channels][position][gradientTile]`, which a matrix's gradient reads.
    public static func groups(positions: Int, groups: Int) -> TransformedLayout {
        TransformedLayout(
            frequencyStride: positions * groups * gradientTile + padding,
            groupStride: positions * gradientTile,
            positionStride: gradientTile)
    }
}
