import Kernels
import Tensors

/// ResNet-18 (He et al. 2016) over single frames, as OpenAV's visual model has it: "same" padding as TensorFlow's, a 7×7
/// stem without bias, max-pooling 2×2, four stages of two blocks, the mean over what is left of the picture.
final class ResNet18 {
    private let context: ComputeContext
    let stem: Convolution
    private let stemNorm: BatchNorm
    let blocks: [ResidualBlock]
    private let stemHeight, stemWidth, filters: Int
    private let stemOutput, pooled, chosen: Buffer<Lanes>
    private let stemGradient: Buffer<Lanes>
    private let spares: [Buffer<Lanes>]
    let features: Buffer<Lanes>
    let featureCount: Int
    /// Size of the input with its zero border.
    let paddedHeight, paddedWidth, channels: Int
    let padding: (top: Int, left: Int)

    init(
        height: Int, width: Int, channels: Int, filters: Int, momentum: Float, frames: Int, parameters: Parameters,
        context: ComputeContext
    ) {
        let geometry = SameGeometry(height: height, width: width, kernel: 7, stride: 2)
        padding = geometry.padding
        paddedHeight = height + SameGeometry.total(height, 7, 2)
        paddedWidth = width + SameGeometry.total(width, 7, 2)
        stemHeight = geometry.outputHeight
        stemWidth = geometry.outputWidth
        self.channels = channels
        self.filters = filters
        self.context = context
        let bound = 1 / Float(channels * 49).squareRoot()
        let plan = WindowPlan.stem(
            paddedHeight: paddedHeight, paddedWidth: paddedWidth, channels: channels, outputChannels: filters,
            kernel: 7, stride: 2, outputHeight: stemHeight, outputWidth: stemWidth)
        stem = Convolution(
            DirectProduct(
                plan, backward: nil, gradient: GradientPlan(plan, copiesInput: false, inputWidth: 1), context: context),
            outputs: filters,
            weight: parameters.add(
                "resnet.conv_layer_s2_same.weight", [filters, channels, 7, 7], .uniform(bound: bound)),
            biases: [], parameters: parameters, context: context)
        stemNorm = BatchNorm(
            name: "resnet.batch_norm1", channels: filters, momentum: momentum, parameters: parameters, context: context)
        let stemShape = BlockShape(frames: frames, height: stemHeight, width: stemWidth, channels: filters)
        stemOutput = Buffer(count: stemShape.count)
        stemGradient = Buffer(count: stemShape.count)
        let pooledShape = BlockShape(frames: frames, height: stemHeight / 2, width: stemWidth / 2, channels: filters)
        pooled = Buffer(count: pooledShape.count)
        chosen = Buffer(count: pooledShape.count)

        var made: [ResidualBlock] = []
        var (stageHeight, stageWidth, inputs) = (stemHeight / 2, stemWidth / 2, filters)
        var largest = pooledShape.count
        for stage in 0..<4 {
            let outputs = filters << stage
            for index in 0..<2 {
                let block = ResidualBlock(
                    name: "resnet.layer\(stage + 1).\(index)", height: stageHeight, width: stageWidth, inputs: inputs,
                    outputs: outputs, stride: stage > 0 && index == 0 ? 2 : 1, momentum: momentum, frames: frames,
                    parameters: parameters, context: context)
                (stageHeight, stageWidth, inputs) = (block.outputHeight, block.outputWidth, outputs)
                largest = max(largest, block.output.count)
                made.append(block)
            }
        }
        blocks = made
        featureCount = inputs
        features = Buffer(count: (frames + laneCount - 1) / laneCount * featureCount)
        spares = (0..<3).map { _ in Buffer(count: largest) }
    }

    func pack(training: Bool) {
        stem.pack(training: training)
        for block in blocks { block.pack(training: training) }
    }

    private func stemShape(_ frames: Int) -> BlockShape {
        BlockShape(frames: frames, height: stemHeight, width: stemWidth, channels: filters)
    }

    private func lastShape(_ frames: Int) -> BlockShape {
        guard let last = blocks.last else { preconditionFailure("a ResNet has blocks") }
        return BlockShape(
            frames: frames, height: last.outputHeight, width: last.outputWidth, channels: featureCount)
    }

    /// `x`: `[block][paddedHeight][paddedWidth][channels]`, zero on the border. Leaves `[block][featureCount]` in `features`.
    func forward(_ x: UnsafePointer<Lanes>, frames: Int, training: Bool) {
        let shape = stemShape(frames)
        stem.forward(x, stemOutput.pointer, blocks: shape.blocks)
        stemNorm.forwardPooled(
            stemOutput.pointer, pooled.pointer, chosen: chosen.pointer, shape: shape, training: training)
        var input = pooled
        for block in blocks {
            block.forward(input.pointer, frames: frames, training: training)
            input = block.output
        }
        context.kernels.averagePool(
            input.pointer, y: features.pointer, shape: lastShape(frames), blocks: 0..<shape.blocks)
    }

    /// `gradient`: of `features`.
    func backward(_ x: UnsafePointer<Lanes>, gradient: UnsafePointer<Lanes>, frames: Int) {
        let shape = stemShape(frames)
        context.kernels.averagePoolGradient(
            gradient, result: spares[0].pointer, shape: lastShape(frames), blocks: 0..<shape.blocks)
        var (current, next) = (spares[0], spares[1])
        for (index, block) in blocks.enumerated().reversed() {
            let input = index == 0 ? pooled : blocks[index - 1].output
            let isInPlace = block.backward(
                input.pointer, gradient: current.pointer, inputGradient: next.pointer, spare: spares[2].pointer,
                frames: frames)
            if !isInPlace { swap(&current, &next) }
        }
        stemNorm.backwardPooled(
            current.pointer, y: pooled.pointer, chosen: chosen.pointer, x: stemOutput.pointer,
            result: stemGradient.pointer, shape: shape)
        stem.weightGradients(x, stemGradient.pointer, shape: shape)
    }
}
