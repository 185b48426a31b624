import Foundation

/// An opaque colour that text is written on.
struct Colour {
    private let red, green, blue: Double

    init(_ red: Double, _ green: Double, _ blue: Double) {
        (self.red, self.green, self.blue) = (red, green, blue)
    }

    /// A colour of the scale viridis (van der Walt and Smith 2015), for a share 0…1.
    static func viridis(_ share: Double) -> Colour {
        let stops = [
            Colour(68, 1, 84), Colour(71, 44, 122), Colour(59, 81, 139), Colour(44, 113, 142),
            Colour(33, 144, 141), Colour(39, 173, 129), Colour(92, 200, 99), Colour(170, 220, 50),
            Colour(253, 231, 37),
        ]
        let place = min(max(share, 0), 1) * Double(stops.count - 1)
        let index = min(Int(place), stops.count - 2)
        return stops[index].mixed(with: stops[index + 1], place - Double(index))
    }

    /// From the first colour (`part` 0) to the other (1).
    func mixed(with other: Colour, _ part: Double) -> Colour {
        Colour(
            red + (other.red - red) * part, green + (other.green - green) * part,
            blue + (other.blue - blue) * part)
    }

    /// `#44015f`.
    var code: String {
        "#"
            + [red, green, blue].map { String(format: "%02x", Int($0.rounded())) }.joined()
    }

    /// Whether black is easier to read on it than white: by the contrast of WCAG 2.1, one of them
    /// has 4.5 on any colour.
    var isLight: Bool { (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) }

    /// The class of text on it.
    var textClass: String { "class=\"\(isLight ? "dark" : "light")\"" }

    /// Relative luminance (WCAG 2.1).
    private var luminance: Double {
        func linear(_ value: Double) -> Double {
            let share = value / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}
