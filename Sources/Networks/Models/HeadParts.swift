extension NetworkPlan {
    /// Adds what follows the features of frames, to the logits.
    /// - Parameter model: what the model has where the recipe says nothing.
    mutating func addHead(_ model: HeadDesign.Model) {
        let design = HeadDesign(shape.parts, model: model)
        let headDropout = shape.parts.headDropout ?? model.headDropout
        if let headDropout {
            // The model's own dropout layers have the numbers 1 and 2, those of recurrent layers 10
            // and up.
            addDropout(headDropout, number: 3, design)
        }
        addBoundary()
        addBackend(design, model)
        let readout = headDropout ?? (design.backend.isRecurrent ? shape.dropout : nil)
        addReadout(design, model, dropout: readout)
    }

    /// Adds the word boundary to the features, where the network sees it.
    mutating func addBoundary() {
        guard shape.hasWordBoundary else { return }
        let channels = channels
        addSteps("word boundary", channels: channels + 1) { place in
            guard let boundary = place.boundary else {
                preconditionFailure("a network with word boundaries has memory for them")
            }
            return [AppendBoundary(boundary, channels: channels, in: place)]
        }
    }

    private mutating func addDropout(_ rate: Float, number: UInt32, _ design: HeadDesign) {
        let (unit, channels) = (shape.parts.dropoutUnit, channels)
        addSilently { place in
            [
                Dropout(
                    rate: rate, unit: unit, number: number, channels: channels,
                    steps: place.steps, in: place)
            ]
        }
    }

    private mutating func addBackend(_ design: HeadDesign, _ model: HeadDesign.Model) {
        switch design.backend {
        case .lstm, .gru: addRecurrent(design)
        case .mstcn: addMultiscale(design)
        case .dctcn: addDense(design)
        }
    }

    // MARK: Recurrent layers

    /// One module of PyTorch's: `nn.GRU` or `nn.LSTM` with dropout between the layers.
    private mutating func addRecurrent(_ design: HeadDesign) {
        let (size, name) = (design.width(filters: shape.filters), design.recurrentName)
        let directions: [TimeDirection] =
            design.isBidirectional ? [.forward, .reverse] : [.forward]
        let outputs = size * directions.count
        let (gates, dropout, unit) = (
            design.backend == .lstm ? 4 : 3, shape.dropout, shape.parts.dropoutUnit
        )
        for layer in 0..<design.layers {
            let (inputs, backend, isLast) = (channels, design.backend, layer == design.layers - 1)
            let specs = directions.flatMap {
                RecurrentNames(name, layer, $0).specs(gates: gates, inputs: inputs, size: size)
            }
            addSteps(
                backend.rawValue.uppercased() + (directions.count > 1 ? ", both directions" : ""),
                channels: outputs,
                multiplyAdds: steps * directions.count * gates * size * (inputs + size), specs
            ) { place in
                let each = directions.map { direction -> any Layer in
                    backend == .lstm
                        ? LSTM(
                            name: name, inputs: inputs, size: size, direction: direction,
                            number: layer, in: place)
                        : GRU(
                            name: name, inputs: inputs, size: size, direction: direction,
                            number: layer, in: place)
                }
                let whole =
                    each.count == 1
                    ? each[0]
                    : BothDirections(each[0], each[1], inputs: inputs, size: size, in: place)
                guard !isLast else { return [whole] }
                return [
                    whole,
                    Dropout(
                        rate: dropout, unit: unit, number: UInt32(10 + layer), channels: outputs,
                        steps: place.steps, in: place),
                ]
            }
        }
    }

    // MARK: Temporal convolutions

    private func branchMultiplyAdds(_ block: TemporalBlock.Shape) -> Int {
        let inside = block.kernels.reduce(0) { sum, kernel in
            let rows = steps + (kernel - 1) * block.dilation
            return sum + rows * kernel * block.branchOutputs * (block.inputs + block.outputs)
        }
        let squeeze =
            block.squeezes
            ? block.kernels.count * 2 * block.inputs
                * TemporalNames.squeezeExciteStyle.middle(block.inputs) : 0
        return inside + squeeze + (block.projects ? steps * block.inputs * block.outputs : 0)
    }

    /// Names as mpc001 has them.
    private mutating func addMultiscale(_ design: HeadDesign) {
        let size = design.width(filters: shape.filters)
        let (dropout, unit, momentum) = (shape.dropout, shape.parts.dropoutUnit, momentum)
        for layer in 0..<design.layers {
            let block = TemporalBlock.Shape(
                inputs: channels, outputs: size, kernels: design.kernels,
                dilation: design.dilations[layer % design.dilations.count],
                activation: shape.parts.activation ?? .prelu)
            let name = "tcn.mb_ms_tcn.network.\(layer)"
            addSteps(
                "temporal block, kernels \(list(block.kernels)), dilation \(block.dilation)",
                channels: size, multiplyAdds: branchMultiplyAdds(block),
                TemporalBlock.parameters(name, block, .multiscale)
            ) { place in
                [
                    TemporalBlock(
                        name: name, block, .multiscale,
                        dropout: (dropout, unit, UInt32(100 + 2 * layer)), momentum: momentum,
                        in: place)
                ]
            }
        }
    }

    private mutating func addDense(_ design: HeadDesign) {
        let (growth, reduced) = (design.width(filters: shape.filters), 8 * shape.filters)
        let (dropout, unit, momentum) = (shape.dropout, shape.parts.dropoutUnit, momentum)
        let (activation, perBlock) = (shape.parts.activation ?? .prelu, 3)
        let features = "tcn.tcn_trunk.features"
        // The first is a PReLU whatever the others are, as published.
        addTransition("\(features).transition0", outputs: reduced, .prelu)
        for index in 0..<design.layers {
            for layer in 0..<perBlock {
                let block = TemporalBlock.Shape(
                    inputs: channels, outputs: growth, kernels: design.kernels,
                    dilation: design.dilations[layer % design.dilations.count],
                    activation: activation, squeezes: shape.parts.squeezeExcite ?? true,
                    alwaysProjects: false)
                let name = "\(features).denseblock\(index + 1).denselayer\(layer + 1)"
                let number = UInt32(100 + 2 * (index * perBlock + layer))
                let inputs = channels
                addSteps(
                    "dense layer, kernels \(list(block.kernels)), dilation \(block.dilation)",
                    channels: inputs + growth, multiplyAdds: branchMultiplyAdds(block),
                    TemporalBlock.parameters(name, block, .dense)
                ) { place in
                    [
                        DenseLayer(
                            TemporalBlock(
                                name: name, block, .dense, dropout: (dropout, unit, number),
                                momentum: momentum, in: place), inputs: inputs, outputs: growth,
                            in: place)
                    ]
                }
            }
            if index < design.layers - 1 {
                addTransition("\(features).transition\(index + 1)", outputs: reduced, activation)
            }
        }
        let (name, channels) = ("\(features).norm5", channels)
        addSteps(
            "norm", channels: channels, FeatureNorm.parameters(name, channels: channels)
        ) { [FeatureNorm(name: name, channels: channels, momentum: momentum, in: $0)] }
    }

    /// A convolution over one step, norm, function.
    private mutating func addTransition(
        _ name: String, outputs: Int, _ activation: Activation.Kind
    ) {
        let (inputs, momentum) = (channels, momentum)
        let walk = TemporalConvolution.Walk(kernel: 1)
        let conv = "\(name).conv"
        let specs =
            TemporalConvolution.parameters(
                conv, inputs: inputs, outputs: outputs, walk: walk, hasBias: false)
            + FeatureNorm.parameters("\(name).norm", channels: outputs)
            + ActivationLayer.parameters(
                activation, "\(name).\(activation.rawValue)", channels: outputs)
        addSteps(
            "transition, norm, \(activation.title)", channels: outputs,
            multiplyAdds: steps * inputs * outputs, specs
        ) { place in
            [
                TemporalConvolution(
                    name: conv, inputs: inputs, outputs: outputs, walk: walk, hasBias: false,
                    in: place),
                FeatureNorm(
                    name: "\(name).norm", channels: outputs, momentum: momentum, in: place),
                ActivationLayer(
                    activation, name: "\(name).\(activation.rawValue)", channels: outputs,
                    count: place.steps * place.clipBlocks * outputs, in: place),
            ]
        }
    }

    private func list(_ numbers: [Int]) -> String {
        numbers.map(String.init).joined(separator: "/")
    }

    // MARK: To the classes

    /// - Parameter dropout: before the classifier; nil: none.
    mutating func addReadout(
        _ design: HeadDesign, _ model: HeadDesign.Model, dropout: Float?
    ) {
        let (size, classes, name) = (channels, shape.classes, model.classifier)
        let linear = Linear.parameters(name, inputs: size, outputs: classes)
        if model.classifiesSteps && design.readout == .mean {
            if let dropout { addDropout(dropout, number: 2, design) }
            addSteps(
                "linear", channels: classes, multiplyAdds: steps * size * classes, linear
            ) {
                [Linear(name: name, inputs: size, outputs: classes, steps: $0.steps, in: $0)]
            }
            addVector("mean over time", channels: classes) {
                [MeanStep(channels: classes, in: $0)]
            }
            return
        }
        switch design.readout {
        case .last:
            addVector("last step", channels: size) { [LastStep(channels: size, in: $0)] }
        case .mean:
            addVector("mean over time", channels: size) { [MeanStep(channels: size, in: $0)] }
        case .attention:
            addVector(
                "attention over time", channels: size, multiplyAdds: steps * size,
                AttentionPool.parameters("attention", channels: size)
            ) { [AttentionPool(name: "attention", channels: size, in: $0)] }
        }
        if let dropout {
            addSilently {
                [Dropout(rate: dropout, number: 2, channels: size, steps: 1, in: $0)]
            }
        }
        addVector("linear", channels: classes, multiplyAdds: size * classes, linear) {
            [Linear(name: name, inputs: size, outputs: classes, in: $0)]
        }
    }
}

extension Activation.Kind {
    /// As it is written.
    var title: String {
        switch self {
        case .relu: "ReLU"
        case .prelu: "PReLU"
        case .swish: "Swish"
        }
    }
}
