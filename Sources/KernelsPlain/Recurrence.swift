import KernelContract

extension Loops {
    public static func lstmStep(
        gates: UnsafeMutablePointer<Lanes>, previousCell: UnsafePointer<Lanes>?,
        cell: UnsafeMutablePointer<Lanes>,
        cellTanh: UnsafeMutablePointer<Lanes>, hidden: UnsafeMutablePointer<Lanes>, size: Int
    ) {
        for h in 0..<size {
            let input = sigmoid(gates[h])
            let forget = sigmoid(gates[size + h])
            let candidate = tanh(gates[2 * size + h])
            let output = sigmoid(gates[3 * size + h])
            gates[h] = input
            gates[size + h] = forget
            gates[2 * size + h] = candidate
            gates[3 * size + h] = output
            var state = input * candidate
            if let previousCell { state.addProduct(forget, previousCell[h]) }
            let squashed = tanh(state)
            cell[h] = state
            cellTanh[h] = squashed
            hidden[h] = output * squashed
        }
    }

    public static func lstmStepGradient(
        gates: UnsafePointer<Lanes>, previousCell: UnsafePointer<Lanes>?,
        cellTanh: UnsafePointer<Lanes>,
        hiddenGradient: UnsafePointer<Lanes>, cellGradient: UnsafeMutablePointer<Lanes>,
        gateGradients: UnsafeMutablePointer<Lanes>, size: Int
    ) {
        for h in 0..<size {
            let input = gates[h]
            let forget = gates[size + h]
            let candidate = gates[2 * size + h]
            let output = gates[3 * size + h]
            let squashed = cellTanh[h]
            let dh = hiddenGradient[h]
            let dc = cellGradient[h].addingProduct(dh * output, 1 - squashed * squashed)
            let before = previousCell?[h] ?? .zero
            gateGradients[h] = dc * candidate * (input * (1 - input))
            gateGradients[size + h] = dc * before * (forget * (1 - forget))
            gateGradients[2 * size + h] = dc * input * (1 - candidate * candidate)
            gateGradients[3 * size + h] = dh * squashed * (output * (1 - output))
            cellGradient[h] = dc * forget
        }
    }

    public static func gruStep(
        inputGates: UnsafeMutablePointer<Lanes>, hiddenGates: UnsafePointer<Lanes>,
        previous: UnsafePointer<Lanes>, hidden: UnsafeMutablePointer<Lanes>, size: Int
    ) {
        for h in 0..<size {
            let reset = sigmoid(inputGates[h] + hiddenGates[h])
            let update = sigmoid(inputGates[size + h] + hiddenGates[size + h])
            let new = tanh(
                inputGates[2 * size + h].addingProduct(reset, hiddenGates[2 * size + h]))
            inputGates[h] = reset
            inputGates[size + h] = update
            inputGates[2 * size + h] = new
            hidden[h] = ((1 - update) * new).addingProduct(update, previous[h])
        }
    }

    public static func gruStepGradient(
        gates: UnsafePointer<Lanes>, hiddenGates: UnsafePointer<Lanes>,
        previous: UnsafePointer<Lanes>, hiddenGradient: UnsafePointer<Lanes>,
        previousGradient: UnsafeMutablePointer<Lanes>?,
        inputGateGradients: UnsafeMutablePointer<Lanes>,
        hiddenGateGradients: UnsafeMutablePointer<Lanes>, size: Int
    ) {
        for h in 0..<size {
            let reset = gates[h]
            let update = gates[size + h]
            let new = gates[2 * size + h]
            let dh = hiddenGradient[h]
            let dn = dh * (1 - update) * (1 - new * new)
            let dr = dn * hiddenGates[2 * size + h] * (reset * (1 - reset))
            let dz = dh * (previous[h] - new) * (update * (1 - update))
            inputGateGradients[h] = dr
            inputGateGradients[size + h] = dz
            inputGateGradients[2 * size + h] = dn
            hiddenGateGradients[h] = dr
            hiddenGateGradients[size + h] = dz
            hiddenGateGradients[2 * size + h] = dn * reset
            if let previousGradient {
                previousGradient[h].addProduct(dh, update)
            }
        }
    }

    public static func crossEntropy(
        logits: UnsafePointer<Lanes>, targets: UnsafePointer<Int32>, classes: Int,
        probabilities: UnsafeMutablePointer<Lanes>, loss: UnsafeMutablePointer<Float>
    ) {
        var greatest = logits[0]
        for c in 1..<max(classes, 1) {
            greatest.replace(with: logits[c], where: logits[c] .> greatest)
        }
        var sum = Lanes.zero
        for c in 0..<classes {
            let value = exp(logits[c] - greatest)
            probabilities[c] = value
            sum += value
        }
        let share = 1 / sum
        for c in 0..<classes { probabilities[c] *= share }
        let logSum = log(sum)
        for lane in 0..<laneCount {
            let target = Int(targets[lane])
            loss[lane] = logSum[lane] - (logits[target][lane] - greatest[lane])
        }
    }
}
