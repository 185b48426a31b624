import Kernels

extension NetworkPlan {
    /// Frames that a convolution over time looks at.
    static let depth = 5

    /// Whether the first convolution is one over time.
    /// - Parameter standard: what the model has.
    func isDeep(_ standard: NetworkParts.Frontend) -> Bool {
        (shape.parts.frontend ?? standard) == .deep
    }

    // MARK: Stems

    /// ResNet's stem as OpenAV has it.
    mutating func addOpenAVStem() {
        let (shape, geometry, isDeep) = (shape, input, isDeep(.flat))
        let depth = isDeep ? NetworkPlan.depth : 1
        let activation = shape.parts.activation ?? .relu
        let (height, width) = (geometry.outputHeight / 2, geometry.outputWidth / 2)
        let multiplyAdds =
            steps * geometry.outputHeight * geometry.outputWidth * 49 * depth * shape.channels
            * shape.filters
        let title = "stem \(isDeep ? "5×" : "")7×7/2, norm, \(activation.title), pool 2×2"
        let stack = addTimeStack(depth, border: geometry)
        guard activation == .relu else {
            // Its pooling is fused with a ReLU alone.
            let names = ConvolutionBlock.Names(
                convolution: "resnet.conv_layer_s2_same", norm: "resnet.batch_norm1",
                activation: "resnet.relu")
            let block = ConvolutionBlock.Shape(
                depth: depth, isDeep: isDeep, inputs: shape.channels, outputs: shape.filters,
                activation: activation, isFirst: true, epsilon: BatchNorm.openAVEpsilon)
            let pool = PoolGeometry(
                height: geometry.outputHeight, width: geometry.outputWidth,
                channels: shape.filters, kernel: 2, stride: 2, padding: 0)
            addPictures(
                title, height: height, width: width, channels: shape.filters,
                multiplyAdds: multiplyAdds,
                ConvolutionBlock.parameters(names, kernel: 7, block, start: .pyTorch)
            ) { place in
                stack(place) + [
                    ConvolutionBlock(
                        names, geometry, block, momentum: shape.batchNormMomentum, in: place),
                    MaxPool(pool, in: place),
                ]
            }
            return
        }
        addPictures(
            title, height: height, width: width, channels: shape.filters,
            multiplyAdds: multiplyAdds,
            ResNetStem.parameters(
                "resnet", channels: shape.channels, depth: isDeep ? depth : nil,
                filters: shape.filters)
        ) { place in
            stack(place) + [
                ResNetStem(
                    name: "resnet", height: shape.height, width: shape.width,
                    channels: depth * shape.channels, filters: shape.filters,
                    momentum: shape.batchNormMomentum, in: place)
            ]
        }
    }

    /// The stem of the published lip-reading networks: convolution 5×7×7, norm, function, maximum
    /// over 3×3 with stride 2.
    /// - Parameter names: of its parts.
    mutating func addStandardStem(_ names: ConvolutionBlock.Names, _ activation: Activation.Kind) {
        let (geometry, isDeep, momentum) = (input, isDeep(.deep), momentum)
        let depth = isDeep ? NetworkPlan.depth : 1
        let block = ConvolutionBlock.Shape(
            depth: depth, isDeep: isDeep, inputs: shape.channels, outputs: shape.filters,
            activation: activation, isFirst: true)
        let pool = PoolGeometry(
            height: geometry.outputHeight, width: geometry.outputWidth, channels: shape.filters,
            kernel: 3, stride: 2, padding: 1)
        let stack = addTimeStack(depth, border: geometry)
        addPictures(
            "stem \(isDeep ? "5×" : "")7×7/2, norm, \(activation.title), pool 3×3/2",
            height: pool.outputHeight, width: pool.outputWidth, channels: shape.filters,
            multiplyAdds: steps * geometry.outputHeight * geometry.outputWidth * 49 * depth
                * shape.channels * shape.filters,
            ConvolutionBlock.parameters(names, kernel: 7, block)
        ) { place in
            stack(place) + [
                ConvolutionBlock(names, geometry, block, momentum: momentum, in: place),
                MaxPool(pool, in: place),
            ]
        }
    }

