import Studies

/// The colours of a metric's values, bright is good, and the bar that names them.
struct ColourBar {
    let metric: String
    let low, high: Double
    let maximize: Bool
    let text: (Double) -> String

    /// - Parameter values: finite.
    init(_ metric: String, _ values: [Double], maximize: Bool, text: @escaping (Double) -> String) {
        (low, high) = (values.min() ?? 0, values.max() ?? 1)
        (self.metric, self.maximize, self.text) = (metric, maximize, text)
    }

    func colour(_ value: Double) -> Colour {
        let part = share(value, from: low, to: high)
        return .viridis(maximize ? part : 1 - part)
    }

    /// Pixels that it takes below a figure.
    static let height = 52.0

    /// A line with the metric's name, the bar and its two ends.
    func draw(_ drawing: inout Drawing, left: Double, top: Double) {
        let width = min(220, drawing.width - left - 16)
        let steps = 44
        for step in 0..<steps {
            let part = Double(step) / Double(steps - 1)
            let value = low * (1 - part) + high * part
            drawing.rectangle(
                Point(left + width * Double(step) / Double(steps), top),
                (width / Double(steps) + 0.5, 10), "fill=\"\(colour(value).code)\"")
        }
        let (from, to) = (text(low), text(high))
        let ends = TextSize.width(from) + (high > low ? TextSize.width(to) : 0)
        drawing.text(from, Point(left, top + 26))
        if high > low { drawing.text(to, Point(left + width, top + 26), .end) }
        let room = width - ends - 16
        if TextSize.width(metric) <= room {
            drawing.text(
                metric, Point(left + TextSize.width(from) + 8 + room / 2, top + 26), .middle)
        } else {
            drawing.text(metric, Point(left, top + 43), room: drawing.width - left - 8)
        }
    }
}
