import Kernels
import Tensors

/// The function behind a norm or a sum. A part of layers.
package final class Activation {
    package enum Kind: String, Sendable, CaseIterable {
        case relu, prelu, swish
    }

    private let kind: Kind
    private let slopes: Parameters.Slot?
    private let channels: Int
    private let parameters: Parameters
    private let context: ComputeContext
    private let totals: Buffer<Lanes>

    /// - Parameter name: of PyTorch's module, which has weights if it is a PReLU.
    static func parameters(_ kind: Kind, _ name: String, channels: Int) -> [ParameterSpec] {
        kind == .prelu ? [ParameterSpec("\(name).weight", [channels], .constant(0.25))] : []
    }

    init(
        _ kind: Kind, name: String, channels: Int, parameters: Parameters, context: ComputeContext
    ) {
        self.kind = kind
        self.channels = channels
        self.parameters = parameters
        self.context = context
        slopes = kind == .prelu ? parameters.slot("\(name).weight") : nil
        totals = Buffer(count: kind == .prelu ? channels : 0)
    }

    private var function: ActivationFunction {
        switch kind {
        case .relu: .rectifier
        case .swish: .swish
        case .prelu:
            .leaky(slopes: slopes.map { UnsafePointer(parameters.weight($0)) } ?? noSlopes)
        }
    }

    private var noSlopes: UnsafePointer<Float> {
        preconditionFailure("a PReLU has slopes")
    }

    func forward(_ x: StridedPixels, _ y: StridedPixels, pixels: Int) {
        context.team.share(pixels, work: pixels * channels / 2) { _, pixels in
            context.kernels.activate(function, x, y: y, channels: channels, pixels: pixels)
        }
    }

    /// - Parameters:
    ///   - result: takes the gradient of x; may be where `gradient` is.
    ///   - products: room for as many numbers as x has, side by side.
    ///   - shape: of x, whose pixels `x`, `gradient` and `result` are in turn.
    func backward(
        _ gradient: StridedPixels, x: StridedPixels, result: StridedPixels,
        products: UnsafeMutablePointer<Lanes>, shape: BlockShape
    ) {
        let pixels = shape.blocks * shape.height * shape.width
        slopeProducts(
            gradient, x: x, into: StridedPixels(products, stride: channels), pixels: pixels)
        sumSlopes(products, shape)
        self.gradient(gradient, x: x, result: result, pixels: pixels)
    }

    /// The addends of the gradient of the slopes, where there are slopes.
    func slopeProducts(
        _ gradient: StridedPixels, x: StridedPixels, into products: StridedPixels, pixels: Int
    ) {
        guard slopes != nil else { return }
        context.team.share(pixels, work: pixels * channels / 2) { _, pixels in
            context.kernels.slopeProducts(
                x: x, gradient: gradient, result: products, channels: channels, pixels: pixels)
        }
    }

    /// The gradient of the slopes from its addends, where there are slopes.
    func sumSlopes(_ products: UnsafePointer<Lanes>, _ shape: BlockShape) {
        guard let slopes else { return }
        context.team.share(channels, work: shape.count / 2) { _, channels in
            context.kernels.channelSums(
                products, shape: shape, channels: channels, totals: totals.pointer,
                sums: parameters.gradient(slopes))
        }
    }

    /// The gradient of x, in `result`, which may be where `gradient` is.
    func gradient(
        _ gradient: StridedPixels, x: StridedPixels, result: StridedPixels, pixels: Int
    ) {
        context.team.share(pixels, work: pixels * channels / 2) { _, pixels in
            context.kernels.activationGradient(
                function, x: x, gradient: gradient, result: result, channels: channels,
                pixels: pixels)
        }
    }
}

/// A function of every number by itself.
package final class ActivationLayer: Layer {
    private let activation: Activation
    private let gradients: GradientMemory
    private let output: Buffer<Lanes>
    private var input: Activations?

    package static func parameters(_ kind: Activation.Kind, _ name: String, channels: Int)
        -> [ParameterSpec]
    {
        Activation.parameters(kind, name, channels: channels)
    }

    /// - Parameter count: numbers of its input at most, in `Lanes`.
    package init(
        _ kind: Activation.Kind, name: String, channels: Int, count: Int, in context: LayerContext
    ) {
        activation = Activation(
            kind, name: name, channels: channels, parameters: context.parameters,
            context: context.compute)
        gradients = context.gradients
        output = Buffer(count: count)
        gradients.reserve(count)
    }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        input = x
        activation.forward(
            StridedPixels(x.pointer, stride: x.channels),
            StridedPixels(output.pointer, stride: x.channels), pixels: x.count / x.channels)
        return x.at(output.pointer)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        guard let x = input else { preconditionFailure("backward follows forward") }
        let (products, _) = gradients.besides(gradient.pointer)
        let pixels = StridedPixels(gradient.pointer, stride: x.channels)
        activation.backward(
            pixels, x: StridedPixels(x.pointer, stride: x.channels), result: pixels,
            products: products, shape: x.picture)
        return gradient
    }
}
