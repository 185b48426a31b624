import KernelContract

extension Loops {
    public static func multiply(
        _ x: UnsafeMutablePointer<Lanes>, by y: UnsafePointer<Lanes>, count: Int
    ) {
        for index in 0..<count { x[index] *= y[index] }
    }

    public static func scaleRows(
        _ x: UnsafeMutablePointer<Lanes>, by masks: UnsafePointer<Lanes>, channels: Int, rows: Int
    ) {
        for row in 0..<rows {
            let mask = masks[row]
            for channel in 0..<channels { x[row * channels + channel] *= mask }
        }
    }

    public static func scaleLanes(
        _ x: UnsafeMutablePointer<Lanes>, by factors: UnsafePointer<Float>, count: Int
    ) {
        let memory = UnsafeRawPointer(factors)
        let factor = memory.loadUnaligned(as: Lanes.self)
        let offset = memory.loadUnaligned(
            fromByteOffset: MemoryLayout<Lanes>.stride, as: Lanes.self)
        for index in 0..<count { x[index] = offset.addingProduct(x[index], factor) }
    }

    public static func averagePool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>
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
        _ gradient: UnsafePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, shape: BlockShape,
        blocks: Range<Int>
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
}
