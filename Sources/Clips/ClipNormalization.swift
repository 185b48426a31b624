/// What is subtracted from the pixels of a clip, and what they are divided by, before they enter a
/// network.
package enum ClipNormalization: String, Sendable, CaseIterable {
    /// Nothing: black is 0, white is 1.
    case none
    /// The clip's own mean, and its standard deviation.
    case clip
    /// Those of all training clips.
    case dataset
}

/// Mean and standard deviation of pixels; black is 0, white is 1.
package struct PixelStatistics: Sendable, Equatable {
    package let mean, deviation: Double

    package init(mean: Double, deviation: Double) {
        (self.mean, self.deviation) = (mean, deviation)
    }

    /// Sums over bytes: whole numbers, so that no order of adding shows.
    package struct Sums: Sendable {
        private var count = 0
        private var sum = 0
        private var squares = 0

        package init() {}

        package mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
            // Sums of a few thousand bytes stay within 32 bits, which vectors add faster.
            var at = 0
            while at < bytes.count {
                let end = min(at + 4096, bytes.count)
                var (sum, squares): (UInt32, UInt32) = (0, 0)
                for index in at..<end {
                    let byte = UInt32(bytes[index])
                    sum &+= byte
                    squares &+= byte &* byte
                }
                self.sum += Int(sum)
                self.squares += Int(squares)
                at = end
            }
            count += bytes.count
        }

        /// Nil if there is no pixel.
        package var statistics: PixelStatistics? {
            guard count > 0 else { return nil }
            let mean = Double(sum) / Double(count)
            let variance = max(0, Double(squares) / Double(count) - mean * mean)
            return PixelStatistics(mean: mean / 255, deviation: variance.squareRoot() / 255)
        }
    }

    /// How a pixel enters: factor · pixel + offset. One colour alone has no deviation: it is only
    /// centred.
    var scale: (factor: Float, offset: Float) {
        let factor = deviation > 0 ? 1 / deviation : 1
        return (Float(factor), Float(-mean * factor))
    }
}
