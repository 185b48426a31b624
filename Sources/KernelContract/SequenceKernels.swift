/// The inner loops of recurrent layers and of the loss.
public protocol SequenceKernels {
    // MARK: Recurrent layers
    /// One time step. `gates`: `[4·hidden]`, sums before the activations, in the order input,
    /// forget, cell, output; left activated. `cell` = forget·`previousCell` + input·cell gate;
    /// `hidden` = output·tanh(cell), and that tanh in `cellTanh`. `previousCell` nil is zero.
    static func lstmStep(
        gates: UnsafeMutablePointer<Lanes>, previousCell: UnsafePointer<Lanes>?,
        cell: UnsafeMutablePointer<Lanes>,
        cellTanh: UnsafeMutablePointer<Lanes>, hidden: UnsafeMutablePointer<Lanes>, size: Int)

    /// The gradient of one time step. `hiddenGradient` comes in; `cellGradient` comes in from the
    /// later step and leaves for the earlier; `gateGradients` leaves.
    static func lstmStepGradient(
        gates: UnsafePointer<Lanes>, previousCell: UnsafePointer<Lanes>?,
        cellTanh: UnsafePointer<Lanes>,
        hiddenGradient: UnsafePointer<Lanes>, cellGradient: UnsafeMutablePointer<Lanes>,
        gateGradients: UnsafeMutablePointer<Lanes>, size: Int)

    /// One time step of a GRU. `inputGates` and `hiddenGates`: `[3·hidden]`, the products with the
    /// input and with the state before, biases included, in the order reset r, update z, new n.
    /// r = σ(a_r + b_r), z = σ(a_z + b_z), n = tanh(a_n + r·b_n); `hidden` = (1 − z)·n +
    /// z·`previous`. `inputGates` is left as r, z, n.
    static func gruStep(
        inputGates: UnsafeMutablePointer<Lanes>, hiddenGates: UnsafePointer<Lanes>,
        previous: UnsafePointer<Lanes>, hidden: UnsafeMutablePointer<Lanes>, size: Int)

    /// The gradient of one time step. `hiddenGradient` comes in; what goes straight to the state
    /// before is added to `previousGradient`, where there is one. The gradients of both products
    /// leave.
    static func gruStepGradient(
        gates: UnsafePointer<Lanes>, hiddenGates: UnsafePointer<Lanes>,
        previous: UnsafePointer<Lanes>, hiddenGradient: UnsafePointer<Lanes>,
        previousGradient: UnsafeMutablePointer<Lanes>?,
        inputGateGradients: UnsafeMutablePointer<Lanes>,
        hiddenGateGradients: UnsafeMutablePointer<Lanes>, size: Int)

    // MARK: Loss
    /// Softmax cross-entropy of sixteen clips. `logits`: `[classes]`; `probabilities` likewise. The
    /// loss is log Σ exp(z − max) − (z[target] − max).
    static func crossEntropy(
        logits: UnsafePointer<Lanes>, targets: UnsafePointer<Int32>, classes: Int,
        probabilities: UnsafeMutablePointer<Lanes>, loss: UnsafeMutablePointer<Float>)
}
