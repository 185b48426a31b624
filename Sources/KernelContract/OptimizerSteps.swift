public struct AdamStep: @unchecked Sendable {
    public let weights, first, second: UnsafeMutablePointer<Float>
    public let gradients: UnsafePointer<Float>
    public let beta1, beta2, stepSize, secondCorrection, epsilon, decay, shrink: Float

    /// `stepSize` is lr/(1 − β1ᵗ), `secondCorrection` is √(1 − β2ᵗ), `shrink` is 1 − lr·decay where
    /// decay is decoupled, else 1.
    public init(
        weights: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
        second: UnsafeMutablePointer<Float>,
        gradients: UnsafePointer<Float>, beta1: Float, beta2: Float, stepSize: Float,
        secondCorrection: Float,
        epsilon: Float, decay: Float, shrink: Float
    ) {
        self.weights = weights
        self.first = first
        self.second = second
        self.gradients = gradients
        self.beta1 = beta1
        self.beta2 = beta2
        self.stepSize = stepSize
        self.secondCorrection = secondCorrection
        self.epsilon = epsilon
        self.decay = decay
        self.shrink = shrink
    }
}

public struct MomentumStep: @unchecked Sendable {
    public let weights, velocity: UnsafeMutablePointer<Float>
    public let gradients: UnsafePointer<Float>
    public let lr, momentum, decay: Float

    public init(
        weights: UnsafeMutablePointer<Float>, velocity: UnsafeMutablePointer<Float>,
        gradients: UnsafePointer<Float>,
        lr: Float, momentum: Float, decay: Float
    ) {
        self.weights = weights
        self.velocity = velocity
        self.gradients = gradients
        self.lr = lr
        self.momentum = momentum
        self.decay = decay
    }
}

public struct LionStep: @unchecked Sendable {
    public let weights, average: UnsafeMutablePointer<Float>
    public let gradients: UnsafePointer<Float>
    public let lr, beta1, beta2, shrink: Float

    public init(
        weights: UnsafeMutablePointer<Float>, average: UnsafeMutablePointer<Float>,
        gradients: UnsafePointer<Float>,
        lr: Float, beta1: Float, beta2: Float, shrink: Float
    ) {
        self.weights = weights
        self.average = average
        self.gradients = gradients
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.shrink = shrink
    }
}
