import Studies

/// A metric over the epochs, a small plot for each trial with a line for each seed; all on the same
/// axes.
struct SeedCurves {
    let title: String
    let curves: [LearningCurves.Curve]
    let keys: String
    var range: MetricRange?

    func svg(_ size: FigureSize) -> String {
        let columns = size == .wide ? 3 : 1
        let rows = (curves.count + columns - 1) / columns
        let epochs = curves.map(\.epochs).max() ?? 0
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
            let x = { (epoch: Int) in
                epochs <= 1 ? x0 + width / 2 : x0 + width * Double(epoch - 1) / Double(epochs - 1)
            }
            if epochs > 0 {
                drawing.text("epoch 1", Point(x0, top + height + 18), size: 12)
                if epochs > 1 {
                    drawing.text("\(epochs)", Point(x0 + width, top + height + 18), .end, size: 12)
                }
            }
            for history in curve.histories {
                let seed = LearningCurves.Curve(name: curve.name, histories: [history])
                drawing.polyline(
                    seed.points.map { Point(x($0.epoch), y($0.mean)) },
                    colour: LearningCurves.colour(index), width: 1.2)
            }
        }
        return drawing.svg
    }
}
