import Kernels
import Networks

/// The layers that `LayerContract` looks at; `Tests/Golden/make_layers.py` has their names too.
extension LayerContract {
    static let cases = parts + pictures + timelines

    static let parts: [Case] = [
        Case(
            testDescription: "stem", layout: .frames, height: 17, width: 15, channels: 3,
            hasBorder: true,
            specs: ResNetStem.parameters("x", channels: 3, filters: 2)
        ) {
            ResNetStem(
                name: "x", height: 11, width: 10, channels: 3, filters: 2, momentum: 0.1, in: $0)
        },
        Case(
            testDescription: "block", layout: .frames, height: 5, width: 6, channels: 8,
            specs: ResidualBlock.parameters("x", inputs: 8, outputs: 8, stride: 1)
        ) {
            ResidualBlock(
                name: "x", height: 5, width: 6, inputs: 8, outputs: 8, stride: 1, momentum: 0.1,
                in: $0)
        },
        Case(
            testDescription: "block with shortcut", layout: .frames, height: 7, width: 5,
            channels: 3,
            specs: ResidualBlock.parameters("x", inputs: 3, outputs: 6, stride: 2)
        ) {
            ResidualBlock(
                name: "x", height: 7, width: 5, inputs: 3, outputs: 6, stride: 2, momentum: 0.1,
                in: $0)
        },
        Case(
            testDescription: "average pool", layout: .frames, height: 3, width: 2, channels: 5,
            specs: []
        ) { AveragePool(height: 3, width: 2, channels: 5, in: $0) },
        Case(testDescription: "frames to sequence", layout: .frames, channels: 5, specs: []) {
            FramesToSequence(channels: 5, in: $0)
        },
        Case(
            testDescription: "LSTM", layout: .sequence, channels: 4,
            specs: LSTM.parameters("x", inputs: 4, size: 6)
        ) { LSTM(name: "x", inputs: 4, size: 6, in: $0) },
        Case(
            testDescription: "LSTM, reverse", layout: .sequence, channels: 4,
            specs: LSTM.parameters("x", inputs: 4, size: 6, direction: .reverse)
        ) { LSTM(name: "x", inputs: 4, size: 6, direction: .reverse, in: $0) },
        Case(
            testDescription: "GRU", layout: .sequence, channels: 4,
            specs: GRU.parameters("x", inputs: 4, size: 6)
        ) { GRU(name: "x", inputs: 4, size: 6, in: $0) },
        Case(
            testDescription: "GRU, both directions", layout: .sequence, channels: 4,
            specs: GRU.parameters("x", inputs: 4, size: 3)
                + GRU.parameters("x", inputs: 4, size: 3, direction: .reverse)
        ) {
            BothDirections(
                GRU(name: "x", inputs: 4, size: 3, in: $0),
                GRU(name: "x", inputs: 4, size: 3, direction: .reverse, in: $0), inputs: 4, size: 3,
                in: $0)
        },
        Case(testDescription: "mean step", layout: .sequence, channels: 3, specs: []) {
            MeanStep(channels: 3, in: $0)
        },
        Case(testDescription: "dropout", layout: .sequence, channels: 7, specs: []) {
            Dropout(rate: 0.4, number: 1, channels: 7, steps: $0.steps, in: $0)
        },
        Case(testDescription: "dropout of channels", layout: .timeline, channels: 7, specs: []) {
            Dropout(rate: 0.4, unit: .channel, number: 1, channels: 7, steps: $0.steps, in: $0)
        },
        Case(testDescription: "dropout of frames", layout: .sequence, channels: 7, specs: []) {
            Dropout(rate: 0.4, unit: .frame, number: 1, channels: 7, steps: $0.steps, in: $0)
        },
        Case(testDescription: "last step", layout: .sequence, channels: 3, specs: []) {
            LastStep(channels: 3, in: $0)
        },
        Case(
            testDescription: "linear", layout: .clips, channels: 6,
            specs: Linear.parameters("x", inputs: 6, outputs: 5)
        ) {
            Linear(name: "x", inputs: 6, outputs: 5, in: $0)
        },
        Case(
            testDescription: "linear of each step", layout: .sequence, channels: 6,
            specs: Linear.parameters("x", inputs: 6, outputs: 5)
        ) { Linear(name: "x", inputs: 6, outputs: 5, steps: $0.steps, in: $0) },
        Case(
            testDescription: "frames to timeline", layout: .frames, channels: 5, steps: 4, specs: []
        ) { FramesToSequence(channels: 5, to: .timeline, in: $0) },
        Case(
            testDescription: "mean of a timeline", layout: .timeline, channels: 3, steps: 5,
            specs: []
        ) { MeanStep(channels: 3, in: $0) },
    ]

