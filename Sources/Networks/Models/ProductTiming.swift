import Kernels
import Tensors

/// One product of a network, ready to be timed by itself: each pass over numbers of its own.
package struct ProductTiming {
    package let name: String
    /// "direct" or "Winograd".
    package let method: String
    /// Scalar multiply-adds of one pass: those done, and those of a direct product that leaves out
    /// padding.
    package let multiplyAdds, directMultiplyAdds: Int
    package let passes: [(name: String, run: () -> Void)]
}

extension ProductTiming {
    /// The products of a full batch of a ResNet with LSTMs, in the order of the forward pass.
    package static func of(_ network: Network) -> [ProductTiming] {
        let (shape, clips) = (network.shape, network.clips)
        let frameBlocks = (clips * shape.frames + laneCount - 1) / laneCount
        let clipBlocks = (clips + laneCount - 1) / laneCount
        var timings: [ProductTiming] = []
        let stems = network.layers.compactMap { $0 as? ResNetStem }
        timings += stems.map { timing("stem 7×7/2", $0.convolution, blocks: frameBlocks) }
        let blocks = network.layers.compactMap { $0 as? ResidualBlock }
        for (index, block) in blocks.enumerated() {
            let name = "stage \(index / 2 + 1), block \(index % 2 + 1)"
            timings.append(timing("\(name), conv 1", block.conv1, blocks: frameBlocks))
            timings.append(timing("\(name), conv 2", block.conv2, blocks: frameBlocks))
            if let shortcut = block.shortcut {
                timings.append(
                    timing("\(name), shortcut 1×1/2", shortcut.conv, blocks: frameBlocks))
            }
        }
        guard let lstm = network.layers.lazy.compactMap({ $0 as? LSTM }).first else {
            return timings
        }
        timings.append(timing("LSTM, input", lstm.inputProduct, blocks: shape.frames * clipBlocks))
        // Forward and backward go step by step; the weights' gradient is taken over all steps at
        // once.
        timings.append(
            timing("LSTM, hidden, one step", lstm.hiddenProduct, blocks: clipBlocks, passes: 0..<2))
        return timings
    }

    private static func timing(
        _ name: String, _ product: Convolution, blocks: Int, passes kept: Range<Int> = 0..<3
    ) -> ProductTiming {
        let work = product.method.work
        let input = ones(work.inputCount * blocks)
        let output = ones(work.outputCount * blocks)
        let inputGradient = Buffer<Lanes>(
            count: product.method.hasBackward ? work.inputCount * blocks : 0)
        let shape = BlockShape(
            frames: blocks * laneCount, height: 1, width: work.outputCount / product.outputs,
            channels: product.outputs)
        var passes: [(String, () -> Void)] = [
            ("forward", { product.forward(input.pointer, output.pointer, blocks: blocks) })
        ]
        if product.method.hasBackward {
            passes.append(
                (
                    "backward",
                    { product.backward(output.pointer, inputGradient.pointer, blocks: blocks) }
                ))
        }
        passes.append(
            ("weights", { product.weightGradients(input.pointer, output.pointer, shape: shape) }))
        return ProductTiming(
            name: name, method: product.method.name, multiplyAdds: work.multiplyAdds * blocks,
            directMultiplyAdds: work.directMultiplyAdds * blocks,
            passes: Array(passes[kept.clamped(to: passes.indices)]))
    }

    private static func ones(_ count: Int) -> Buffer<Lanes> {
        let buffer = Buffer<Lanes>(count: count)
        for index in 0..<count { buffer.pointer[index] = Lanes(repeating: 1) }
        return buffer
    }
}
