import Kernels
import Tensors

/// All weights of a network in one block of memory, their gradients in another, the batch-norm averages in a third.
///
/// Convolution weights lie as `[output][kernel row][kernel column][input]`; `tensors` gives them in PyTorch's order.
package final class Parameters {
    package struct Entry: Sendable {
        package let name: String
        /// PyTorch's shape.
        package let shape: [Int]
        package let start: Start
        let offset: Int

        package var count: Int { shape.reduce(1, *) }
    }

    /// How a parameter starts.
    package enum Start: Sendable {
        /// Uniform in ±bound.
        case uniform(bound: Float)
        case constant(Float)
    }

    /// A parameter's place, before and after memory is there.
    package struct Slot: Sendable {
        let offset: Int
        let count: Int
    }

    package private(set) var entries: [Entry] = []
    package private(set) var averageEntries: [Entry] = []
    private var size = 0
    private var averageSize = 0
    package private(set) var weights = Buffer<Float>(count: 0)
    package private(set) var gradients = Buffer<Float>(count: 0)
    package private(set) var averages = Buffer<Float>(count: 0)

    package init() {}

    /// Adds a trained parameter.
    func add(_ name: String, _ shape: [Int], _ start: Start) -> Slot {
        let entry = Entry(name: name, shape: shape, start: start, offset: size)
        entries.append(entry)
        size += (entry.count + laneCount - 1) / laneCount * laneCount
        return Slot(offset: entry.offset, count: entry.count)
    }

    /// Adds an average that is followed, not trained.
    func addAverage(_ name: String, _ shape: [Int], _ value: Float) -> Slot {
        let entry = Entry(name: name, shape: shape, start: .constant(value), offset: averageSize)
        averageEntries.append(entry)
        averageSize += (entry.count + laneCount - 1) / laneCount * laneCount
        return Slot(offset: entry.offset, count: entry.count)
    }

    func allocate() {
        weights = Buffer(count: size)
        gradients = Buffer(count: size)
        averages = Buffer(count: averageSize)
    }

    /// Starts every parameter from its own stream of `seed`: the n-th parameter's numbers depend on the seed and n alone.
    func start(seed: UInt64) {
        for (index, entry) in entries.enumerated() {
            switch entry.start {
            case .constant(let value):
                for at in 0..<entry.count { weights.pointer[entry.offset + at] = value }
            case .uniform(let bound):
                var stream = RandomStream(seed: seed, purpose: .weights, part: UInt32(index))
                let values = (0..<entry.count).map { _ in (2 * stream.uniform() - 1) * bound }
                write(values, to: entry)
            }
        }
        for entry in averageEntries {
            guard case .constant(let value) = entry.start else { continue }
            for at in 0..<entry.count { averages.pointer[entry.offset + at] = value }
        }
    }

    /// Names, shapes and places of all parameters, in words.
    package var layout: String {
        (entries + averageEntries).map { "\($0.name) \($0.shape) \($0.offset)" }.joined(separator: "\n")
    }

    func weight(_ slot: Slot) -> UnsafeMutablePointer<Float> { weights.pointer + slot.offset }
    func gradient(_ slot: Slot) -> UnsafeMutablePointer<Float> { gradients.pointer + slot.offset }
    func average(_ slot: Slot) -> UnsafeMutablePointer<Float> { averages.pointer + slot.offset }

    /// Trained weights, then batch-norm averages, in PyTorch's names, shapes and order.
    package var tensors: [Tensor] {
        entries.map { Tensor(name: $0.name, shape: $0.shape, values: read($0, weights)) }
            + averageEntries.map { Tensor(name: $0.name, shape: $0.shape, values: read($0, averages)) }
    }

    /// The gradients of the trained weights, named and shaped as they are.
    package var gradientTensors: [Tensor] {
        entries.map { Tensor(name: $0.name, shape: $0.shape, values: read($0, gradients)) }
    }

    /// Takes over stored weights; every name and shape must be there, and no other.
    /// - Parameter skipped: patterns of names (`fc.*`) that keep the start they have.
    /// - Throws: `WeightMismatch` with all that does not fit.
    package func load(_ tensors: [Tensor], except skipped: [String] = []) throws {
        let problems = mismatches(tensors, except: skipped)
        guard problems.isEmpty else { throw WeightMismatch(problems: problems) }
        let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in entries where !NamePattern.any(skipped, match: entry.name) {
            write(byName[entry.name]?.values ?? [], to: entry)
        }
        for entry in averageEntries where !NamePattern.any(skipped, match: entry.name) {
            for (at, value) in (byName[entry.name]?.values ?? []).enumerated() {
                averages.pointer[entry.offset + at] = value
            }
        }
    }

    /// All that keeps stored weights from being this network's, in words.
    /// - Parameter skipped: patterns of names that are not looked at.
    package func mismatches(_ tensors: [Tensor], except skipped: [String] = []) -> [String] {
        func isSkipped(_ name: String) -> Bool { NamePattern.any(skipped, match: name) }
        let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let entries = (entries + averageEntries).filter { !isSkipped($0.name) }
        let known = Set(entries.map(\.name))
        // PyTorch counts batches; nothing here does.
        var problems = tensors.map(\.name).filter {
            !known.contains($0) && !isSkipped($0) && !$0.hasSuffix(".num_batches_tracked")
        }.map { "\($0) is no name of the network" }
        for entry in entries {
            guard let tensor = byName[entry.name] else {
                problems.append("\(entry.name) \(entry.shape) is missing")
                continue
            }
            if tensor.shape != entry.shape { problems.append("\(entry.name) is \(tensor.shape), not \(entry.shape)") }
        }
        return problems
    }

    private func read(_ entry: Entry, _ buffer: Buffer<Float>) -> [Float] {
        let source = buffer.pointer + entry.offset
        guard entry.shape.count == 4 else { return (0..<entry.count).map { source[$0] } }
        var values = [Float](repeating: 0, count: entry.count)
        forEachConvolutionWeight(entry.shape) { torch, own in values[torch] = source[own] }
        return values
    }

    private func write(_ values: [Float], to entry: Entry) {
        let target = weights.pointer + entry.offset
        guard entry.shape.count == 4 else {
            for (at, value) in values.enumerated() { target[at] = value }
            return
        }
        forEachConvolutionWeight(entry.shape) { torch, own in target[own] = values[torch] }
    }

    /// Pairs the index in PyTorch's `[output][input][row][column]` with ours, `[output][row][column][input]`.
    private func forEachConvolutionWeight(_ shape: [Int], _ body: (_ torch: Int, _ own: Int) -> Void) {
        let (inputs, taps) = (shape[1], shape[2] * shape[3])
        for output in 0..<shape[0] {
            for input in 0..<inputs {
                for tap in 0..<taps {
                    body((output * inputs + input) * taps + tap, (output * taps + tap) * inputs + input)
                }
            }
        }
    }
}

/// Stored weights that do not belong to this network.
package struct WeightMismatch: Error, CustomStringConvertible {
    package let problems: [String]

    package init(problems: [String]) { self.problems = problems }

    package var description: String {
        "the weights, or the names of weights, do not fit the network:\n"
            + problems.prefix(20).map { "  " + $0 }.joined(separator: "\n")
            + (problems.count > 20 ? "\n  … and \(problems.count - 20) more" : "")
    }
}