    // MARK: Pictures

    private static let names = ConvolutionBlock.Names(
        convolution: "x.conv", norm: "x.norm", activation: "x.act")

    static let pictures: [Case] = [
        Case(
            testDescription: "first convolution over time", layout: .frames, height: 15, width: 14,
            channels: 1, steps: 4, hasBorder: true,
            specs: ConvolutionBlock.parameters(names, kernel: 7, first)
        ) {
            Chain([
                TimeStack(depth: 5, height: 15, width: 14, channels: 1, in: $0),
                ConvolutionBlock(
                    names,
                    ConvolutionGeometry(
                        height: 9, width: 8, kernel: 7, stride: 2, padding: .symmetric), first,
                    momentum: 0.1, in: $0),
            ])
        },
        Case(
            testDescription: "convolution over time", layout: .frames, height: 5, width: 6,
            channels: 3, steps: 4, specs: ConvolutionBlock.parameters(names, kernel: 3, inner)
        ) {
            Chain([
                TimeStack(depth: 3, height: 5, width: 6, channels: 3, in: $0),
                ConvolutionBlock(
                    names,
                    ConvolutionGeometry(
                        height: 5, width: 6, kernel: 3, stride: 1, padding: .symmetric), inner,
                    momentum: 0.1, in: $0),
            ])
        },
        Case(
            testDescription: "max pool", layout: .frames, height: 7, width: 6, channels: 3,
            specs: []
        ) {
            MaxPool(
                PoolGeometry(
                    height: 7, width: 6, channels: 3, kernel: 3, stride: 2, padding: 1), in: $0)
        },
        block("block, PReLU", .prelu, squeezes: false),
        block("block, Swish, squeeze-and-excite", .swish, squeezes: true),
        Case(
            testDescription: "norm of features", layout: .frames, channels: 5,
            specs: FeatureNorm.parameters("x", channels: 5)
        ) { FeatureNorm(name: "x", channels: 5, momentum: 0.1, in: $0) },
    ]

    private static let first = ConvolutionBlock.Shape(
        depth: 5, isDeep: true, inputs: 1, outputs: 3, activation: .relu, isFirst: true)
    private static let inner = ConvolutionBlock.Shape(
        depth: 3, isDeep: true, inputs: 3, outputs: 4, activation: .prelu, isFirst: false)

    private static func block(_ name: String, _ activation: Activation.Kind, squeezes: Bool)
        -> Case
    {
        var style = ResidualStyle.standard
        (style.activation, style.squeezes) = (activation, squeezes)
        let made = style
        return Case(
            testDescription: name, layout: .frames, height: 7, width: 6, channels: 3,
            specs: ResidualBlock.parameters("x", inputs: 3, outputs: 6, stride: 2, style: style)
        ) {
            ResidualBlock(
                name: "x", height: 7, width: 6, inputs: 3, outputs: 6, stride: 2, momentum: 0.1,
                style: made, in: $0)
        }
    }

    // MARK: Timelines

