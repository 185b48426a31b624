import KernelContract

extension Loops {
    public static func activate(
        _ function: ActivationFunction, _ x: StridedPixels, y: StridedPixels, channels: Int,
        pixels: Range<Int>
    ) {
        for pixel in pixels {
            let source = x.pointer + pixel * x.stride
            let target = y.pointer + pixel * y.stride
            switch function {
            case .rectifier:
                for c in 0..<channels {
                    target[c] = source[c].replacing(with: 0, where: source[c] .< 0)
                }
            case .leaky(let slopes):
                for c in 0..<channels {
                    let value = source[c]
                    target[c] = value.replacing(with: value * slopes[c], where: value .< 0)
                }
            case .swish:
                for c in 0..<channels { target[c] = source[c] * sigmoid(source[c]) }
            }
        }
    }

    public static func activationGradient(
        _ function: ActivationFunction, x: StridedPixels, gradient: StridedPixels,
        result: StridedPixels, channels: Int, pixels: Range<Int>
    ) {
        for pixel in pixels {
            let source = x.pointer + pixel * x.stride
            let given = gradient.pointer + pixel * gradient.stride
            let target = result.pointer + pixel * result.stride
            switch function {
            case .rectifier:
                for c in 0..<channels {
                    target[c] = given[c].replacing(with: 0, where: source[c] .<= 0)
                }
            case .leaky(let slopes):
                for c in 0..<channels {
                    target[c] = given[c].replacing(
                        with: given[c] * slopes[c], where: source[c] .<= 0)
                }
            case .swish:
                for c in 0..<channels {
                    let share = sigmoid(source[c])
                    target[c] = given[c] * share.addingProduct(source[c] * share, 1 - share)
                }
            }
        }
    }

    public static func slopeProducts(
        x: StridedPixels, gradient: StridedPixels, result: StridedPixels, channels: Int,
        pixels: Range<Int>
    ) {
        for pixel in pixels {
            let source = x.pointer + pixel * x.stride
            let given = gradient.pointer + pixel * gradient.stride
            let target = result.pointer + pixel * result.stride
            for c in 0..<channels {
                target[c] = (given[c] * source[c]).replacing(with: 0, where: source[c] .> 0)
            }
        }
    }

    public static func scaleChannels(
        _ x: UnsafePointer<Lanes>, by scales: UnsafePointer<Lanes>,
        y: UnsafeMutablePointer<Lanes>, shape: BlockShape, blocks: Range<Int>
    ) {
        for block in blocks {
            let scale = scales + block * shape.channels
            var index = block * shape.blockStride
            for _ in 0..<shape.height * shape.width {
                for c in 0..<shape.channels {
                    y[index] = x[index] * scale[c]
                    index += 1
                }
            }
        }
    }

    public static func channelProducts(
        _ x: UnsafePointer<Lanes>, _ y: UnsafePointer<Lanes>, sums: UnsafeMutablePointer<Lanes>,
        shape: BlockShape, blocks: Range<Int>
    ) {
        for block in blocks {
            let sum = sums + block * shape.channels
            for c in 0..<shape.channels { sum[c] = .zero }
            var index = block * shape.blockStride
            for _ in 0..<shape.height * shape.width {
                for c in 0..<shape.channels {
                    sum[c].addProduct(x[index], y[index])
                    index += 1
                }
            }
        }
    }

    public static func scaleChannelsGradient(
        _ gradient: UnsafePointer<Lanes>, scales: UnsafePointer<Lanes>,
        means: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>
    ) {
        let share = 1 / Float(shape.height * shape.width)
        for block in blocks {
            let (scale, mean) = (scales + block * shape.channels, means + block * shape.channels)
            var index = block * shape.blockStride
            for _ in 0..<shape.height * shape.width {
                for c in 0..<shape.channels {
                    result[index] = (mean[c] * share).addingProduct(gradient[index], scale[c])
                    index += 1
                }
            }
        }
    }

    public static func sigmoidGradient(
        _ y: UnsafePointer<Lanes>, gradient: UnsafeMutablePointer<Lanes>, count: Int
    ) {
        for index in 0..<count { gradient[index] *= y[index] * (1 - y[index]) }
    }

    public static func add(
        _ x: UnsafeMutablePointer<Lanes>, _ y: UnsafePointer<Lanes>, count: Int
    ) {
        for index in 0..<count { x[index] += y[index] }
    }
}
