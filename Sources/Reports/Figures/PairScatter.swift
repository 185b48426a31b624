import Studies

/// Two swept keys, of which one or both are continuous: a dot for each trial, its colour the mean
/// of the metric.
struct PairScatter {
    let title: String
    let xKey, yKey: SweptKey
    /// Worst first: the best lie on top.
    let trials: [(x: Value, y: Value, mean: Double, label: String)]
    let bar: ColourBar

    func svg(_ size: FigureSize) -> String {
        let (xs, ys) = (LevelScale(xKey.values), LevelScale(yKey.values))
        let place = { (share: Double) in 0.05 + 0.9 * share }
        let marks = ys.marks(atMost: yKey.kind == .continuous ? 0 : 12)
        let room = size == .wide ? 130.0 : 70
        let left = 40 + min(marks.map { TextSize.width($0.text) }.max() ?? 0, room)
        let (top, height, width) = (
            Drawing.top, size == .wide ? 320.0 : 260.0, size.width - left - 16
        )
        var drawing = Drawing(
            width: size.width, height: top + height + 62 + ColourBar.height, title: title)
        let x = { (share: Double) in left + width * place(share) }
        let y = { (share: Double) in top + height * (1 - place(share)) }
        var last = Double.infinity
        for mark in marks.sorted(by: { $0.share < $1.share }) {
            let at = y(mark.share)
            drawing.line(Point(left, at), Point(left + width, at), "class=\"grid\"")
            guard last - at >= 15 else { continue }
            last = at
            drawing.text(mark.text, Point(left - 8, at + 4), .end, room: room)
        }
        var end = -Double.infinity
        for mark in xs.marks(atMost: xKey.kind == .continuous ? 0 : 12)
            .sorted(by: { $0.share < $1.share })
        {
            let at = x(mark.share)
            drawing.line(Point(at, top), Point(at, top + height), "class=\"grid\"")
            let text = TextSize.shortened(mark.text, to: 90)
            let half = TextSize.width(text) / 2 + 4
            guard at - half >= end else { continue }
            end = at + half
            drawing.text(text, Point(min(at, size.width - half), top + height + 18), .middle)
        }
        drawing.line(
            Point(left, top + height), Point(left + width, top + height), "class=\"axis\"")
        for trial in trials {
            drawing.circle(
                Point(x(xs.share(trial.x)), y(ys.share(trial.y))), radius: 5.5,
                "fill=\"\(bar.colour(trial.mean).code)\" class=\"dot\" stroke=\"#7F7F7F\" stroke-width=\"0.7\"",
                tip: "\(trial.label): \(bar.text(trial.mean))")
        }
        let name = { (key: SweptKey, scale: LevelScale) in
            key.name + (scale.isLogarithmic ? " (logarithmic)" : "")
        }
        drawing.text(
            name(xKey, xs), Point(left + width / 2, top + height + 42), .middle, room: width)
        drawing.text(
            name(yKey, ys), Point(16, top + height / 2), .middle, room: height, turned: -90)
        bar.draw(&drawing, left: left, top: top + height + 58)
        return drawing.svg
    }
}
