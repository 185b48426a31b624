/// Which inputs each output of a convolution sees; taps that fall on padding are not in it.
///
/// Offsets count `Lanes` within one block. A plan serves a forward convolution (`forward`), the
/// gradient of its input (`backward`, which gathers) and a matrix product (`matrix`: one position,
/// one tap).
public final class WindowPlan: Sendable {
    /// The taps that reach one output position along one axis: `taps[starts[p]..<starts[p + 1]]`.
    public struct Axis: Sendable {
        public let starts: [Int]
        public let taps: [Int]
        /// Offset of the input that the tap reads, in `Lanes`.
        public let offsets: [Int]
        public let kernel: Int

        init(kernel: Int, positions: Int, source: (_ position: Int, _ tap: Int) -> Int?) {
            var starts = [0], taps: [Int] = [], offsets: [Int] = []
            for position in 0..<positions {
                for tap in 0..<kernel {
                    guard let offset = source(position, tap) else { continue }
                    taps.append(tap)
                    offsets.append(offset)
                }
                starts.append(taps.count)
            }
            self.starts = starts
            self.taps = taps
            self.offsets = offsets
            self.kernel = kernel
        }

        public var positions: Int { starts.count - 1 }
    }

    public let rows: Axis
    public let columns: Axis
    /// Channels of the input; the length of a chain is taps × this.
    public let inputChannels: Int
    public let outputChannels: Int
    /// `Lanes` from one block of the input to the next.
    public let inputBlockStride: Int
    public let outputBlockStride: Int
    public let outputHeight: Int
    public let outputWidth: Int
    public let taps: Int

    init(rows: Axis, columns: Axis, inputChannels: Int, outputChannels: Int, inputBlockStride: Int)
    {
        self.rows = rows
        self.columns = columns
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.inputBlockStride = inputBlockStride
        outputHeight = rows.positions
        outputWidth = columns.positions
        taps = rows.kernel * columns.kernel
        outputBlockStride = outputHeight * outputWidth * outputChannels
    }

    public var panels: Int { (outputChannels + panelWidth - 1) / panelWidth }
    /// Floats of packed weights: `[panel][tap][input channel][panelWidth]`.
    public var packedCount: Int { panels * taps * inputChannels * panelWidth }
    /// Fused multiply-adds of `Lanes` for one block.
    public var work: Int { rows.taps.count * columns.taps.count * inputChannels * outputChannels }

    /// A square convolution. `padding` is the part in front of the first row and column.
    public static func forward(
        height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int,
        outputHeight: Int, outputWidth: Int, padding: (top: Int, left: Int)
    ) -> WindowPlan {
        let rowLength = width * inputChannels
        func source(_ position: Int, _ tap: Int, _ padding: Int, _ limit: Int) -> Int? {
            let at = position * stride + tap - padding
            return at >= 0 && at < limit ? at : nil
        }
        let rows = Axis(kernel: kernel, positions: outputHeight) { position, tap in
            source(position, tap, padding.top, height).map { $0 * rowLength }
        }
        let columns = Axis(kernel: kernel, positions: outputWidth) { position, tap in
            source(position, tap, padding.left, width).map { $0 * inputChannels }
        }
        return WindowPlan(
            rows: rows, columns: columns, inputChannels: inputChannels,
            outputChannels: outputChannels,
            inputBlockStride: height * rowLength)
    }

    /// The first convolution, over an input that already carries its zero border: one row of the
    /// kernel is one tap of `kernel · channels` neighbouring numbers, so that even a single grey
    /// channel makes long chains.
    public static func stem(
        paddedHeight: Int, paddedWidth: Int, channels: Int, outputChannels: Int, kernel: Int,
        stride: Int,
        outputHeight: Int, outputWidth: Int
    ) -> WindowPlan {
        let rowLength = paddedWidth * channels
        let rows = Axis(kernel: kernel, positions: outputHeight) { ($0 * stride + $1) * rowLength }
        let columns = Axis(kernel: 1, positions: outputWidth) { position, _ in
            position * stride * channels
        }
        return WindowPlan(
            rows: rows, columns: columns, inputChannels: kernel * channels,
            outputChannels: outputChannels,
            inputBlockStride: paddedHeight * rowLength)
    }

    /// The gradient of a convolution's input, as a gather from the gradient of its output: input
    /// and output change places, and an input position sees the taps whose stride lands on it.
    public static func backward(
        height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernel: Int, stride: Int,
        outputHeight: Int, outputWidth: Int, padding: (top: Int, left: Int)
    ) -> WindowPlan {
        let rowLength = outputWidth * outputChannels
        func source(_ position: Int, _ tap: Int, _ padding: Int, _ limit: Int) -> Int? {
            let at = position + padding - tap
            guard at >= 0, at % stride == 0, at / stride < limit else { return nil }
            return at / stride
        }
        let rows = Axis(kernel: kernel, positions: height) { position, tap in
            source(position, tap, padding.top, outputHeight).map { $0 * rowLength }
        }
        let columns = Axis(kernel: kernel, positions: width) { position, tap in
            source(position, tap, padding.left, outputWidth).map { $0 * outputChannels }
        }
        return WindowPlan(
            rows: rows, columns: columns, inputChannels: outputChannels,
            outputChannels: inputChannels,
            inputBlockStride: outputHeight * rowLength)
    }

    /// A convolution over time: rows are steps, one column. `padding` steps are put before the first
    /// and behind the last, so that there are steps + 2·padding − (kernel − 1)·dilation outputs.
    public static func temporal(
        steps: Int, inputChannels: Int, outputChannels: Int, kernel: Int, dilation: Int,
        padding: Int
    ) -> WindowPlan {
        let outputs = steps + 2 * padding - (kernel - 1) * dilation
        let rows = Axis(kernel: kernel, positions: outputs) { position, tap in
            let at = position + tap * dilation - padding
            return at >= 0 && at < steps ? at * inputChannels : nil
        }
        return WindowPlan(
            rows: rows, columns: Axis(kernel: 1, positions: 1) { _, _ in 0 },
            inputChannels: inputChannels, outputChannels: outputChannels,
            inputBlockStride: steps * inputChannels)
    }

    /// The gradient of the input of `temporal`, as a gather from that of its output.
    public static func temporalBackward(
        steps: Int, inputChannels: Int, outputChannels: Int, kernel: Int, dilation: Int,
        padding: Int
    ) -> WindowPlan {
        let outputs = steps + 2 * padding - (kernel - 1) * dilation
        let rows = Axis(kernel: kernel, positions: steps) { position, tap in
            let at = position + padding - tap * dilation
            return at >= 0 && at < outputs ? at * outputChannels : nil
        }
        return WindowPlan(
            rows: rows, columns: Axis(kernel: 1, positions: 1) { _, _ in 0 },
            inputChannels: outputChannels, outputChannels: inputChannels,
            inputBlockStride: outputs * outputChannels)
    }

    /// A matrix product: `[block][inputChannels]` to `[block][outputChannels]`.
    public static func matrix(inputChannels: Int, outputChannels: Int) -> WindowPlan {
        forward(
            height: 1, width: 1, inputChannels: inputChannels, outputChannels: outputChannels,
            kernel: 1, stride: 1,
            outputHeight: 1, outputWidth: 1, padding: (0, 0))
    }
}
