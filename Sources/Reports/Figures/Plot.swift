import Studies

/// A drawing with a vertical axis of numbers, and what lies below.
struct Plot {
    var drawing: Drawing
    let left, top, width, height: Double
    let vertical: Scale

    /// - Parameter values: all that will be drawn; numbers that are not finite have no place.
    init(
        title: String, values: [Double], width: Double = 760, plotWidth: Double,
        bottom: Double = 56,
        atLeast rows: Double = 0
    ) {
        (left, top, height) = (64, 44, 300)
        self.width = plotWidth
        let finite = values.filter(\.isFinite)
        vertical = Scale(finite) ?? Scale(lowest: 0, highest: 1)
        drawing = Drawing(width: width, height: max(top + height + bottom, rows), title: title)
        for tick in vertical.ticks {
            let at = y(tick)
            drawing.line(Point(left, at), Point(left + self.width, at), "class=\"grid\"")
            drawing.text(vertical.label(tick), Point(left - 8, at + 4), .end)
        }
        drawing.line(
            Point(left, top + height), Point(left + self.width, top + height), "class=\"axis\"")
        if finite.isEmpty { drawing.text("no finite value to draw", Point(left + 12, top + 30)) }
    }

    var bottom: Double { top + height }

    func y(_ value: Double) -> Double { top + height * (1 - vertical.share(value)) }

    func x(share: Double) -> Double { left + width * share }

    /// A tick and its text below the plot.
    mutating func below(_ text: String, share: Double, limit: Int = 24, turned: Bool = false) {
        let at = Point(x(share: share), bottom + (turned ? 14 : 20))
        drawing.line(Point(at.x, bottom), Point(at.x, bottom + 5), "class=\"axis\"")
        if turned {
            drawing.text(text, Point(at.x + 4, at.y), .end, limit: limit, turned: -35)
        } else {
            drawing.text(text, at, .middle, limit: limit)
        }
    }

    mutating func name(below text: String, offset: Double = 42) {
        drawing.text(text, Point(left + width / 2, bottom + offset), .middle, limit: 60)
    }
}
