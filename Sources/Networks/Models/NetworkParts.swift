/// Parts of a network that a recipe may exchange. What is nil is as the model has it.
package struct NetworkParts: Sendable, Hashable {
    /// How the first convolution looks at frames.
    package enum Frontend: String, Sendable, CaseIterable {
        /// One by one.
        case flat = "2d"
        /// Five at a time.
        case deep = "3d"
    }

    /// What follows the frames' features through time.
    package enum Backend: String, Sendable, CaseIterable {
        case lstm, gru
        /// Multi-scale temporal convolutions (Martinez et al. 2020).
        case mstcn
        /// Densely connected temporal convolutions (Ma et al. 2021).
        case dctcn

        /// Whether it is made of recurrent layers.
        package var isRecurrent: Bool { self == .lstm || self == .gru }
    }

    /// How a sequence becomes one vector.
    package enum Readout: String, Sendable, CaseIterable {
        case last, mean, attention
    }

    package var frontend: Frontend?
    package var activation: Activation.Kind?
    package var backend: Backend?
    /// Recurrent layers, or blocks of temporal convolutions.
    package var layers: Int?
    /// Of the state of one direction; channels of a block of temporal convolutions.
    package var width: Int?
    package var isBidirectional: Bool?
    package var readout: Readout?
    package var squeezeExcite: Bool?
    /// Of temporal convolutions, side by side.
    package var kernels: [Int]?
    /// Of the blocks of temporal convolutions, or of the layers of a dense block, in turn.
    package var dilations: [Int]?
    /// Of the features and before the classifier.
    package var headDropout: Float?
    package var dropoutUnit = Dropout.Unit.value

    package init() {}
}

extension NetworkParts {
    /// What is wrong with these parts of a model together: the key, and why.
    package func problems(model: String) -> [(key: String, message: String)] {
        let head = HeadDesign(self, model: NetworkRegistry.head(model))
        var problems: [(String, String)] = []
        if head.backend.isRecurrent {
            for (key, isSet) in [
                ("network.kernels", kernels != nil), ("network.dilations", dilations != nil),
            ] where isSet {
                problems.append(
                    (
                        key,
                        "belongs to temporal convolutions, and the backend is \(head.backend.rawValue): set network.backend to mstcn or dctcn, or leave it out"
                    ))
            }
            if head.isBidirectional, head.readout == .last {
                problems.append(
                    (
                        "network.bidirectional",
                        "the last step knows the other direction after one frame only: set network.readout to mean or attention"
                    ))
            }
            return problems
        }
        if isBidirectional == true {
            problems.append(
                (
                    "network.bidirectional",
                    "belongs to recurrent layers, and the backend is \(head.backend.rawValue): temporal convolutions see both directions; leave it out"
                ))
        }
        if let even = head.kernels.first(where: { $0 % 2 == 0 }) {
            problems.append(
                ("network.kernels", "\(even) is even: a kernel has a step in its middle"))
        }
        if Set(head.kernels).count < head.kernels.count {
            problems.append(("network.kernels", "a kernel is there twice"))
        }
        if let width, width % head.kernels.count != 0 {
            problems.append(
                (
                    "network.width",
                    "\(width) channels can't be shared by \(head.kernels.count) kernels: take a multiple of \(head.kernels.count)"
                ))
        }
        if head.backend == .mstcn, let dilations, let layers, dilations.count != layers {
            problems.append(
                (
                    "network.dilations",
                    "\(dilations.count) of them for network.layers: \(layers): each block has one"
                ))
        }
        return problems
    }
}
