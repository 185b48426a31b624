import Studies

/// A metric over the epochs, or steps, a small plot for each trial with a line for each seed; all on the same
/// axes.
struct SeedCurves {
    let title: String
    let curves: [LearningCurves.Curve]
    let keys: String
    var range: MetricRange?
    var axis = MetricAxis.epoch

    func svg(_ size: FigureSize) -> String {
        let columns = size == .wide ? 3 : 1
        let rows = (curves.count + columns - 1) / columns
        let last = curves.map(\.last).max() ?? 0
        let span = LearningCurves.span(
            (curves.flatMap { $0.steps ?? [] }).compactMap(\.first), last, axis)
        let values = curves.flatMap(\.histories).flatMap { $0 }.filter(\.isFinite)
        let scale =
            Scale(values, in: range) ?? Scale(lowest: 0, highest: 1)
        let ends = [scale.ticks[0], scale.ticks[scale.ticks.count - 1]]
        let left = 20 + (ends.map { TextSize.width(scale.label($0)) }.max() ?? 0)
        let cell = (size.width - left - 12) / Double(columns)
        let (width, height, gap) = (cell - 18, 84.0, 60.0)
        let names = TrialNames(curves.map(\.name), keys: keys, room: width)
        let first = Drawing.top + (names.heading == nil ? 0 : 22)
        var drawing = Drawing(
            width: size.width, height: first + Double(rows) * (height + gap), title: title)
        if let heading = names.heading { drawing.text(heading, Point(12, Drawing.top + 6)) }
        for (index, curve) in curves.enumerated() {
            let x0 = left + Double(index % columns) * cell
            let top = first + Double(index / columns) * (height + gap) + 20
            let y = { (value: Double) in top + height * (1 - scale.share(value)) }
            drawing.text(names.names[index], Point(x0, top - 8))
            for end in ends {
                drawing.line(Point(x0, y(end)), Point(x0 + width, y(end)), "class=\"grid\"")
                if index % columns == 0 {
                    drawing.text(scale.label(end), Point(x0 - 8, y(end) + 4), .end)
                }
            }
            let x = { (number: Int) in
                span.count <= 1
                    ? x0 + width / 2
                    : x0 + width * Double(number - span.lowerBound) / Double(span.count - 1)
            }
            if let first = span.first {
                drawing.text(axis.place(first), Point(x0, top + height + 18), size: 12)
                if span.count > 1 {
                    drawing.text("\(last)", Point(x0 + width, top + height + 18), .end, size: 12)
                }
            }
            for (number, history) in curve.histories.enumerated() {
                let seed = LearningCurves.Curve(
                    name: curve.name, histories: [history], steps: curve.steps.map { [$0[number]] })
                drawing.polyline(
                    seed.points.map { Point(x($0.epoch), y($0.mean)) },
                    colour: LearningCurves.colour(index), width: 1.2)
            }
        }
        return drawing.svg
    }
}
