import Kernels
import Tensors

/// A weighted mean over the steps of a sequence or a timeline: y = Σ aₜ xₜ with a = softmax(w·xₜ)
/// over time (the "simple" attention of Lin et al. 2017, one row).
package final class AttentionPool: Layer {
    private let product: Convolution
    private let kernels: any KernelSet.Type
    private let gradients: GradientMemory
    private let scores, weights, scoreGradient, output: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ name: String, channels: Int) -> [ParameterSpec] {
        WeightStart.pyTorch.specs(name, [1, channels], hasBias: false)
    }

    package init(name: String, channels: Int, in context: LayerContext) {
        product = Convolution(
            inputs: channels, outputs: 1, weight: context.parameters.slot("\(name).weight"),
            biases: [], parameters: context.parameters, context: context.compute)
        kernels = context.compute.kernels
        gradients = context.gradients
        let rows = context.steps * context.clipBlocks
        scores = Buffer(count: rows)
        weights = Buffer(count: rows)
        scoreGradient = Buffer(count: rows)
        output = Buffer(count: context.clipBlocks * channels)
        gradients.reserve(rows * channels)
    }

    package func pack(training: Bool) { product.pack(training: training) }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        product.forward(x.pointer, scores.pointer, blocks: x.blocks)
        if let masks = x.mask?.rows(x.layout) {
            // What is no step gets no weight.
            for row in 0..<x.blocks {
                scores.pointer[row].replace(
                    with: -Float.greatestFiniteMagnitude / 2, where: masks[row] .== 0)
            }
        }
        for block in 0..<x.clipBlocks {
            var greatest = scores.pointer[x.row(time: 0, clipBlock: block)]
            for time in 0..<x.steps {
                let score = scores.pointer[x.row(time: time, clipBlock: block)]
                greatest.replace(with: score, where: score .> greatest)
            }
            for time in 0..<x.steps {
                scores.pointer[x.row(time: time, clipBlock: block)] -= greatest
            }
        }
        kernels.apply(.exp, scores.pointer, weights.pointer, count: x.blocks)
        for block in 0..<x.clipBlocks {
            var sum = Lanes.zero
            for time in 0..<x.steps { sum += weights.pointer[x.row(time: time, clipBlock: block)] }
            for time in 0..<x.steps { weights.pointer[x.row(time: time, clipBlock: block)] /= sum }
            let target = output.pointer + block * x.channels
            for channel in 0..<x.channels { target[channel] = .zero }
            for time in 0..<x.steps {
                let row = x.row(time: time, clipBlock: block)
                let (weight, source) = (weights.pointer[row], x.pointer + row * x.channels)
                for channel in 0..<x.channels { target[channel] += weight * source[channel] }
            }
        }
        var y = x.at(output.pointer)
        (y.layout, y.steps) = (.clips, 1)
        return y
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (result, _) = gradients.besides(gradient.pointer)
        for block in 0..<x.clipBlocks {
            let given = gradient.pointer + block * x.channels
            var mean = Lanes.zero
            for time in 0..<x.steps {
                let row = x.row(time: time, clipBlock: block)
                let (source, target) = (x.pointer + row * x.channels, result + row * x.channels)
                let weight = weights.pointer[row]
                var sum = Lanes.zero
                for channel in 0..<x.channels {
                    sum += given[channel] * source[channel]
                    target[channel] = weight * given[channel]
                }
                scoreGradient.pointer[row] = sum
                mean += weight * sum
            }
            for time in 0..<x.steps {
                let row = x.row(time: time, clipBlock: block)
                scoreGradient.pointer[row] =
                    weights.pointer[row] * (scoreGradient.pointer[row] - mean)
            }
        }
        let shape = BlockShape(frames: x.blocks * laneCount, height: 1, width: 1, channels: 1)
        product.weightGradients(x.pointer, scoreGradient.pointer, shape: shape)
        product.backward(scoreGradient.pointer, result, blocks: x.blocks, continuing: true)
        return x.at(result)
    }
}
