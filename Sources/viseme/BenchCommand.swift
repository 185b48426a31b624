import ArgumentParser
import Execution
import Foundation
import Kernels
import Networks
import Tensors
import Training

/// What `make bench` calls.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the engine.", shouldDisplay: false,
        subcommands: [
            Step.self, Products.self, Files.self, MakeStudy.self, Batches.self, MakeClips.self,
        ])

    struct Size: ParsableArguments {
        @Option var model = "resnet18_lstm"
        @Option var filters = 8
        @Option var size = 32
        @Option var frames = 12
        @Option var batch = 16
        @Option var threads = 1

        func validate() throws {
            guard (1...256).contains(filters), (8...512).contains(size), (1...240).contains(frames),
                (1...4096).contains(batch), (1...1024).contains(threads)
            else { throw ValidationError("sizes are those of docs/recipes.md") }
            guard NetworkRegistry.names.contains(model) else {
                throw ValidationError("there is no model \(model)")
            }
        }

        var network: NetworkShape {
            var shape = NetworkShape(
                frames: frames, height: size, width: size, channels: 1, filters: filters,
                classes: 10, dropout: 0, batchNormMomentum: 0.1)
            shape.parts.headDropout = 0
            return shape
        }

        var plan: NetworkPlan { NetworkRegistry.plan(model, network) }
    }

    /// Training steps on one batch of random clips, to be timed beside another program.
    ///
    /// With `--serve` it reads numbers from standard input; for each number of steps it answers
    /// with one line, the time of each step in milliseconds and its loss.
    struct Step: ParsableCommand {
        @OptionGroup var size: Size
        @Option var steps = 20
        @Flag var serve = false
        @Flag(help: "Count heap allocations, with scripts/count_allocations.c preloaded.")
        var allocations = false
        @Option(help: "Leave the initial weights and the clips here, as .safetensors.") var export:
            String?

        func run() throws {
            let context = ComputeContext(kernels: try chosenWidth().kernels, threads: size.threads)
            let network = Network(size.plan, clips: size.batch, context: context, seed: 0)
            let optimizer = Optimizer(
                .adam, weights: network.parameters.weights, gradients: network.parameters.gradients,
                weightDecay: 0,
                momentum: 0, context: context)
            let loss = CrossEntropy(
                classes: size.network.classes, clips: size.batch, context: context)
            let clips = setClips(network)
            if let export {
                try SafeTensors.write(network.parameters.tensors + [clips], to: export)
            }
            let labels = (0..<size.batch).map { MixedLabel($0 % 10) }
            var number: UInt64 = 0

            func step() -> (milliseconds: Double, loss: Float) {
                let start = monotonicSeconds()
                network.pack()
                let losses = loss.losses(
                    network.forward(batch: size.batch, .training(seed: 0, step: number)), labels)
                network.backward(loss.gradient(labels))
                optimizer.step(lr: 0.001)
                number += 1
                return (
                    (monotonicSeconds() - start) * 1000, losses.reduce(0, +) / Float(losses.count)
                )
            }

            if allocations {
                guard let count = allocationCounter() else {
                    throw ValidationError("no counter is preloaded")
                }
                for _ in 0..<2 { _ = step() }
                let before = count()
                for _ in 0..<steps { _ = step() }
                print(count() - before)
                return
            }
            guard serve else {
                let times = (0..<steps + 2).map { _ in step().milliseconds }.dropFirst(2).sorted()
                print(decimals(times[times.count / 2], 3))
                return
            }
            while let line = readLine() {
                let answer = (0..<(Int(line) ?? 0)).map { _ in
                    let (milliseconds, loss) = step()
                    return "\(milliseconds) \(loss)"
                }
                Output.write(Data((answer.joined(separator: ";") + "\n").utf8))
            }
        }

        private func allocationCounter() -> (@convention(c) () -> Int)? {
            dlsym(nil, "viseme_allocations").map {
                unsafeBitCast($0, to: (@convention(c) () -> Int).self)
            }
        }

        private func setClips(_ network: Network) -> Tensor {
            var stream = RandomStream(seed: 0, purpose: .visemes)
            let pixels = size.size * size.size
            var all: [Float] = []
            all.reserveCapacity(size.batch * size.frames * pixels)
            for clip in 0..<size.batch {
                for time in 0..<size.frames {
                    let frame = (0..<pixels).map { _ in stream.uniform() }
                    network.input.setFrame(values: frame, clip: clip, time: time, batch: size.batch)
                    all += frame
                }
            }
            return Tensor(
                name: "clips", shape: [size.batch, size.frames, 1, size.size, size.size],
                values: all)
        }
    }

    /// Each product of the network by itself, against the multiply-adds that this processor can do.
    struct Products: ParsableCommand {
        @OptionGroup var size: Size
        @Option var rounds = 5

        func run() throws {
            let kernels = try chosenWidth().kernels
            let context = ComputeContext(kernels: kernels, threads: size.threads)
            let network = Network(size.plan, clips: size.batch, context: context, seed: 0)
            network.pack()
            var rows: [[String: Any]] = []
            var peaks: [Double] = []
            for timing in ProductTiming.of(network) {
                for pass in timing.passes {
                    var shares: [Double] = []
                    var seconds: [Double] = []
                    for _ in 0..<rounds {
                        // The clock of a shared context wanders: the peak is taken beside every
                        // measurement.
                        let peak = peakRate(kernels)
                        let time = time(of: pass.run)
                        peaks.append(peak)
                        seconds.append(time)
                        shares.append(
                            Double(timing.multiplyAdds) / time / peak / Double(size.threads))
                    }
                    rows.append([
                        "product": timing.name, "method": timing.method, "pass": pass.name,
                        "microseconds": median(seconds) * 1e6, "share": median(shares),
                        "gflops": 2 * Double(timing.multiplyAdds) / median(seconds) / 1e9,
                        "direct_gflops": 2 * Double(timing.directMultiplyAdds) / median(seconds)
                            / 1e9,
                    ])
                }
            }
            let all: [String: Any] = [
                "width": kernels.name, "peak_gflops": 2 * median(peaks) / 1e9, "products": rows,
            ]
            let json = try JSONSerialization.data(
                withJSONObject: all, options: [.prettyPrinted, .sortedKeys])
            print(String(decoding: json, as: UTF8.self))
        }

        /// Multiply-adds a second of one core.
        private func peakRate(_ kernels: any KernelSet.Type) -> Double {
            let start = monotonicSeconds()
            let (multiplyAdds, result) = kernels.multiplyAddPeak(rounds: 100_000)
            let seconds = monotonicSeconds() - start
            precondition(result.isFinite)
            return Double(multiplyAdds) / seconds
        }

        /// Seconds of one call, the mean of as many as fill a few milliseconds.
        private func time(of body: () -> Void) -> Double {
            body()
            var calls = 0
            let start = monotonicSeconds()
            var end = start
            while end - start < 0.005 {
                body()
                calls += 1
                end = monotonicSeconds()
            }
            return (end - start) / Double(calls)
        }

        private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    }
}

/// Median seconds of `extra`, each time after `body`; or of `body` alone.
func medianSeconds(
    _ rounds: Int, _ body: () throws -> Void, extra: (() throws -> Void)? = nil
) throws -> Double {
    let times = try (0..<rounds).map { _ in
        if extra != nil { try body() }
        let start = monotonicSeconds()
        if let extra { try extra() } else { try body() }
        return monotonicSeconds() - start
    }
    return times.sorted()[rounds / 2]
}
