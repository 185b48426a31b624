import Kernels
import Networks
import Tensors
import Testing

/// What every layer promises: its gradients are the slopes of what it computes, its bits depend
/// neither on the vector width nor on the number of threads, lanes beyond the last clip do not
/// show, and its numbers are PyTorch's.
@Suite struct LayerContract {
    /// A layer, and an input of its kind.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let layout: Activations.Layout
        var height = 1
        var width = 1
        let channels: Int
        var steps = 3
        /// Whether it needs a border of zeros around its pictures.
        var hasBorder = false
        let specs: [ParameterSpec]
        let make: @Sendable (LayerContext) -> any Layer
    }

    /// A layer with numbers in its input and its parameters.
    final class Bench {
        // Pointers do not keep their memory: what reads through them holds on to its owner.
        let parameters: Parameters
        let layer: any Layer
        let memory: Buffer<Lanes>
        let x: Activations
        let `case`: Case

        /// - Parameter batch: clips; the layer is made for three more.
        init(
            _ `case`: Case, batch: Int, steps: Int? = nil, width: VectorWidth = .best,
            threads: Int = 1
        ) {
            self.case = `case`
            let steps = `case`.layout == .clips ? 1 : steps ?? `case`.steps
            parameters = Parameters(`case`.specs)
            parameters.start(seed: 3)
            let compute = ComputeContext(kernels: width.kernels, threads: threads)
            layer = `case`.make(
                LayerContext(
                    compute: compute, parameters: parameters, clips: batch + 3, steps: steps))
            var x = Activations(
                pointer: Buffer<Lanes>(count: 0).pointer, layout: `case`.layout, batch: batch,
                steps: steps,
                height: `case`.height, width: `case`.width, channels: `case`.channels)
            memory = Buffer(count: x.count)
            x.pointer = memory.pointer
            self.x = x
            set(LayerContract.numbers(memory.count * laneCount, seed: 1))
        }

        /// Lanes that hold clips or frames, and no border.
        func isUsed(_ place: Int, _ a: Activations) -> Bool {
            let (lane, at) = (place % laneCount, place / laneCount)
            let perBlock = a.height * a.width * a.channels
            let block = at / perBlock
            let number =
                switch a.layout {
                case .frames: block
                case .timeline: block / a.steps
                case .sequence, .clips: block % a.clipBlocks
                }
            guard number * laneCount + lane < (a.layout == .frames ? a.frames : a.batch) else {
                return false
            }
            guard `case`.hasBorder, a.pointer == x.pointer else { return true }
            let pixel = at % perBlock / a.channels
            return (3..<a.height - 3).contains(pixel / a.width)
                && (3..<a.width - 3).contains(pixel % a.width)
        }

        func set(_ numbers: [Float]) {
            for place in numbers.indices {
                memory.pointer[place / laneCount][place % laneCount] =
                    isUsed(place, x) ? numbers[place] : 0
            }
        }

        /// Σ c·y with fixed c.
        func objective() -> Double {
            layer.pack(training: true)
            let y = layer.forward(x, .training(seed: 9, step: 4))
            let coefficients = LayerContract.numbers(y.count * laneCount, seed: 2)
            return withExtendedLifetime(self) {
                coefficients.indices.reduce(0) { sum, place in
                    let number = Double(y.pointer[place / laneCount][place % laneCount])
                    return isUsed(place, y) ? sum + Double(coefficients[place]) * number : sum
                }
            }
        }

        /// The gradient of the objective with respect to the input; nil if the layer has none.
        func gradient() -> [Float]? {
            _ = objective()
            let y = layer.forward(x, .training(seed: 9, step: 4))
            let coefficients = LayerContract.numbers(y.count * laneCount, seed: 2)
            let memory = Buffer<Lanes>(count: y.count)
            for place in coefficients.indices {
                memory.pointer[place / laneCount][place % laneCount] =
                    isUsed(place, y) ? coefficients[place] : 0
            }
            var given = y
            given.pointer = memory.pointer
            return withExtendedLifetime((self, memory)) {
                layer.backward(given).map { result in
                    (0..<result.count * laneCount).map {
                        result.pointer[$0 / laneCount][$0 % laneCount]
                    }
                }
            }
        }

        func values(_ a: Activations) -> [UInt32] {
            withExtendedLifetime(self) {
                (0..<a.count * laneCount).filter { isUsed($0, a) }.map {
                    a.pointer[$0 / laneCount][$0 % laneCount].bitPattern
                }
            }
        }
    }

    fileprivate static func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var stream = RandomStream(seed: seed, purpose: .weights)
        return (0..<count).map { _ in 2 * stream.uniform() - 1 }
    }

    @Test(arguments: cases, [5, 17])
    func theGradientOfTheInputIsTheSlope(case: Case, batch: Int) throws {
        let bench = Bench(`case`, batch: batch)
        guard let gradient = bench.gradient() else {
            return #expect(`case`.hasBorder, "only pictures have no gradient")
        }
        let start = LayerContract.numbers(gradient.count, seed: 1)
        let direction = LayerContract.numbers(gradient.count, seed: 7)
        let expected = gradient.indices.reduce(0) { sum, place in
            bench.isUsed(place, bench.x)
                ? sum + Double(gradient[place]) * Double(direction[place]) : sum
        }
        func moved(_ by: Float) -> Double {
            bench.set(zip(start, direction).map { $0 + by * $1 })
            return bench.objective()
        }
        let reach: Float = 5e-4
        let slope = (moved(reach) - moved(-reach)) / Double(2 * reach)
        let scale = max(abs(expected), gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot())
        #expect(abs(slope - expected) / scale < 0.03, "\(slope) beside \(expected)")
    }

    @Test(arguments: cases.filter { !$0.specs.isEmpty })
    func theGradientsOfTheParametersAreTheSlope(case: Case) {
        let bench = Bench(`case`, batch: 5)
        _ = bench.gradient()
        let weights = bench.parameters.weights
        let gradient = bench.parameters.gradients.elements.map { $0 }
        let start = weights.elements.map { $0 }
        let direction = LayerContract.numbers(start.count, seed: 8)
        let expected = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        func moved(_ by: Float) -> Double {
            for index in start.indices {
                weights.pointer[index] = start[index] + by * direction[index]
            }
            return bench.objective()
        }
        let reach: Float = 2e-4
        let slope = (moved(reach) - moved(-reach)) / Double(2 * reach)
        let scale = max(abs(expected), gradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot())
        #expect(abs(slope - expected) / scale < 0.03, "\(slope) beside \(expected)")
    }

    @Test(arguments: cases)
    func widthsAndThreadsDoNotShowInTheBits(case: Case) {
        func bits(_ width: VectorWidth, _ threads: Int) -> [[UInt32]] {
            let bench = Bench(`case`, batch: 17, width: width, threads: threads)
            let gradient = bench.gradient() ?? []
            bench.layer.pack(training: true)
            let trained = bench.values(bench.layer.forward(bench.x, .training(seed: 9, step: 4)))
            bench.set(LayerContract.numbers(bench.memory.count * laneCount, seed: 1))
            let evaluated = bench.values(bench.layer.forward(bench.x, .evaluation))
            return [
                trained, evaluated, gradient.map(\.bitPattern),
                bench.parameters.gradients.elements.map(\.bitPattern),
            ]
        }
        let plain = bits(.plain, 1)
        for width in VectorWidth.allCases where width.isAvailable {
            for threads in 1...3 {
                #expect(bits(width, threads) == plain, "\(width), \(threads) threads")
            }
        }
    }

    @Test(arguments: cases)
    func inEvaluationAClipIsByItself(case: Case) {
        let bench = Bench(`case`, batch: 5)
        bench.layer.pack(training: false)
        let all = bench.values(bench.layer.forward(bench.x, .evaluation))
        let again = bench.values(bench.layer.forward(bench.x, .evaluation))
        #expect(all == again && !all.isEmpty)
    }

    /// Dropout draws random numbers of our own, which PyTorch can't have; the slope tests it.
    @Test(arguments: cases.filter { !$0.testDescription.hasPrefix("dropout") }, [1, 2])
    func theNumbersArePyTorchs(case: Case, threads: Int) throws {
        let golden = try GoldenLayer(`case`.testDescription)
        let bench = Bench(`case`, batch: golden.x.shape[0], threads: threads)
        let parameters = bench.parameters
        try parameters.load(
            golden.weights.map { Tensor(name: "x." + $0, shape: $1.shape, values: $1.values) })
        golden.place(golden.x, in: bench.x)
        bench.layer.pack(training: true)
        let y = bench.layer.forward(bench.x, .training(seed: 9, step: 4))
        #expect(distance(golden.read(y, as: golden.y), golden.y.values) < 1e-5)

        let memory = Buffer<Lanes>(count: y.count)
        var gradient = y
        gradient.pointer = memory.pointer
        golden.place(golden.gradient, in: gradient)
        let result = bench.layer.backward(gradient)
        #expect((result == nil) == `case`.hasBorder)
        if let result {
            let got = golden.read(result, as: golden.xGradient)
            #expect(distance(got, golden.xGradient.values) < 2e-5)
        }
        // A bias before batch norm has a gradient of zero, up to rounding.
        let largest = golden.gradients.values.flatMap(\.values).map { abs($0) }.max() ?? 0
        for tensor in parameters.gradientTensors {
            let expected = try #require(golden.gradients[String(tensor.name.dropFirst(2))]).values
            let worst = zip(tensor.values, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 2e-5 * largest, "\(tensor.name)")
        }
        for tensor in parameters.tensors {
            guard let expected = golden.averages[String(tensor.name.dropFirst(2))] else { continue }
            #expect(distance(tensor.values, expected.values) < 1e-5, "\(tensor.name)")
        }
        // Layers may have changed their input in place.
        golden.place(golden.x, in: bench.x)
        let evaluated = golden.read(bench.layer.forward(bench.x, .evaluation), as: golden.y)
        #expect(distance(evaluated, golden.evaluated.values) < 1e-5)
        withExtendedLifetime((bench, memory)) {}
    }
}
