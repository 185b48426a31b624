/// Which way a recurrent layer goes through time.
package enum TimeDirection: Sendable {
    case forward, reverse

    /// The time of a step, counted in the layer's order.
    func time(_ step: Int, of steps: Int) -> Int { self == .forward ? step : steps - 1 - step }

    /// What is added to a time for the next step.
    var sign: Int { self == .forward ? 1 : -1 }
}

/// PyTorch's names of the parameters of one direction of a recurrent layer: `lstm.weight_ih_l0`,
/// `gru.bias_hh_l1_reverse`.
struct RecurrentNames {
    let inputWeight, hiddenWeight, inputBias, hiddenBias: String

    init(_ module: String, _ number: Int, _ direction: TimeDirection) {
        let ending = "l\(number)" + (direction == .reverse ? "_reverse" : "")
        inputWeight = "\(module).weight_ih_\(ending)"
        hiddenWeight = "\(module).weight_hh_\(ending)"
        inputBias = "\(module).bias_ih_\(ending)"
        hiddenBias = "\(module).bias_hh_\(ending)"
    }

    /// Started as PyTorch does: uniform in ±1/√size.
    func specs(gates: Int, inputs: Int, size: Int) -> [ParameterSpec] {
        let start = ParameterSpec.Start.uniform(bound: 1 / Float(size).squareRoot())
        return [
            ParameterSpec(inputWeight, [gates * size, inputs], start),
            ParameterSpec(hiddenWeight, [gates * size, size], start),
            ParameterSpec(inputBias, [gates * size], start),
            ParameterSpec(hiddenBias, [gates * size], start),
        ]
    }
}
