extension HeadDesign.Model {
    static let openAV = HeadDesign.Model(backend: .lstm, layers: 2, width: 8, readout: .last)
    static let biGRU = HeadDesign.Model(
        backend: .gru, layers: 3, width: 16, isBidirectional: true, readout: .mean,
        recurrentName: "gru", classifier: "v_cls", headDropout: 0.5, classifiesSteps: true)
    static let msTCN = HeadDesign.Model(
        backend: .mstcn, layers: 4, width: 12, readout: .mean, classifier: "tcn.tcn_output")
    static let dcTCN = HeadDesign.Model(
        backend: .dctcn, layers: 4, width: 6, readout: .mean, classifier: "tcn.tcn_output")
    static let smallGRU = HeadDesign.Model(
        backend: .gru, layers: 1, width: 8, isBidirectional: true, readout: .mean,
        recurrentName: "gru")
}

extension NetworkPlan {
    /// OpenAV's visual model: ResNet-18 on every frame, LSTM, dropout, LSTM, the last time step,
    /// dropout, a linear classifier.
    @Sendable static func resNet18LSTM(_ shape: NetworkShape) -> NetworkPlan {
        var plan = NetworkPlan(
            shape,
            input: ConvolutionGeometry(
                height: shape.height, width: shape.width, kernel: 7, stride: 2))
        plan.addOpenAVStem()
        plan.addResNet18("resnet.", .openAV)
        plan.addAveragePool()
        plan.addTurn(.openAV)
        plan.addOpenAVHead()
        return plan
    }

    /// "Learn an effective lip reading model without pains" (Feng et al. 2020): weights' names as
    /// VIPL has them.
    @Sendable static func resNet18BiGRU(_ shape: NetworkShape) -> NetworkPlan {
        var plan = standardPictures(
            shape, stem: "video_cnn.frontend3D", trunk: "video_cnn.resnet18.", .relu)
        let (channels, name) = (plan.channels, "video_cnn.resnet18.bn")
        plan.addSteps("norm", channels: channels, FeatureNorm.parameters(name, channels: channels))
        {
            [
                FeatureNorm(
                    name: name, channels: channels, momentum: shape.batchNormMomentum, in: $0)
            ]
        }
        plan.addTurn(.biGRU)
        plan.addHead(.biGRU)
        return plan
    }

    /// Multi-scale temporal convolutions (Martinez et al. 2020): names as mpc001 has them.
    @Sendable static func resNet18MSTCN(_ shape: NetworkShape) -> NetworkPlan {
        var plan = standardPictures(shape, stem: "frontend3D", trunk: "trunk.", .prelu)
        plan.addTurn(.msTCN)
        plan.addHead(.msTCN)
        return plan
    }

    /// Densely connected temporal convolutions (Ma et al. 2021): names as mpc001 has them.
    @Sendable static func resNet18DCTCN(_ shape: NetworkShape) -> NetworkPlan {
        var plan = standardPictures(shape, stem: "frontend3D", trunk: "trunk.", .prelu)
        plan.addTurn(.dcTCN)
        plan.addHead(.dcTCN)
        return plan
    }

    /// A small network for small sets: three convolutions over time, rows and columns, the mean over
    /// the picture, a GRU in both directions, the mean over time.
    @Sendable static func cnn3DGRU(_ shape: NetworkShape) -> NetworkPlan {
        var plan = NetworkPlan(
            shape,
            input: ConvolutionGeometry(
                height: shape.height, width: shape.width, kernel: 5, stride: 2,
                padding: .symmetric))
        let activation = shape.parts.activation ?? .relu
        for (index, kernel) in [5, 3, 3].enumerated() {
            let names = ConvolutionBlock.Names(
                convolution: "conv\(index + 1)", norm: "bn\(index + 1)",
                activation: "act\(index + 1)")
            plan.addDeepConvolution(
                names,
                title: "conv 3×\(kernel)×\(kernel)\(index == 0 ? "/2" : ""), norm, "
                    + activation.title, kernel: kernel, stride: index == 0 ? 2 : 1, depth: 3,
                outputs: shape.filters << index, activation, isFirst: index == 0)
        }
        plan.addAveragePool()
        plan.addTurn(.smallGRU)
        plan.addHead(.smallGRU)
        return plan
    }

    /// Stem and ResNet-18 as published for lip reading, to the features of frames.
    private static func standardPictures(
        _ shape: NetworkShape, stem: String, trunk: String, _ activation: Activation.Kind
    ) -> NetworkPlan {
        var plan = NetworkPlan(
            shape,
            input: ConvolutionGeometry(
                height: shape.height, width: shape.width, kernel: 7, stride: 2,
                padding: .symmetric))
        let names = ConvolutionBlock.Names(
            convolution: "\(stem).0", norm: "\(stem).1", activation: "\(stem).2")
        var style = ResidualStyle.standard
        style.activation = activation
        plan.addStandardStem(names, shape.parts.activation ?? activation)
        plan.addResNet18(trunk, style)
        plan.addAveragePool()
        return plan
    }

    /// The two LSTMs of OpenAV are modules of their own, unless they are exchanged.
    private mutating func addOpenAVHead() {
        let parts = shape.parts
        guard
            parts.backend == nil && parts.layers == nil && parts.width == nil
                && parts.isBidirectional == nil
        else { return addHead(.openAV) }
        let (size, dropout, unit) = (channels, shape.dropout, parts.dropoutUnit)
        addBoundary()
        for name in ["lstm1", "lstm2"] {
            let inputs = channels
            addSteps(
                "LSTM", channels: size, multiplyAdds: steps * 4 * size * (inputs + size),
                LSTM.parameters(name, inputs: inputs, size: size)
            ) { place in
                let lstm = LSTM(name: name, inputs: inputs, size: size, in: place)
                guard name == "lstm1" else { return [lstm] }
                return [
                    lstm,
                    Dropout(
                        rate: dropout, unit: unit, number: 1, channels: size, steps: place.steps,
                        in: place),
                ]
            }
        }
        addReadout(HeadDesign(parts, model: .openAV), .openAV, dropout: dropout)
    }
}