    /// Makes the layer that puts frames side by side, of pictures with a border or (nil) without.
    private func addTimeStack(_ depth: Int, border: ConvolutionGeometry?)
        -> @Sendable (LayerContext) -> [any Layer]
    {
        let height = border?.paddedHeight ?? height
        let width = border?.paddedWidth ?? width
        let channels = channels
        return { place in
            guard depth > 1 else { return [] }
            return [
                TimeStack(depth: depth, height: height, width: width, channels: channels, in: place)
            ]
        }
    }

    /// A convolution over time, rows and columns with norm and function, and the maximum over 2×2.
    mutating func addDeepConvolution(
        _ names: ConvolutionBlock.Names, title: String, kernel: Int, stride: Int, depth: Int,
        outputs: Int, _ activation: Activation.Kind, isFirst: Bool
    ) {
        let geometry =
            isFirst
            ? input
            : ConvolutionGeometry(
                height: height, width: width, kernel: kernel, stride: stride, padding: .symmetric)
        let block = ConvolutionBlock.Shape(
            depth: depth, isDeep: true, inputs: channels, outputs: outputs,
            activation: activation, isFirst: isFirst)
        let stack = addTimeStack(depth, border: isFirst ? geometry : nil)
        let (rows, columns) = (geometry.outputHeight, geometry.outputWidth)
        // A picture of one row or column has nothing to pool.
        let pools = rows > 1 && columns > 1
        let pool = PoolGeometry(
            height: rows, width: columns, channels: outputs, kernel: 2, stride: 2, padding: 0)
        let momentum = momentum
        addPictures(
            title + (pools ? ", pool 2×2" : ""), height: pools ? pool.outputHeight : rows,
            width: pools ? pool.outputWidth : columns, channels: outputs,
            multiplyAdds: steps * rows * columns * kernel * kernel * depth * channels * outputs,
            ConvolutionBlock.parameters(names, kernel: kernel, block)
        ) { place in
            stack(place) + [
                ConvolutionBlock(names, geometry, block, momentum: momentum, in: place)
            ] + (pools ? [MaxPool(pool, in: place)] : [])
        }
    }

    // MARK: ResNet-18

    /// The four stages of ResNet-18 (He et al. 2016), two blocks each.
    /// - Parameter name: of the module, with its dot.
    mutating func addResNet18(_ name: String, _ style: ResidualStyle) {
        var style = style
        style.activation = shape.parts.activation ?? style.activation
        style.squeezes = shape.parts.squeezeExcite ?? style.squeezes
        let (filters, momentum) = (shape.filters, momentum)
        for stage in 0..<4 {
            for index in 0..<2 {
                let block = "\(name)layer\(stage + 1).\(index)"
                let (inputs, outputs) = (channels, filters << stage)
                let stride = index == 0 && stage > 0 ? 2 : 1
                let (height, width) = (height, width)
                let (rows, columns) = (
                    (height + stride - 1) / stride, (width + stride - 1) / stride
                )
                let shortcut = stride == 1 && inputs == outputs ? 0 : inputs
                let (made, momentum) = (style, momentum)
                let middle = ResidualStyle.squeezeExcite.middle(outputs)
                addPictures(
                    "stage \(stage + 1), block \(index + 1)", height: rows, width: columns,
                    channels: outputs,
                    multiplyAdds: steps * rows * columns * outputs
                        * (9 * inputs + 9 * outputs + shortcut)
                        + (style.squeezes ? steps * 2 * middle * outputs : 0),
                    ResidualBlock.parameters(
                        block, inputs: inputs, outputs: outputs, stride: stride, style: style)
                ) { place in
                    [
                        ResidualBlock(
                            name: block, height: height, width: width, inputs: inputs,
                            outputs: outputs, stride: stride, momentum: momentum, style: made,
                            in: place)
                    ]
                }
            }
        }
    }

    /// The mean over each picture; the features of a frame are left.
    mutating func addAveragePool() {
        let (height, width, channels) = (height, width, channels)
        addSteps("mean over the picture", channels: channels) {
            [AveragePool(height: height, width: width, channels: channels, in: $0)]
        }
    }

    /// From lanes of frames to lanes of clips, as the head wants them.
    mutating func addTurn(_ model: HeadDesign.Model) {
        let channels = channels
        let layout: Activations.Layout =
            HeadDesign(shape.parts, model: model).backend.isRecurrent ? .sequence : .timeline
        addSilently { [FramesToSequence(channels: channels, to: layout, in: $0)] }
    }
}
