import Kernels
import Tensors

/// A layer over a timeline whose output is put behind its input: `[input channels, its own]`
/// (Huang et al. 2017).
package final class DenseLayer: Layer {
    private let inner: any Layer
    private let inputs, outputs: Int
    private let kernels: any KernelSet.Type
    private let gradients: GradientMemory
    private let output, innerGradient, passed: Buffer<Lanes>

    /// - Parameters:
    ///   - inputs: channels of its input.
    ///   - outputs: channels that `inner` adds.
    package init(_ inner: any Layer, inputs: Int, outputs: Int, in context: LayerContext) {
        (self.inner, self.inputs, self.outputs) = (inner, inputs, outputs)
        kernels = context.compute.kernels
        gradients = context.gradients
        let rows = context.steps * context.clipBlocks
        output = Buffer(count: rows * (inputs + outputs))
        innerGradient = Buffer(count: rows * outputs)
        passed = Buffer(count: rows * inputs)
        gradients.reserve(rows * (inputs + outputs))
    }

    package func pack(training: Bool) { inner.pack(training: training) }

    package func forward(_ x: Activations, _ pass: Pass) -> Activations {
        let own = inner.forward(x, pass)
        for row in 0..<x.blocks {
            let target = output.pointer + row * (inputs + outputs)
            target.update(from: x.pointer + row * inputs, count: inputs)
            (target + inputs).update(from: own.pointer + row * outputs, count: outputs)
        }
        return x.at(output.pointer, channels: inputs + outputs)
    }

    package func backward(_ gradient: Activations) -> Activations? {
        for row in 0..<gradient.blocks {
            let both = gradient.pointer + row * (inputs + outputs)
            (passed.pointer + row * inputs).update(from: both, count: inputs)
            (innerGradient.pointer + row * outputs).update(from: both + inputs, count: outputs)
        }
        let own = gradient.at(innerGradient.pointer, channels: outputs)
        guard let result = inner.backward(own) else { return nil }
        kernels.add(result.pointer, passed.pointer, count: result.count)
        return result
    }
}
