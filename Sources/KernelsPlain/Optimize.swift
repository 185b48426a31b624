import CVector
import KernelContract

extension Loops {
    public static func adam(_ state: AdamStep, range: Range<Int>) {
        let oneMinusBeta1 = 1 - state.beta1
        let oneMinusBeta2 = 1 - state.beta2
        forEachLanes(range) { at in
            let weights = lanes(state.weights, at)
            let gradient = lanes(state.gradients, at).addingProduct(
                weights, Lanes(repeating: state.decay))
            let first = (lanes(state.first, at) * state.beta1).addingProduct(
                gradient, Lanes(repeating: oneMinusBeta1))
            let second = (lanes(state.second, at) * state.beta2)
                .addingProduct(gradient * gradient, Lanes(repeating: oneMinusBeta2))
            let denominator = viseme_square_root(second) / state.secondCorrection + state.epsilon
            store(first, state.first, at)
            store(second, state.second, at)
            store(
                (weights * state.shrink).addingProduct(
                    first / denominator, Lanes(repeating: -state.stepSize)),
                state.weights, at)
        }
    }

    public static func momentum(_ state: MomentumStep, range: Range<Int>) {
        forEachLanes(range) { at in
            let weights = lanes(state.weights, at)
            let gradient = lanes(state.gradients, at).addingProduct(
                weights, Lanes(repeating: state.decay))
            let velocity = gradient.addingProduct(
                lanes(state.velocity, at), Lanes(repeating: state.momentum))
            store(velocity, state.velocity, at)
            store(weights.addingProduct(velocity, Lanes(repeating: -state.lr)), state.weights, at)
        }
    }

    public static func lion(_ state: LionStep, range: Range<Int>) {
        forEachLanes(range) { at in
            let gradient = lanes(state.gradients, at)
            let average = lanes(state.average, at)
            let blend = (average * state.beta1).addingProduct(
                gradient, Lanes(repeating: 1 - state.beta1))
            var step = Lanes.zero
            step.replace(with: state.lr, where: blend .> 0)
            step.replace(with: -state.lr, where: blend .< 0)
            step.replace(with: blend, where: .!(blend .== blend))
            store(
                (average * state.beta2).addingProduct(gradient, Lanes(repeating: 1 - state.beta2)),
                state.average, at)
            store((lanes(state.weights, at) * state.shrink) - step, state.weights, at)
        }
    }

    public static func squaredNorm(_ x: UnsafePointer<Float>, count: Int) -> Float {
        var sum = Lanes.zero
        forEachLanes(0..<count) { at in
            let value = lanes(x, at)
            sum.addProduct(value, value)
        }
        return pairwiseSum(sum)
    }

    public static func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        forEachLanes(0..<count) { at in store(lanes(x, at) * factor, x, at) }
    }

    @inline(__always)
    private static func forEachLanes(_ range: Range<Int>, _ body: (Int) -> Void) {
        var at = range.lowerBound
        while at < range.upperBound {
            body(at)
            at += laneCount
        }
    }

    @inline(__always)
    private static func lanes(_ x: UnsafePointer<Float>, _ at: Int) -> Lanes {
        UnsafeRawPointer(x + at).loadUnaligned(as: Lanes.self)
    }

    @inline(__always)
    private static func lanes(_ x: UnsafeMutablePointer<Float>, _ at: Int) -> Lanes {
        lanes(UnsafePointer(x), at)
    }

    @inline(__always)
    private static func store(_ value: Lanes, _ x: UnsafeMutablePointer<Float>, _ at: Int) {
        UnsafeMutableRawPointer(x + at).storeBytes(of: value, as: Lanes.self)
    }
}
