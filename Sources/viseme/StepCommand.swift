import ArgumentParser
import Foundation
import Networks
import Sweeps
import Tensors
import Training

/// What the benchmark calls: the time of one training step on random clips.
struct StepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Time one training step.", shouldDisplay: false)

    @Option var filters = 8
    @Option var size = 32
    @Option var frames = 12
    @Option var batch = 16
    @Option var threads = 1
    @Option var steps = 20

    func run() throws {
        let machine = Machine(kernels: try chosenWidth().kernels, threads: threads)
        let network = VisualSpeechNetwork(
            shape: NetworkShape(
                frames: frames, height: size, width: size, channels: 1, filters: filters, classes: 10, dropout: 0,
                batchNormMomentum: 0.1), clips: batch, machine: machine, seed: 0)
        let optimizer = Optimizer(
            .adam, weights: network.parameters.weights, gradients: network.parameters.gradients, weightDecay: 0,
            momentum: 0, machine: machine)
        var stream = RandomStream(seed: 0, purpose: .visemes)
        for clip in 0..<batch {
            for time in 0..<frames {
                let pixels = (0..<size * size).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
                network.setFrame(pixels, clip: clip, time: time, batch: batch)
            }
        }
        let labels = (0..<batch).map { $0 % 10 }
        var times: [Double] = []
        for number in 0..<steps + 2 {
            let start = monotonicSeconds()
            network.pack()
            network.forward(batch: batch, training: .init(seed: 0, number: UInt64(number)))
            _ = network.loss(labels: labels)
            network.backward(labels: labels)
            optimizer.step(lr: 0.001)
            if number >= 2 { times.append(monotonicSeconds() - start) }
        }
        print(decimals(times.sorted()[times.count / 2] * 1000, 3))
    }
}
