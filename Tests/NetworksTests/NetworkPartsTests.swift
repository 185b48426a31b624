import Kernels
import Networks
import Testing

private func problems(_ model: String, _ change: (inout NetworkParts) -> Void) -> [String] {
    var parts = NetworkParts()
    change(&parts)
    return parts.problems(model: model).map(\.key)
}

@Test func partsThatAreNoNetworkAreNamed() {
    for model in NetworkRegistry.names { #expect(problems(model) { _ in }.isEmpty, "\(model)") }
    #expect(
        problems("resnet18_lstm") { $0.isBidirectional = true } == ["network.bidirectional"])
    #expect(problems("resnet18_bigru") { $0.readout = .last } == ["network.bidirectional"])
    #expect(
        problems("resnet18_lstm") { ($0.kernels, $0.dilations) = ([3], [1]) } == [
            "network.kernels", "network.dilations",
        ])
    #expect(
        problems("resnet18_mstcn") { ($0.isBidirectional, $0.kernels) = (true, [3, 4]) } == [
            "network.bidirectional", "network.kernels",
        ])
    #expect(problems("cnn3d_gru") { ($0.backend, $0.width) = (.mstcn, 20) } == ["network.width"])
    #expect(
        problems("resnet18_mstcn") { ($0.layers, $0.dilations) = (3, [1, 2]) } == [
            "network.dilations"
        ])
    #expect(problems("resnet18_mstcn") { $0.kernels = [3, 3] } == ["network.kernels"])
}

/// Every model with every backend is a network whose parts fit each other.
@Test(arguments: NetworkRegistry.names, NetworkParts.Backend.allCases)
func everyBackendFitsEveryModel(model: String, backend: NetworkParts.Backend) {
    for readout in NetworkParts.Readout.allCases {
        for frontend in NetworkParts.Frontend.allCases {
            for activation in Activation.Kind.allCases {
                var shape = NetworkShape(
                    frames: 5, height: 17, width: 12, channels: 3, filters: 1, classes: 3,
                    dropout: 0.1, batchNormMomentum: 0.1)
                (shape.parts.backend, shape.parts.readout) = (backend, readout)
                (shape.parts.frontend, shape.parts.activation) = (frontend, activation)
                shape.parts.squeezeExcite = true
                shape.parts.isBidirectional = backend.isRecurrent && readout != .last
                let plan = NetworkRegistry.plan(model, shape)
                #expect(plan.rows.last?.shape == [3])
                let trained = plan.parameters.filter(\.isTrained).reduce(0) { $0 + $1.count }
                #expect(plan.rows.reduce(0) { $0 + $1.parameters } == trained)
                let network = Network(
                    plan, clips: 3,
                    context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1), seed: 1)
                network.input.setFrame(
                    values: (0..<17 * 12 * 3).map { Float($0 % 7) / 7 }, clip: 0, time: 1, batch: 3)
                network.pack()
                let loss = CrossEntropy(
                    classes: 3, clips: 3,
                    context: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1))
                let labels = (0..<3).map { MixedLabel($0) }
                let losses = loss.losses(
                    network.forward(batch: 3, .training(seed: 1, step: 0)), labels)
                let isFinite = losses.allSatisfy { $0.isFinite }
                #expect(isFinite)
                withExtendedLifetime(loss) { network.backward(loss.gradient(labels)) }
                let slopesAreFinite = network.parameters.gradients.elements.allSatisfy {
                    $0.isFinite
                }
                #expect(slopesAreFinite)
            }
        }
    }
}
