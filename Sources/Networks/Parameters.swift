import Kernels
import Tensors

/// All weights of a network in one block of memory, their gradients in another, the batch-norm
/// averages in a third.
///
/// Convolution weights lie as `[output][kernel row][kernel column][input]`, those over time as
/// `[output][kernel row][kernel column][time][input]` or `[output][time][input]`; `tensors` gives
/// them in PyTorch's order.
package final class Parameters {
    struct Entry: Sendable {
        let spec: ParameterSpec
        let offset: Int

        var name: String { spec.name }
        var shape: [Int] { spec.shape }
        var count: Int { spec.count }
    }

    /// A parameter's place in its block of memory.
    package struct Slot: Sendable {
        let offset: Int
        let count: Int
    }

    let entries, averageEntries: [Entry]
    private let slots: [String: Slot]
    package let weights, gradients, averages: Buffer<Float>

    /// - Parameter specs: names are unique.
    package init(_ specs: [ParameterSpec]) {
        var (trained, followed): ([Entry], [Entry]) = ([], [])
        var (size, averageSize) = (0, 0)
        for spec in specs {
            let room = (spec.count + laneCount - 1) / laneCount * laneCount
            if spec.isTrained {
                trained.append(Entry(spec: spec, offset: size))
                size += room
            } else {
                followed.append(Entry(spec: spec, offset: averageSize))
                averageSize += room
            }
        }
        (entries, averageEntries) = (trained, followed)
        slots = Dictionary(
            uniqueKeysWithValues: (trained + followed).map {
                ($0.name, Slot(offset: $0.offset, count: $0.count))
            })
        weights = Buffer(count: size)
        gradients = Buffer(count: size)
        averages = Buffer(count: averageSize)
    }

    /// The place of a parameter. A name that is not there is a mistake of the network's.
    func slot(_ name: String) -> Slot {
        guard let slot = slots[name] else { preconditionFailure("no parameter is called \(name)") }
        return slot
    }

    /// Starts every parameter from its own stream of `seed`: the n-th parameter's numbers depend on
    /// the seed and n alone.
    package func start(seed: UInt64) {
        for (index, entry) in entries.enumerated() {
            switch entry.spec.start {
            case .constant(let value):
                for at in 0..<entry.count { weights.pointer[entry.offset + at] = value }
            case .uniform(let bound):
                var stream = RandomStream(seed: seed, purpose: .weights, part: UInt32(index))
                let values = (0..<entry.count).map { _ in (2 * stream.uniform() - 1) * bound }
                write(values, to: entry)
            case .normal(let deviation):
                var stream = RandomStream(seed: seed, purpose: .weights, part: UInt32(index))
                let values = (0..<entry.count).map { _ in Float(stream.normal()) * deviation }
                write(values, to: entry)
            }
        }
        for entry in averageEntries {
            guard case .constant(let value) = entry.spec.start else { continue }
            for at in 0..<entry.count { averages.pointer[entry.offset + at] = value }
        }
    }

    /// The trained parameters and where each lies, its padding included.
    package var trained: [(name: String, shape: [Int], range: Range<Int>)] {
        entries.map { entry in
            let room = (entry.count + laneCount - 1) / laneCount * laneCount
            return (entry.name, entry.shape, entry.offset..<entry.offset + room)
        }
    }

    /// Names, shapes and places of all parameters, in words.
    package var layout: String {
        (entries + averageEntries).map { "\($0.name) \($0.shape) \($0.offset)" }.joined(
            separator: "\n")
    }

    func weight(_ slot: Slot) -> UnsafeMutablePointer<Float> { weights.pointer + slot.offset }
    func gradient(_ slot: Slot) -> UnsafeMutablePointer<Float> { gradients.pointer + slot.offset }
    func average(_ slot: Slot) -> UnsafeMutablePointer<Float> { averages.pointer + slot.offset }

    /// Trained weights, then batch-norm averages, in PyTorch's names, shapes and order.
    package var tensors: [Tensor] {
        entries.map { Tensor(name: $0.name, shape: $0.shape, values: read($0, weights)) }
            + averageEntries.map {
                Tensor(name: $0.name, shape: $0.shape, values: read($0, averages))
            }
    }

    /// The gradients of the trained weights, named and shaped as they are.
    package var gradientTensors: [Tensor] {
        entries.map { Tensor(name: $0.name, shape: $0.shape, values: read($0, gradients)) }
    }

    /// Copies stored weights. Names and shapes must be exactly those of the network.
    /// - Parameter skipped: patterns of names (`fc.*`) that keep the start they have.
    /// - Throws: `WeightMismatch` with all that does not fit.
    package func load(_ tensors: [Tensor], except skipped: [String] = []) throws {
        let problems = mismatches(tensors, except: skipped)
        guard problems.isEmpty else { throw WeightMismatch(problems: problems) }
        let byName = Dictionary(
            tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
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
        ParameterSpec.mismatches((entries + averageEntries).map(\.spec), tensors, except: skipped)
    }

    private func read(_ entry: Entry, _ buffer: Buffer<Float>) -> [Float] {
        let source = buffer.pointer + entry.offset
        guard entry.shape.count > 2 else { return (0..<entry.count).map { source[$0] } }
        var values = [Float](repeating: 0, count: entry.count)
        forEachConvolutionWeight(entry.shape) { torch, own in values[torch] = source[own] }
        return values
    }

    private func write(_ values: [Float], to entry: Entry) {
        let target = weights.pointer + entry.offset
        guard entry.shape.count > 2 else {
            for (at, value) in values.enumerated() { target[at] = value }
            return
        }
        forEachConvolutionWeight(entry.shape) { torch, own in target[own] = values[torch] }
    }

    /// Pairs the index in PyTorch's `[output][input][time][row][column]` with ours,
    /// `[output][row][column][time][input]`. There may be no time, or nothing but time.
    private func forEachConvolutionWeight(
        _ shape: [Int], _ body: (_ torch: Int, _ own: Int) -> Void
    ) {
        let inputs = shape[1]
        let times = shape.count == 5 ? shape[2] : 1
        let taps = shape.dropFirst(2).reduce(1, *) / times
        for output in 0..<shape[0] {
            for input in 0..<inputs {
                for time in 0..<times {
                    for tap in 0..<taps {
                        body(
                            ((output * inputs + input) * times + time) * taps + tap,
                            ((output * taps + tap) * times + time) * inputs + input)
                    }
                }
            }
        }
    }
}
