import KernelContract

extension Loops {
    public static func maxPool(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>,
        chosen: UnsafeMutablePointer<Lanes>?, geometry: PoolGeometry, blocks: Range<Int>
    ) {
        let channels = geometry.channels
        forEachWindow(geometry, blocks) { input, output, rows, columns in
            for c in 0..<channels {
                var greatest = Lanes(repeating: -.infinity)
                var place = Lanes.zero
                for row in rows {
                    for column in columns {
                        let value = x[input + (row * geometry.width + column) * channels + c]
                        // Also true where the value is NaN.
                        let isGreater = .!(value .<= greatest)
                        greatest.replace(with: value, where: isGreater)
                        place.replace(
                            with: Lanes(repeating: Float(row * geometry.kernel + column)),
                            where: isGreater)
                    }
                }
                y[output + c] = greatest
                if let chosen { chosen[output + c] = place }
            }
        }
    }

    public static func maxPoolGradient(
        _ gradient: UnsafePointer<Lanes>, chosen: UnsafePointer<Lanes>,
        result: UnsafeMutablePointer<Lanes>, geometry: PoolGeometry, blocks: Range<Int>
    ) {
        let channels = geometry.channels
        let size = geometry.height * geometry.width * channels
        for at in blocks.lowerBound * size..<blocks.upperBound * size { result[at] = .zero }
        forEachWindow(geometry, blocks) { input, output, rows, columns in
            for row in rows {
                for column in columns {
                    let number = Lanes(repeating: Float(row * geometry.kernel + column))
                    let target = result + input + (row * geometry.width + column) * channels
                    for c in 0..<channels {
                        target[c] += Lanes.zero.replacing(
                            with: gradient[output + c], where: chosen[output + c] .== number)
                    }
                }
            }
        }
    }

    /// - Parameter body: gets the place of the window's first tap, which may be outside, that of
    ///   its output, and the taps that are on the picture.
    @inline(__always)
    private static func forEachWindow(
        _ geometry: PoolGeometry, _ blocks: Range<Int>,
        _ body: (_ input: Int, _ output: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
    ) {
        let (height, width) = (geometry.outputHeight, geometry.outputWidth)
        for block in blocks {
            for row in 0..<height {
                let rows = geometry.taps(row, size: geometry.height)
                for column in 0..<width {
                    let top = row * geometry.stride - geometry.padding
                    let left = column * geometry.stride - geometry.padding
                    let pixel = (block * geometry.height + top) * geometry.width + left
                    body(
                        pixel * geometry.channels,
                        ((block * height + row) * width + column) * geometry.channels, rows,
                        geometry.taps(column, size: geometry.width))
                }
            }
        }
    }
}
