import Kernels
import Tensors

/// Where the clips of a batch lie before the first layer: pictures with a border of zeros.
package final class FrameInput {
    private let memory: Buffer<Lanes>
    private let geometry: SameGeometry
    private let channels, steps: Int
    private let kernels: any KernelSet.Type

    /// - Parameters:
    ///   - geometry: of the first convolution: it decides the border.
    ///   - context: clips at most, and frames of each.
    init(_ geometry: SameGeometry, channels: Int, in context: LayerContext) {
        self.geometry = geometry
        self.channels = channels
        steps = context.steps
        kernels = context.compute.kernels
        memory = Buffer(
            count: context.frameBlocks * geometry.paddedHeight * geometry.paddedWidth * channels)
    }

    /// The first `batch` clips. Frames lie as `time · batch + clip`; a smaller batch than the last
    /// leaves old frames behind the new, which are cleared.
    func activations(batch: Int) -> Activations {
        let x = Activations(
            pointer: memory.pointer, layout: .frames, batch: batch, steps: steps,
            height: geometry.paddedHeight,
            width: geometry.paddedWidth, channels: channels)
        guard x.frames % laneCount != 0 else { return x }
        let stride = x.height * x.width * channels
        let block = memory.pointer + x.frames / laneCount * stride
        for at in 0..<stride {
            for lane in x.frames % laneCount..<laneCount { block[at][lane] = 0 }
        }
        return x
    }

    /// Puts one frame where it is read: numbers as they are, `[row][column][channel]`.
    package func setFrame(values: [Float], clip: Int, time: Int, batch: Int) {
        let count = geometry.width * channels
        for row in 0..<geometry.height {
            let frame = time * batch + clip
            let target = target(row, block: frame / laneCount)
            for at in 0..<count { target[at][frame % laneCount] = values[row * count + at] }
        }
    }

    /// Writes a batch to the input buffer: bytes divided by 255. Sixteen frames, which are
    /// interleaved there, are transposed at once, row by row.
    package func setClips(_ batch: [MixedPixels]) {
        let count = geometry.width * channels
        let padded = (count + laneCount - 1) / laneCount * laneCount
        var memory: [UnsafeMutableRawPointer] = []
        defer { for piece in memory { piece.deallocate() } }
        let first = batch.map { PixelRows($0.first, padded: padded, &memory) }
        let isMixed = batch.contains { $0.second != nil }
        let second = batch.map { clip in clip.second.map { PixelRows($0, padded: padded, &memory) }
        }
        let frames = steps * batch.count
        // Rows of both clips of sixteen frames, and one of zeros.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: (2 * laneCount + 1) * padded) {
            room in
            guard let room = room.baseAddress else { return }
            room.update(repeating: 0, count: (2 * laneCount + 1) * padded)
            let zeros = UnsafePointer(room + 2 * laneCount * padded)
            withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: 2 * laneCount) {
                rows in
                guard let rows = rows.baseAddress else { return }
                for at in 0..<2 * laneCount { rows[at] = zeros }
                for block in 0..<(frames + laneCount - 1) / laneCount {
                    let own = block * laneCount..<min(block * laneCount + laneCount, frames)
                    for lane in own.count..<laneCount {
                        (rows[lane], rows[laneCount + lane]) = (zeros, zeros)
                    }
                    let lanes = own.map { (clip: $0 % batch.count, time: $0 / batch.count) }
                    let tone = LaneTone(lanes.map { batch[$0.clip].first.tone })
                    let mixing = isMixed ? Mixing(lanes.map { batch[$0.clip] }) : nil
                    let sources = lanes.map { first[$0.clip].frame($0.time) }
                    let others = lanes.map { second[$0.clip]?.frame($0.time) }
                    for row in 0..<geometry.height {
                        for lane in sources.indices {
                            rows[lane] = sources[lane].row(row, in: room + lane * padded)
                            guard isMixed else { continue }
                            rows[laneCount + lane] =
                                others[lane]?.row(row, in: room + (laneCount + lane) * padded)
                                ?? zeros
                        }
                        tone.withPointer { tone in
                            let first = PixelTurn(rows: rows, tone: tone)
                            let target = target(row, block: block)
                            guard let mixing else {
                                return kernels.turnPixels(
                                    first, mixedWith: nil, count: count, target: target)
                            }
                            mixing.withPointers { tone, shares in
                                let second = PixelTurn(
                                    rows: rows + laneCount, tone: tone, shares: shares)
                                kernels.turnPixels(
                                    first, mixedWith: second, count: count, target: target)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where the numbers of a row of sixteen frames lie.
    private func target(_ row: Int, block: Int) -> UnsafeMutablePointer<Lanes> {
        let rowLength = geometry.paddedWidth * channels
        return memory.pointer + (block * geometry.paddedHeight + row + geometry.padding.top)
            * rowLength
            + geometry.padding.left * channels
    }
}
