import KernelContract

extension Loops {
    public static func layerNorm(
        _ x: UnsafePointer<Lanes>, y: UnsafeMutablePointer<Lanes>,
        normed: UnsafeMutablePointer<Lanes>, scales: UnsafeMutablePointer<Lanes>,
        gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float, channels: Int,
        rows: Range<Int>
    ) {
        let share = 1 / Float(channels)
        for row in rows {
            let (source, kept) = (x + row * channels, normed + row * channels)
            var sum = Lanes.zero
            for c in 0..<channels { sum += source[c] }
            let mean = sum * share
            var squares = Lanes.zero
            for c in 0..<channels {
                let difference = source[c] - mean
                squares.addProduct(difference, difference)
            }
            let scale = rsqrt(squares * share + epsilon)
            scales[row] = scale
            for c in 0..<channels {
                let value = (source[c] - mean) * scale
                kept[c] = value
                y[row * channels + c] = Lanes(repeating: beta[c])
                    .addingProduct(value, Lanes(repeating: gamma[c]))
            }
        }
    }

    public static func layerNormGradient(
        _ gradient: UnsafePointer<Lanes>, normed: UnsafePointer<Lanes>,
        scales: UnsafePointer<Lanes>, gamma: UnsafePointer<Float>,
        products: UnsafeMutablePointer<Lanes>, result: UnsafeMutablePointer<Lanes>, channels: Int,
        rows: Range<Int>
    ) {
        let share = 1 / Float(channels)
        for row in rows {
            let at = row * channels
            var (sum, product) = (Lanes.zero, Lanes.zero)
            for c in 0..<channels {
                let g = gradient[at + c] * gamma[c]
                sum += g
                product.addProduct(g, normed[at + c])
                products[at + c] = gradient[at + c] * normed[at + c]
            }
            let (mean, slope) = (sum * share, product * share)
            for c in 0..<channels {
                let g = gradient[at + c] * gamma[c] - mean
                result[at + c] = (g - normed[at + c] * slope) * scales[row]
            }
        }
    }
}
