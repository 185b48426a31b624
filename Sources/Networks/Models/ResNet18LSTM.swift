import Kernels
import Tensors

/// OpenAV's visual model, `resnet18_lstm`: ResNet-18 on every frame, LSTM, dropout, LSTM, the last
/// time step, dropout, a linear classifier. Parameters carry PyTorch's names and shapes. The
/// recurrent layers and the readout may be exchanged.
package final class ResNet18LSTM: Network {
    package let shape: NetworkShape
    package let clips: Int
    package let parameters: Parameters
    package let input: FrameInput
    package let layers: [any Layer]

    private let stem: ResNetStem
    private let blocks: [ResidualBlock]
    /// The model's own; nil if it is exchanged.
    private let lstm: LSTM?

    private static func backend(_ shape: NetworkShape) -> RecurrentBackend? {
        shape.parts.hasOwnBackend
            ? nil
            : RecurrentBackend(shape.parts, layers: 2, inputs: ResNet18.features(shape.filters))
    }

    package static func parameters(_ shape: NetworkShape) -> [ParameterSpec] {
        let size = ResNet18.features(shape.filters)
        let backend = backend(shape)
        return ResNetStem.parameters("resnet", channels: shape.channels, filters: shape.filters)
            + ResNet18.blocks(shape.filters).flatMap {
                ResidualBlock.parameters(
                    $0.name, inputs: $0.inputs, outputs: $0.outputs, stride: $0.stride)
            }
            + (backend?.parameters ?? LSTM.parameters("lstm1", inputs: size, size: size)
                + LSTM.parameters("lstm2", inputs: size, size: size))
            + Linear.parameters("fc", inputs: backend?.outputs ?? size, outputs: shape.classes)
    }

    package init(shape: NetworkShape, clips: Int, context: ComputeContext, seed: UInt64) {
        (self.shape, self.clips) = (shape, clips)
        parameters = Parameters(ResNet18LSTM.parameters(shape))
        parameters.start(seed: seed)
        let place = LayerContext(
            compute: context, parameters: parameters, clips: clips, steps: shape.frames)
        let geometry = ResNetStem.geometry(height: shape.height, width: shape.width)
        input = FrameInput(geometry, channels: shape.channels, in: place)
        stem = ResNetStem(
            name: "resnet", height: shape.height, width: shape.width, channels: shape.channels,
            filters: shape.filters,
            momentum: shape.batchNormMomentum, in: place)
        blocks = ResNet18.make(after: stem, shape, in: place)
        guard let last = blocks.last else { preconditionFailure("a ResNet has blocks") }
        let pool = AveragePool(
            height: last.outputHeight, width: last.outputWidth, channels: last.outputs, in: place)
        let size = ResNet18.features(shape.filters)
        let recurrent: [any Layer]
        let backend = ResNet18LSTM.backend(shape)
        if let backend {
            lstm = nil
            recurrent = backend.make(dropout: shape.dropout, in: place)
        } else {
            let first = LSTM(name: "lstm1", inputs: size, size: size, in: place)
            lstm = first
            recurrent = [
                first,
                Dropout(
                    rate: shape.dropout, number: 1, channels: size, steps: shape.frames, in: place),
                LSTM(name: "lstm2", inputs: size, size: size, in: place),
            ]
        }
        let width = backend?.outputs ?? size
        let readout: any Layer =
            switch shape.parts.readout ?? .last {
            case .last: LastStep(channels: width, in: place)
            case .mean: MeanStep(channels: width, in: place)
            }
        layers =
            [stem] + blocks + [pool, FramesToSequence(channels: size, in: place)] + recurrent + [
                readout,
                Dropout(rate: shape.dropout, number: 2, channels: width, steps: 1, in: place),
                Linear(name: "fc", inputs: width, outputs: shape.classes, in: place),
            ]
    }

    package func productTimings() -> [ProductTiming] {
        ProductTiming.of(stem, blocks, lstm, shape, clips: clips)
    }
}

/// The four stages of ResNet-18 (He et al. 2016), two blocks each.
enum ResNet18 {
    struct Block {
        let name: String
        let inputs, outputs, stride: Int
    }

    /// - Parameter filters: of the first stage.
    static func blocks(_ filters: Int) -> [Block] {
        (0..<4).flatMap { stage in
            (0..<2).map { index in
                let isFirst = index == 0 && stage > 0
                return Block(
                    name: "resnet.layer\(stage + 1).\(index)",
                    inputs: filters << (isFirst ? stage - 1 : stage),
                    outputs: filters << stage, stride: isFirst ? 2 : 1)
            }
        }
    }

    /// Channels of the last stage.
    static func features(_ filters: Int) -> Int { filters << 3 }

    static func make(after stem: ResNetStem, _ shape: NetworkShape, in context: LayerContext)
        -> [ResidualBlock]
    {
        var (height, width) = (stem.outputHeight, stem.outputWidth)
        return blocks(shape.filters).map { block in
            let made = ResidualBlock(
                name: block.name, height: height, width: width, inputs: block.inputs,
                outputs: block.outputs,
                stride: block.stride, momentum: shape.batchNormMomentum, in: context)
            (height, width) = (made.outputHeight, made.outputWidth)
            return made
        }
    }
}
