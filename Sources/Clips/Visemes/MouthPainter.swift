/// How one speaker looks, and how a camera sees the speaker.
struct Speaker {
    /// Half the width and half the height of the closed mouth, in parts of the picture.
    var mouthWidth, lipHeight: Double
    /// How far the jaw drops at full opening.
    var jaw: Double
    /// Red, green, blue of skin and lips, 0…255.
    var skin, lips: SIMD3<Double>
    /// Brightness, and how it falls off to the side and downwards.
    var light: Double
    var lightSlope: SIMD2<Double>
    /// Place of the mouth in the picture, scale, and tilt (rise per width).
    var centre: SIMD2<Double>
    var scale, tilt: Double
    /// Frames a viseme of length 1 takes.
    var pace: Double
    /// How fully a shape is reached: 1 is careful speech.
    var precision: Double
    /// Standard deviation of the camera's noise, 0…255.
    var noise: Double
}

/// Draws a mouth. Nothing but additions, multiplications, divisions and roots: every machine draws
/// the same bytes.
struct MouthPainter {
    let size: Int
    let speaker: Speaker

    private static let teethColour = SIMD3<Double>(228, 222, 208)
    private static let tongueColour = SIMD3<Double>(172, 78, 82)
    private static let darkColour = SIMD3<Double>(36, 16, 18)

    /// One RGB picture. `noise` gives numbers in [0, 1).
    func paint(_ shape: MouthShape, noise: inout RandomNoise) -> Picture {
        var pixels = [UInt8](repeating: 0, count: size * size * 3)
        let outline = Outline(shape, speaker)
        let norm = (1 + speaker.tilt * speaker.tilt).squareRoot()
        for row in 0..<size {
            for column in 0..<size {
                let x = (Double(column) + 0.5) / Double(size) - speaker.centre.x
                let y = (Double(row) + 0.5) / Double(size) - speaker.centre.y
                let u = (x + speaker.tilt * y) / norm / speaker.scale
                let v = (y - speaker.tilt * x) / norm / speaker.scale
                let light = speaker.light + speaker.lightSlope.x * x + speaker.lightSlope.y * y
                let colour = colour(u, v, outline) * light
                for c in 0..<3 {
                    let value = colour[c] + speaker.noise * noise.next()
                    pixels[(row * size + column) * 3 + c] = UInt8(max(0, min(255, value + 0.5)))
                }
            }
        }
        return Picture(width: size, height: size, channels: 3, pixels: pixels)
    }

    /// Half-axes of the opening between the lips, and of the lips around it.
    private struct Outline {
        let innerWidth, innerHeight, outerWidth, outerHeight: Double
        let teeth, tongue: Double

        init(_ shape: MouthShape, _ speaker: Speaker) {
            let spread = 0.78 + 0.34 * shape.width - 0.38 * shape.rounding
            outerWidth = speaker.mouthWidth * spread
            innerHeight = speaker.jaw * shape.opening
            let thickness =
                speaker.lipHeight * (1 + 0.45 * shape.rounding) * (1 - 0.15 * shape.width)
            outerHeight = innerHeight + thickness
            innerWidth = max(outerWidth - thickness * (0.75 + 0.5 * shape.rounding), 0.02)
            teeth = shape.teeth
            tongue = shape.tongue
        }
    }

    private func colour(_ u: Double, _ v: Double, _ outline: Outline) -> SIMD3<Double> {
        let outer = squared(u / outline.outerWidth) + squared(v / outline.outerHeight)
        let lip = smooth(1.12, 0.88, outer)
        // A little shadow under the lower lip gives the chin.
        let shadow = v > 0 ? 0.16 * smooth(2.2, 1, outer) : 0
        var colour = speaker.skin * (1 - shadow)
        if lip == 0 { return colour }
        // The upper lip lies in its own shade.
        colour = mix(colour, speaker.lips * (v < 0 ? 0.88 : 1.04), lip)
        guard outline.innerHeight > 0.004 else {
            let line =
                smooth(0.018, 0.004, v < 0 ? -v : v)
                * smooth(1, 0.8, squared(u / outline.innerWidth))
            return mix(colour, MouthPainter.darkColour, 0.75 * line)
        }
        let inner = squared(u / outline.innerWidth) + squared(v / outline.innerHeight)
        let inside = smooth(1.15, 0.8, inner)
        if inside == 0 { return colour }
        let depth = (v + outline.innerHeight) / (2 * outline.innerHeight)
        var cavity = MouthPainter.darkColour
        let tongueEdge = 1 - 0.75 * outline.tongue
        cavity = mix(
            cavity, MouthPainter.tongueColour,
            smooth(tongueEdge - 0.12, tongueEdge + 0.12, depth) * (outline.tongue > 0.02 ? 1 : 0))
        let teethEdge = 0.62 * outline.teeth
        cavity = mix(
            cavity, MouthPainter.teethColour,
            smooth(teethEdge + 0.1, teethEdge - 0.1, depth) * min(1, outline.teeth * 4))
        return mix(colour, cavity, inside)
    }

    private func squared(_ x: Double) -> Double { x * x }

    /// 0 at `from`, 1 at `to`, a smooth step between.
    private func smooth(_ from: Double, _ to: Double, _ x: Double) -> Double {
        let t = max(0, min(1, (x - from) / (to - from)))
        return t * t * (3 - 2 * t)
    }

    private func mix(_ a: SIMD3<Double>, _ b: SIMD3<Double>, _ part: Double) -> SIMD3<Double> {
        a * (1 - part) + b * part
    }
}
