import Kernels
import Tensors

/// Batch norm, plus a shortcut where there is one, and the function behind them. ReLU is fused with
/// the norm; others keep what goes into them.
final class NormActivation {
    let norm: BatchNorm
    private let activation: Activation?
    /// What goes into the function.
    private let summed: Buffer<Lanes>

    /// - Parameters:
    ///   - name: of the norm; `activationName` that of a PReLU.
    ///   - count: numbers at most, in `Lanes`.
    init(
        name: String, kind: Activation.Kind, activationName: String, channels: Int,
        momentum: Float, epsilon: Float, count: Int, parameters: Parameters,
        context: ComputeContext
    ) {
        norm = BatchNorm(
            name: name, channels: channels, momentum: momentum, epsilon: epsilon,
            parameters: parameters, context: context)
        activation =
            kind == .relu
            ? nil
            : Activation(
                kind, name: activationName, channels: channels, parameters: parameters,
                context: context)
        summed = Buffer(count: kind == .relu ? 0 : count)
    }

    func forward(
        _ x: UnsafePointer<Lanes>, _ y: UnsafeMutablePointer<Lanes>,
        shortcut: UnsafePointer<Lanes>? = nil, shape: BlockShape, training: Bool
    ) {
        guard let activation else {
            return norm.forward(
                x, y, shortcut: shortcut, rectify: true, shape: shape, training: training)
        }
        norm.forward(
            x, summed.pointer, shortcut: shortcut, rectify: false, shape: shape, training: training)
        activation.forward(
            StridedPixels(summed.pointer, stride: shape.channels),
            StridedPixels(y, stride: shape.channels),
            pixels: shape.blocks * shape.height * shape.width)
    }

    /// The gradient of x, in `result`. Where there was a shortcut its share is left in `gradient`.
    /// - Parameter output: what `forward` gave, where there was a shortcut.
    func backward(
        _ gradient: UnsafeMutablePointer<Lanes>, output: UnsafePointer<Lanes>?,
        x: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape
    ) {
        guard let activation else {
            return norm.backward(
                gradient, rectifier: output.map { .output($0) } ?? .again, x: x, result: result,
                shape: shape)
        }
        let pixels = StridedPixels(gradient, stride: shape.channels)
        activation.backward(
            pixels, x: StridedPixels(summed.pointer, stride: shape.channels), result: pixels,
            products: result, shape: shape)
        norm.backward(gradient, rectifier: .none, x: x, result: result, shape: shape)
    }
}
