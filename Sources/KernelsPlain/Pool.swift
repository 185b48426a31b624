import KernelContract

extension Loops {
    public static func add(_ y: UnsafePointer<Lanes>, to x: UnsafeMutablePointer<Lanes>, count: Int) {
        for index in 0..<count { x[index] += y[index] }
    }

    public static func multiply(_ x: UnsafeMutablePointer<Lanes>, by y: UnsafePointer<Lanes>, count: Int) {
        for index in 0..<count { x[index] *= y[index] }
    }

    public static func maxPool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shape: BlockShape, blocks: Range<Int>
    ) {
        forEachSquare(shape, blocks) { square, pooled in
            let top = greater(x[square.topLeft], x[square.topRight])
            let bottom = greater(x[square.bottomLeft], x[square.bottomRight])
            y[pooled] = greater(top, bottom)
        }
    }

    public static func maxPoolGradient(
        _ x: UnsafePointer<Lanes>, gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>,
        shape: BlockShape, blocks: Range<Int>
    ) {
        if shape.height % 2 == 1 || shape.width % 2 == 1 {
            for index in blocks.lowerBound * shape.blockStride..<blocks.upperBound * shape.blockStride {
                result[index] = .zero
            }
        }
        forEachSquare(shape, blocks) { square, pooled in
            let a = x[square.topLeft]
            let b = x[square.topRight]
            let c = x[square.bottomLeft]
            let d = x[square.bottomRight]
            let greatest = greater(greater(a, b), greater(c, d))
            let g = gradient[pooled]
            let isA = a .== greatest
            let isB = (b .== greatest) .& .!isA
            let isC = (c .== greatest) .& .!isA .& .!isB
            let isD = (d .== greatest) .& .!isA .& .!isB .& .!isC
            result[square.topLeft] = Lanes.zero.replacing(with: g, where: isA)
            result[square.topRight] = Lanes.zero.replacing(with: g, where: isB)
            result[square.bottomLeft] = Lanes.zero.replacing(with: g, where: isC)
            result[square.bottomRight] = Lanes.zero.replacing(with: g, where: isD)
        }
    }

    public static func averagePool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shape: BlockShape, blocks: Range<Int>
    ) {
        let share = 1 / Float(shape.height * shape.width)
        for block in blocks {
            for channel in 0..<shape.channels {
                var sum = Lanes.zero
                var index = block * shape.blockStride + channel
                for _ in 0..<shape.height * shape.width {
                    sum += x[index]
                    index += shape.channels
                }
                y[block * shape.channels + channel] = sum * share
            }
        }
    }

    public static func averagePoolGradient(
        _ gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape, blocks: Range<Int>
    ) {
        let share = 1 / Float(shape.height * shape.width)
        for block in blocks {
            var index = block * shape.blockStride
            for _ in 0..<shape.height * shape.width {
                for channel in 0..<shape.channels {
                    result[index] = gradient[block * shape.channels + channel] * share
                    index += 1
                }
            }
        }
    }

    private struct Square {
        let topLeft, topRight, bottomLeft, bottomRight: Int
    }

    @inline(__always)
    private static func forEachSquare(_ shape: BlockShape, _ blocks: Range<Int>, _ body: (Square, Int) -> Void) {
        let rowStride = shape.width * shape.channels
        var pooled = blocks.lowerBound * (shape.height / 2) * (shape.width / 2) * shape.channels
        for block in blocks {
            for row in 0..<shape.height / 2 {
                for column in 0..<shape.width / 2 {
                    let corner = block * shape.blockStride + 2 * row * rowStride + 2 * column * shape.channels
                    for channel in 0..<shape.channels {
                        let topLeft = corner + channel
                        body(
                            Square(
                                topLeft: topLeft, topRight: topLeft + shape.channels, bottomLeft: topLeft + rowStride,
                                bottomRight: topLeft + rowStride + shape.channels), pooled)
                        pooled += 1
                    }
                }
            }
        }
    }

    /// b where b > a, else a: a NaN in `a` stays, one in `b` does not.
    @inline(__always)
    private static func greater(_ a: Lanes, _ b: Lanes) -> Lanes {
        a.replacing(with: b, where: b .> a)
    }
}
