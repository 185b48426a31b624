import Foundation
import Studies

/// An SVG picture: readable on light and dark ground, without script, with the same bytes for the
/// same numbers.
struct Drawing {
    let width: Double
    var height: Double
    private let title: String
    private var parts: [String] = []

    /// The colours of Okabe and Ito (2008), which colour-blind readers can distinguish; without
    /// black and yellow, which vanish on dark or light ground.
    static let colours = [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8B6F47", "#7F7F7F",
    ]

    init(width: Double, height: Double, title: String) {
        (self.width, self.height, self.title) = (width, height, title)
    }

    enum Anchor: String { case start, middle, end }

    mutating func line(_ from: Point, _ to: Point, _ look: String) {
        parts.append(
            "<line x1=\"\(from.x.pixels)\" y1=\"\(from.y.pixels)\" x2=\"\(to.x.pixels)\" y2=\"\(to.y.pixels)\" \(look)/>"
        )
    }

    /// A point alone is a dot.
    mutating func polyline(_ points: [Point], colour: String, width: Double = 2, look: String = "")
    {
        guard points.count > 1 else {
            if let only = points.first { circle(only, radius: 4, "fill=\"\(colour)\"") }
            return
        }
        parts.append(
            "<polyline points=\"\(list(points))\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(width.pixels)\"\(look.isEmpty ? "" : " " + look)/>"
        )
    }

    mutating func polygon(_ points: [Point], _ look: String) {
        parts.append("<polygon points=\"\(list(points))\" \(look)/>")
    }

    mutating func circle(_ centre: Point, radius: Double, _ look: String, tip: String? = nil) {
        let inner = tip.map { "><title>\(escaped($0))</title></circle>" } ?? "/>"
        parts.append(
            "<circle cx=\"\(centre.x.pixels)\" cy=\"\(centre.y.pixels)\" r=\"\(radius.pixels)\" \(look)\(inner)"
        )
    }

    mutating func rectangle(
        _ corner: Point, _ size: (width: Double, height: Double), _ look: String, tip: String? = nil
    ) {
        let inner = tip.map { "><title>\(escaped($0))</title></rect>" } ?? "/>"
        parts.append(
            "<rect x=\"\(corner.x.pixels)\" y=\"\(corner.y.pixels)\" width=\"\(size.width.pixels)\" height=\"\(size.height.pixels)\" \(look)\(inner)"
        )
    }

    /// Text of at most `room` pixels; what is longer is shortened in the middle and shown whole
    /// under the pointer.
    mutating func text(
        _ text: String, _ at: Point, _ anchor: Anchor = .start, room: Double = .infinity,
        size: Double = TextSize.standard, look: String = "", turned: Double? = nil
    ) {
        let line = text.map { $0.isNewline ? " " : String($0) }.joined()
        let shown = TextSize.shortened(line, to: room, size: size)
        let tip = shown == text ? "" : "<title>\(escaped(text))</title>"
        let turn =
            turned.map { " transform=\"rotate(\($0.pixels) \(at.x.pixels) \(at.y.pixels))\"" } ?? ""
        let anchored = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        let sized = size == TextSize.standard ? "" : " font-size=\"\(size.pixels)\""
        parts.append(
            "<text x=\"\(at.x.pixels)\" y=\"\(at.y.pixels)\"\(anchored)\(sized)\(turn)\(look.isEmpty ? "" : " " + look)>\(tip)\(escaped(shown))</text>"
        )
    }

    /// A PNG picture, its pixels kept apart when it is enlarged.
    mutating func image(_ png: String, _ corner: Point, _ size: (width: Double, height: Double)) {
        parts.append(
            "<image x=\"\(corner.x.pixels)\" y=\"\(corner.y.pixels)\" width=\"\(size.width.pixels)\" height=\"\(size.height.pixels)\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,\(png)\"/>"
        )
    }

    /// The title takes one line at the top, `Drawing.top` pixels.
    static let top = 44.0

    var svg: String {
        let shown = TextSize.shortened(
            title.map { $0.isNewline ? " " : String($0) }.joined(), to: width - 24, size: 16)
        let head = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width.pixels) \(height.pixels)\" "
                + "width=\"\(width.pixels)\" height=\"\(height.pixels)\" role=\"img\" font-family=\"\(Drawing.fonts)\" font-size=\"13\">",
            "<title>\(escaped(title))</title>",
            "<style>text{fill:#1f2328}.ground{fill:#fff}.grid{stroke:#8b949e;stroke-opacity:.3}.axis{stroke:#656d76}"
                + ".ink{stroke:#1f2328}.frame{stroke:#8b949e;stroke-opacity:.6;fill:none}text.dark{fill:#000}text.light{fill:#fff}"
                + ".halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-opacity:.8}"
                + "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.axis{stroke:#9198a1}"
                + ".ink{stroke:#e6edf3}.halo{stroke:#0d1117}}</style>",
            "<rect class=\"ground\" width=\"\(width.pixels)\" height=\"\(height.pixels)\"/>",
            "<text x=\"12\" y=\"24\" font-size=\"15\" font-weight=\"bold\">\(escaped(shown))</text>",
        ]
        return (head + parts + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    /// Of the page too.
    static let fonts = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

    private func list(_ points: [Point]) -> String {
        points.map { "\($0.x.pixels),\($0.y.pixels)" }.joined(separator: " ")
    }

}

struct Point {
    var x, y: Double

    init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

extension Double {
    /// With one decimal where it has one.
    var pixels: String {
        let text = fixed(self, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

/// A number with a fixed count of decimals, whatever the locale.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "∞" : "−∞" }
    // Without a locale, numbers have a point whatever the system's language is; asking for one
    // costs a formatter each time.
    let text = String(format: "%.\(decimals)f", value)
    return text.hasPrefix("-") && !text.contains { $0 >= "1" && $0 <= "9" }
        ? String(text.dropFirst()) : text
}

/// Text for XML, without the characters that XML can't hold.
func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.visible.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
        case _
        where scalar.value < 0x20 || scalar.value == 0x7F
            || (0xFFFE...0xFFFF).contains(scalar.value):
            result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
