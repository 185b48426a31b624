import Kernels
import Tensors

/// One step of a network. All memory is taken when a layer is made; no call allocates.
package protocol Layer: AnyObject {
    /// Brings packed weights up to date: after the parameters were changed, before the next pass.
    /// - Parameter training: false leaves out what only `backward` needs.
    func pack(training: Bool)

    /// - Returns: memory of the layer, or `x` changed in place; valid until the next call.
    func forward(_ x: Activations, _ pass: Pass) -> Activations

    /// Computes the gradients of the parameters, and that of x.
    /// - Parameter gradient: of what the last call of `forward` in training returned; overwritten.
    /// - Returns: the gradient of x, in `gradient`'s memory or in the shared memory of gradients,
    ///   valid until the next call of any layer; nil if it is not needed.
    func backward(_ gradient: Activations) -> Activations?
}

extension Layer {
    package func pack(training: Bool) {}
}

/// Memory for the gradients on their way back, shared by all layers of a network: they work one
/// after the other, and each needs that of its output, that of its input, and one to compute with.
package final class GradientMemory {
    private var buffers = (0..<3).map { _ in Buffer<Lanes>(count: 0) }

    /// Makes room for so many `Lanes` in each.
    package func reserve(_ count: Int) {
        if count > buffers[0].count { buffers = (0..<3).map { _ in Buffer(count: count) } }
    }

    /// Two that are not `pointer`.
    func besides(
        _ pointer: UnsafeMutablePointer<Lanes>
    ) -> (UnsafeMutablePointer<Lanes>, UnsafeMutablePointer<Lanes>) {
        let (a, b, c) = (buffers[0].pointer, buffers[1].pointer, buffers[2].pointer)
        return pointer == a ? (b, c) : pointer == b ? (a, c) : (a, b)
    }
}

/// What all layers of a network are made with.
package struct LayerContext {
    package let compute: ComputeContext
    package let parameters: Parameters
    package let gradients: GradientMemory
    /// Clips at most, and frames of each.
    package let clips, steps: Int
    /// Where the input leaves when words are spoken.
    package let boundary: WordBoundary?

    package init(
        compute: ComputeContext, parameters: Parameters,
        gradients: GradientMemory = GradientMemory(), clips: Int,
        steps: Int, boundary: WordBoundary? = nil
    ) {
        self.boundary = boundary
        self.compute = compute
        self.parameters = parameters
        self.gradients = gradients
        self.clips = clips
        self.steps = steps
    }

    var frames: Int { clips * steps }
    var frameBlocks: Int { (frames + laneCount - 1) / laneCount }
    var clipBlocks: Int { (clips + laneCount - 1) / laneCount }
}
