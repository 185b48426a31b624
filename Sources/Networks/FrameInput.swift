import Kernels
import Tensors

/// Where the clips of a batch lie before the first layer: pictures with a border of zeros.
package final class FrameInput {
    private let memory: Buffer<Lanes>
    private let geometry: ConvolutionGeometry
    private let channels, steps: Int
    private let kernels: any KernelSet.Type
    /// Nil where all clips are as long as the network's.
    private let mask: StepMask?
    private let boundary: WordBoundary?

    /// - Parameters:
    ///   - geometry: of the first convolution: it decides the border.
    ///   - masksSteps: whether clips have lengths of their own.
    ///   - context: clips at most, and frames of each.
    init(
        _ geometry: ConvolutionGeometry, channels: Int, masksSteps: Bool, in context: LayerContext
    ) {
        boundary = context.boundary
        mask = masksSteps ? StepMask(clips: context.clips, steps: context.steps) : nil
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
        var x = Activations(
            pointer: memory.pointer, layout: .frames, batch: batch, steps: steps,
            height: geometry.paddedHeight,
            width: geometry.paddedWidth, channels: channels)
        x.mask = mask
        guard x.frames % laneCount != 0 else { return x }
        let stride = x.height * x.width * channels
        let block = memory.pointer + x.frames / laneCount * stride
        for at in 0..<stride {
            for lane in x.frames % laneCount..<laneCount { block[at][lane] = 0 }
        }
        return x
    }

    /// Frames that are real of each clip of the batch; `setClips` does it by itself.
    package func set(lengths: [Int]) { mask?.set(lengths) }

    /// When the words of the clips of the batch are spoken; `setClips` does it by itself.
    package func set(boundaries: [[Float]]) { boundary?.set(boundaries) }

    /// Puts one frame where it is read: numbers as they are, `[row][column][channel]`.
    package func setFrame(values: [Float], clip: Int, time: Int, batch: Int) {
        let count = geometry.width * channels
        for row in 0..<geometry.height {
            let frame = time * batch + clip
            let target = target(row, block: frame / laneCount)
            for at in 0..<count { target[at][frame % laneCount] = values[row * count + at] }
        }
    }

    /// Writes a batch to the input buffer: bytes divided by 255, scaled as each clip says. Sixteen frames, which are
    /// interleaved there, are transposed at once, row by row.
    package func setClips(_ batch: [MixedPixels]) {
        mask?.set(batch.map(\.length))
        boundary?.set(batch.map(\.wordBoundary))
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
                    let clips = lanes.map { lane in
                        mask == nil ? batch[lane.clip] : batch[lane.clip].at(time: lane.time)
                    }
                    let tone = LaneTone(clips.map { $0.first.tone })
                    let mixing = isMixed ? Mixing(clips) : nil
                    let scale = LaneScale(clips, isMixed: isMixed)
                    func isShown(_ time: Int, _ clip: ClipPixels?) -> Bool {
                        clip.map { mask == nil || time < $0.length } ?? false
                    }
                    let sources = lanes.map { lane in
                        isShown(lane.time, batch[lane.clip].first)
                            ? first[lane.clip].frame(lane.time) : nil
                    }
                    let others = lanes.map { lane in
                        isShown(lane.time, batch[lane.clip].second)
                            ? second[lane.clip]?.frame(lane.time) : nil
                    }
                    for row in 0..<geometry.height {
                        for lane in sources.indices {
                            rows[lane] =
                                sources[lane]?.row(row, in: room + lane * padded) ?? zeros
                            guard isMixed else { continue }
                            rows[laneCount + lane] =
                                others[lane]?.row(row, in: room + (laneCount + lane) * padded)
                                ?? zeros
                        }
                        tone.withPointer { tone in
                            let first = PixelTurn(rows: rows, tone: tone)
                            let target = target(row, block: block)
                            defer {
                                scale.withPointer {
                                    guard let scale = $0 else { return }
                                    kernels.scaleLanes(target, by: scale, count: count)
                                }
                            }
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
