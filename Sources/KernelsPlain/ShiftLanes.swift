import KernelContract

extension Loops {
    public static func shiftLanes(
        _ source: UnsafePointer<Lanes>?, _ next: UnsafePointer<Lanes>?, by lanes: Int,
        kept: Int, sourceStride: Int, target: StridedPixels, channels: Int, pixels: Int,
        adding: Bool
    ) {
        let numbers = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        let isOfSource = numbers .< SIMD16(repeating: Int32(laneCount - lanes))
        let isKept = numbers .< SIMD16(repeating: Int32(kept))
        let last = (pixels - 1) * sourceStride + channels - 1
        for pixel in 0..<pixels {
            for channel in 0..<channels {
                let at = pixel * sourceStride + channel
                var value = Lanes.zero
                if lanes == 0 {
                    if let source { value = source[at] }
                } else if at == 0 || at == last {
                    // A whole vector from within would reach beyond the memory.
                    for lane in 0..<laneCount {
                        let from = lane + lanes
                        value[lane] =
                            from < laneCount
                            ? source?[at][from] ?? 0 : next?[at][from - laneCount] ?? 0
                    }
                } else {
                    if let source {
                        value.replace(with: lanesWithin(source + at, lanes), where: isOfSource)
                    }
                    if let next {
                        value.replace(
                            with: lanesWithin(next + at, lanes - laneCount), where: .!isOfSource)
                    }
                }
                value = Lanes.zero.replacing(with: value, where: isKept)
                let place = target.pointer + pixel * target.stride + channel
                place.pointee = adding ? place.pointee + value : value
            }
        }
    }

    /// Sixteen numbers from so many lanes after the first.
    @inline(__always)
    private static func lanesWithin(_ x: UnsafePointer<Lanes>, _ offset: Int) -> Lanes {
        (UnsafeRawPointer(x) + offset * MemoryLayout<Float>.stride).loadUnaligned(as: Lanes.self)
    }
}