    static let timelines: [Case] = [
        Case(
            testDescription: "norm of steps", layout: .timeline, channels: 5, steps: 4,
            specs: FeatureNorm.parameters("x", channels: 5)
        ) { FeatureNorm(name: "x", channels: 5, momentum: 0.1, in: $0) },
        Case(
            testDescription: "PReLU", layout: .timeline, channels: 5, steps: 4,
            specs: ActivationLayer.parameters(.prelu, "x", channels: 5)
        ) {
            ActivationLayer(
                .prelu, name: "x", channels: 5, count: $0.steps * 5 * 2, in: $0)
        },
        Case(
            testDescription: "Swish", layout: .timeline, channels: 5, steps: 4, specs: []
        ) {
            ActivationLayer(
                .swish, name: "x", channels: 5, count: $0.steps * 5 * 2, in: $0)
        },
        Case(
            testDescription: "layer norm", layout: .timeline, channels: 5, steps: 4,
            specs: LayerNorm.parameters("x", channels: 5)
        ) { LayerNorm(name: "x", channels: 5, in: $0) },
        Case(
            testDescription: "attention", layout: .timeline, channels: 5, steps: 4,
            specs: AttentionPool.parameters("x", channels: 5)
        ) { AttentionPool(name: "x", channels: 5, in: $0) },
        Case(
            testDescription: "attention over a sequence", layout: .sequence, channels: 5, steps: 4,
            specs: AttentionPool.parameters("x", channels: 5)
        ) { AttentionPool(name: "x", channels: 5, in: $0) },
        convolution(
            "convolution over steps", inputs: 3, outputs: 10,
            .init(kernel: 3, dilation: 2, padding: 4)),
        // Wider than the clip: some outputs see nothing but padding.
        convolution(
            "convolution over steps, wide", inputs: 3, outputs: 2,
            .init(kernel: 5, dilation: 7, padding: 28)),
        convolution(
            "convolution in groups", inputs: 6, outputs: 4,
            .init(kernel: 3, groups: 2, padding: 1)),
        convolution(
            "depthwise convolution", inputs: 5, outputs: 5,
            .init(kernel: 3, dilation: 2, groups: 5, padding: 2)),
        temporalBlock(
            "multi-scale block",
            .init(inputs: 5, outputs: 6, kernels: [3, 5, 7], dilation: 2, activation: .prelu),
            .multiscale),
        temporalBlock(
            "dense layer",
            .init(
                inputs: 6, outputs: 6, kernels: [3, 5], dilation: 5, activation: .swish,
                squeezes: true, alwaysProjects: false), .dense),
    ]

    private static func convolution(
        _ name: String, inputs: Int, outputs: Int, _ walk: TemporalConvolution.Walk
    ) -> Case {
        Case(
            testDescription: name, layout: .timeline, channels: inputs, steps: 5,
            specs: TemporalConvolution.parameters("x", inputs: inputs, outputs: outputs, walk: walk)
        ) {
            TemporalConvolution(name: "x", inputs: inputs, outputs: outputs, walk: walk, in: $0)
        }
    }

    private static func temporalBlock(
        _ name: String, _ shape: TemporalBlock.Shape, _ names: TemporalNames
    ) -> Case {
        let isDense = name.hasPrefix("dense")
        return Case(
            testDescription: name, layout: .timeline, channels: shape.inputs, steps: 5,
            specs: TemporalBlock.parameters("x", shape, names)
        ) {
            let block = TemporalBlock(
                name: "x", shape, names, dropout: (0, .value, 1), momentum: 0.1, in: $0)
            return isDense
                ? DenseLayer(block, inputs: shape.inputs, outputs: shape.outputs, in: $0) : block
        }
    }
}

/// Layers one after the other.
final class Chain: Layer {
    private let layers: [any Layer]

    init(_ layers: [any Layer]) { self.layers = layers }

    func pack(training: Bool) { for layer in layers { layer.pack(training: training) } }

    func forward(_ x: Activations, _ pass: Pass) -> Activations {
        layers.reduce(x) { $1.forward($0, pass) }
    }

    func backward(_ gradient: Activations) -> Activations? {
        var gradient: Activations? = gradient
        for layer in layers.reversed() { gradient = gradient.flatMap { layer.backward($0) } }
        return gradient
    }
}
