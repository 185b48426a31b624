/// How the gradient of a convolution's weights walks over the pixels.
///
/// The pixels are taken in chunks of about `chunkPixels`: whole blocks where pictures are small,
/// rows of one block where they are large. Each chunk's inputs and gradients are copied into groups
/// of `gradientTile` channels, so that the inner loop reads neighbouring memory, and summed by
/// itself.
public final class GradientPlan: @unchecked Sendable {
    /// An input and an output that meet under one tap: offsets in `Lanes`, of the input within its
    /// copy (or in the activations themselves where they are not copied), of the output within its
    /// copy.
    public struct Pair: Sendable {
        public let input: Int32
        public let output: Int32
    }

    public let taps, inputChannels, outputChannels: Int
    public let inputBlockStride, outputBlockStride: Int
    public let outputHeight, outputWidth: Int
    /// Output rows, and blocks, of one chunk; one of them is all there are or the other is one.
    public let chunkRows, chunkBlocks: Int
    /// Whether the input is copied. One that is read once, or whose windows share numbers (`stem`),
    /// is not.
    public let copiesInput: Bool
    /// Pixels of one row of the copied input.
    public let inputWidth: Int
    /// Pairs of a tap, row by row: those of output row `r` under tap `t` are `starts[t·(rows + 1) +
    /// r]..<starts[… + 1]`.
    public let pairs: UnsafePointer<Pair>
    public let starts: UnsafePointer<Int>
    /// First and last input row that output row `r`, or one behind it or before it, reads: `inputRows[2·r]`, `inputRows[2·r + 1]`.
    public let inputRows: UnsafePointer<Int>

    public let inputTiles, outputTiles: Int
    /// Pixels of the copies that one chunk may need.
    public let copiedInputPixels, copiedOutputPixels: Int
    /// `Lanes` of working space that one call needs.
    public let scratchCount: Int

    /// Output pixels of a chunk: enough to pay for adding up sixteen lanes, few enough that a group
    /// of channels stays in the first-level cache.
    public static let chunkPixels = 64

    /// - Parameters:
    ///   - plan: of the forward convolution.
    ///   - copiesInput: false for `WindowPlan.stem` and 1×1 kernels with a stride.
    ///   - inputWidth: of the picture; 1 where the input is not copied.
    public init(_ plan: WindowPlan, copiesInput: Bool, inputWidth: Int) {
        taps = plan.taps
        inputChannels = plan.inputChannels
        outputChannels = plan.outputChannels
        inputBlockStride = plan.inputBlockStride
        outputBlockStride = plan.outputBlockStride
        outputHeight = plan.outputHeight
        outputWidth = plan.outputWidth
        self.copiesInput = copiesInput
        self.inputWidth = inputWidth
        let pixels = outputHeight * outputWidth
        chunkBlocks = max(1, GradientPlan.chunkPixels / pixels)
        chunkRows = min(outputHeight, max(1, GradientPlan.chunkPixels / outputWidth))

        let rowLength = inputWidth * plan.inputChannels
        var pairs: [Pair] = [], starts: [Int] = []
        for rowTap in 0..<plan.rows.kernel {
            for columnTap in 0..<plan.columns.kernel {
                for row in 0..<plan.outputHeight {
                    starts.append(pairs.count)
                    let rowHits = plan.rows.starts[row]..<plan.rows.starts[row + 1]
                    for r in rowHits where plan.rows.taps[r] == rowTap {
                        for column in 0..<plan.outputWidth {
                            let columnHits =
                                plan.columns.starts[column]..<plan.columns.starts[column + 1]
                            for c in columnHits where plan.columns.taps[c] == columnTap {
                                let offset = plan.rows.offsets[r] + plan.columns.offsets[c]
                                let input =
                                    copiesInput
                                    ? offset / plan.inputChannels * gradientTile : offset
                                let output = (row * plan.outputWidth + column) * gradientTile
                                pairs.append(Pair(input: Int32(input), output: Int32(output)))
                            }
                        }
                    }
                }
                starts.append(pairs.count)
            }
        }
        // A chunk copies the rows between its first row's first and its last row's last: with wide
        // dilations rows may read less than their neighbours, or nothing.
        var inputRows = [Int](repeating: 0, count: 2 * plan.outputHeight)
        func offsets(_ row: Int) -> ArraySlice<Int> {
            plan.rows.offsets[plan.rows.starts[row]..<plan.rows.starts[row + 1]]
        }
        var last = 0
        for row in 0..<plan.outputHeight {
            last = max(last, (offsets(row).max() ?? 0) / rowLength)
            inputRows[2 * row + 1] = last
        }
        var first = last
        for row in (0..<plan.outputHeight).reversed() {
            first = min(first, (offsets(row).min() ?? first * rowLength) / rowLength)
            inputRows[2 * row] = first
        }
        inputTiles = (inputChannels + gradientTile - 1) / gradientTile
        outputTiles = (outputChannels + gradientTile - 1) / gradientTile
        copiedOutputPixels = chunkBlocks * chunkRows * outputWidth
        var mostInputRows = 0
        for first in stride(from: 0, to: outputHeight, by: chunkRows) {
            let last = min(first + chunkRows, outputHeight) - 1
            mostInputRows = max(mostInputRows, inputRows[2 * last + 1] - inputRows[2 * first] + 1)
        }
        copiedInputPixels = copiesInput ? chunkBlocks * mostInputRows * inputWidth : 0
        scratchCount =
            (copiedInputPixels * inputTiles + copiedOutputPixels * outputTiles + laneCount)
            * gradientTile
        self.pairs = GradientPlan.keep(pairs)
        self.starts = GradientPlan.keep(starts)
        self.inputRows = GradientPlan.keep(inputRows)
    }

    deinit {
        pairs.deallocate()
        starts.deallocate()
        inputRows.deallocate()
    }

    private static func keep<Element>(_ values: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
        memory.initialize(from: values, count: values.count)
        return UnsafePointer(memory)
    }
}
