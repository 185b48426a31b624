import Studies

/// How wide a text is drawn, at least as wide as any common sans-serif font draws it: nothing here
/// knows which font a reader has.
enum TextSize {
    /// Of figures, in pixels.
    static let standard = 13.0

    /// In pixels.
    static func width(_ text: String, size: Double = standard) -> Double {
        text.unicodeScalars.reduce(0) { $0 + advance($1) } * size
    }

    /// The text, or its two ends, in so many pixels.
    static func shortened(_ text: String, to room: Double, size: Double = standard) -> String {
        text.shortened(to: room) { width($0, size: size) }
    }

    /// In units of the font's size; DejaVu Sans and Verdana are the widest of the common fonts.
    private static func advance(_ scalar: Unicode.Scalar) -> Double {
        guard scalar.isASCII else {
            return [0, 0.75, 1.05][scalar.displayColumns]
        }
        return switch scalar {
        case "i", "j", "l", "I", "'", ".", ",", ":", ";", "|", "!", " ": 0.36
        case "f", "t", "r", "(", ")", "[", "]", "/", "\\", "-", "`": 0.42
        case "m", "w", "M", "W", "@", "%": 1
        case "A"..."Z", "=", "+", "<", ">", "~", "#", "&": 0.8
        default: 0.64
        }
    }
}
