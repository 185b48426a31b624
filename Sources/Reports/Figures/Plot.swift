import Foundation
import Studies

/// A drawing with a vertical axis of numbers, and what lies below.
struct Plot {
    var drawing: Drawing
    let left, top, width, height: Double
    let vertical: Scale

    /// - Parameters:
    ///   - values: all that will be drawn; numbers that are not finite have no place.
    ///   - range: where they can be.
    ///   - right: pixels to the right of the plot.
    ///   - bottom: pixels below it.
    ///   - isLoss: values over many decades may be drawn on a logarithmic axis.
    init(
        title: String, values: [Double], in range: MetricRange? = nil, size: FigureSize,
        right: Double = 16, bottom: Double = 58, isLoss: Bool = false
    ) {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
        vertical =
            isLoss && low > 0 && high / low > 1000
            ? Scale(logarithmic: low, high)
            : Scale(finite, in: range) ?? Scale(lowest: 0, highest: 1)
        (top, height) = (Drawing.top, size == .wide ? 300 : 240)
        let labels = vertical.ticks.map(vertical.label)
        left = 20 + (labels.map { TextSize.width($0) }.max() ?? 0)
        width = size.width - left - right
        drawing = Drawing(width: size.width, height: top + height + bottom, title: title)
        for (tick, label) in zip(vertical.ticks, labels) {
            let at = y(tick)
            drawing.line(Point(left, at), Point(left + width, at), "class=\"grid\"")
            drawing.text(label, Point(left - 8, at + 4), .end)
        }
        drawing.line(
            Point(left, top + height), Point(left + width, top + height), "class=\"axis\"")
        if finite.isEmpty { drawing.text("no finite value to draw", Point(left + 12, top + 30)) }
    }

    var bottom: Double { top + height }

    func y(_ value: Double) -> Double { top + height * (1 - vertical.share(value)) }

    func x(share: Double) -> Double { left + width * share }

    /// Ticks with their texts below the plot: those that have room.
    /// - Parameter isTurned: texts lean, for many or long ones.
    mutating func marks(
        _ marks: [(share: Double, text: String)], isTurned: Bool = false, room: Double = 150
    ) {
        var end = -Double.infinity
        for mark in marks.sorted(by: { $0.share < $1.share }) {
            let x = x(share: mark.share)
            // Leaning texts end below the plot's left edge at the earliest.
            let room = isTurned ? min(room, (x - 6) / 0.82) : room
            let text = TextSize.shortened(mark.text, to: room)
            let half = isTurned ? 9 : TextSize.width(text) / 2 + 4
            guard x - half >= end else { continue }
            end = x + half
            drawing.line(Point(x, bottom), Point(x, bottom + 5), "class=\"axis\"")
            if isTurned {
                drawing.text(text, Point(x + 4, bottom + 14), .end, turned: -35)
            } else {
                // The outermost texts stay within the drawing.
                let at = min(max(x, half), drawing.width - half)
                drawing.text(text, Point(at, bottom + 20), .middle)
            }
        }
    }

    mutating func name(below text: String) {
        drawing.text(
            text, Point(left + width / 2, drawing.height - 14), .middle, room: width)
    }

    /// Positions with at least `gap` between two neighbours, as near as possible to those wanted,
    /// from `low` to `high`.
    static func spread(_ wanted: [Double], gap: Double, from low: Double, to high: Double)
        -> [Double]
    {
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        var placed = [Double](repeating: 0, count: wanted.count)
        var last = low - gap
        for index in order {
            placed[index] = max(wanted[index], last + gap)
            last = placed[index]
        }
        var next = max(high, low + gap * Double(wanted.count - 1)) + gap
        for index in order.reversed() {
            placed[index] = min(placed[index], next - gap)
            next = placed[index]
        }
        return placed
    }
}
