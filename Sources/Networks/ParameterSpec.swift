import Tensors

/// A parameter as it is known before there is a network: its name and shape are PyTorch's.
package struct ParameterSpec: Sendable, Equatable {
    /// How a parameter starts.
    package enum Start: Sendable, Equatable {
        /// Uniform in ±bound.
        case uniform(bound: Float)
        /// Normal with mean 0.
        case normal(deviation: Float)
        case constant(Float)
    }

    package let name: String
    package let shape: [Int]
    package let start: Start
    /// False for an average that is followed, not trained.
    package let isTrained: Bool

    package init(_ name: String, _ shape: [Int], _ start: Start, isTrained: Bool = true) {
        (self.name, self.shape, self.start, self.isTrained) = (name, shape, start, isTrained)
    }

    package var count: Int { shape.reduce(1, *) }

    /// All that keeps stored weights from being those of a network with these parameters, in words.
    /// - Parameter skipped: patterns of names that are not looked at.
    package static func mismatches(
        _ specs: [ParameterSpec], _ tensors: [Tensor], except skipped: [String] = []
    ) -> [String] {
        func isSkipped(_ name: String) -> Bool { NamePattern.any(skipped, match: name) }
        let byName = Dictionary(
            tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let wanted = specs.filter { !isSkipped($0.name) }
        let known = Set(wanted.map(\.name))
        // PyTorch counts batches; nothing here does.
        var problems = tensors.map(\.name).filter {
            !known.contains($0) && !isSkipped($0) && !$0.hasSuffix(".num_batches_tracked")
        }.map { "\($0) is no name of the network" }
        for spec in wanted {
            guard let tensor = byName[spec.name] else {
                problems.append("\(spec.name) \(spec.shape) is missing")
                continue
            }
            if tensor.shape != spec.shape {
                problems.append("\(spec.name) is \(tensor.shape), not \(spec.shape)")
            }
        }
        return problems
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
