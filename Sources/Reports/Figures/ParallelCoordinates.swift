import Studies

/// Many swept keys at once: a line for each trial, through its values to its metric, whose colour
/// it has. Axes are upright on a wide page; on a narrow one they lie below each other.
struct ParallelCoordinates {
    let keys: [SweptKey]
    /// Best first; `values` in the order of the keys.
    let trials: [(label: String, values: [Value], mean: Double)]
    let bar: ColourBar

    func svg(_ size: FigureSize) -> String {
        let scales = keys.map { LevelScale($0.values) }
        let metric = Scale(trials.map(\.mean)) ?? Scale(lowest: 0, highest: 1)
        let names = keys.map(\.name) + [bar.metric]
        let marks =
            zip(keys, scales).map { $1.marks(atMost: $0.kind == .continuous ? 0 : 12) }
            + [metric.ticks.map { (metric.share($0), metric.label($0)) }]
        let shares = trials.map { trial in
            zip(scales, trial.values).map { $0.share($1) } + [metric.share(trial.mean)]
        }
        let title = "\(bar.metric) by all swept keys"
        return size == .wide
            ? upright(names, marks, shares, title) : lying(names, marks, shares, title)
    }

    private typealias Marks = [(share: Double, text: String)]

    private func upright(
        _ names: [String], _ marks: [Marks], _ shares: [[Double]], _ title: String
    ) -> String {
        let (top, height, right) = (74.0, 300.0, 70.0)
        let room = min(110, FigureSize.wide.width / Double(names.count) - 26)
        let first = min(marks[0].map { TextSize.width($0.text) }.max() ?? 0, room)
        let left = max(first + 16, min(TextSize.width(names[0]), room) / 2 + 10)
        let gap = (FigureSize.wide.width - left - right) / Double(names.count - 1)
        var drawing = Drawing(
            width: FigureSize.wide.width, height: top + height + 24, title: title)
        let x = { (axis: Int) in left + gap * Double(axis) }
        let y = { (share: Double) in top + height * (1 - share) }
        lines(shares, &drawing) { Point(x($0), y($1)) }
        for axis in names.indices {
            drawing.line(Point(x(axis), top), Point(x(axis), top + height), "class=\"axis\"")
            // Names of neighbours are on two lines.
            let at = Point(min(x(axis), drawing.width - room / 2), top - (axis % 2 == 0 ? 12 : 28))
            drawing.text(names[axis], at, .middle, room: min(gap * 2 - 12, room * 1.6))
            let isLast = axis == names.count - 1
            var last = Double.infinity
            for mark in marks[axis].sorted(by: { $0.share < $1.share }) {
                let at = y(mark.share)
                guard last - at >= 16 else { continue }
                last = at
                let place = Point(x(axis) + (isLast ? 8 : -6), at + 4)
                drawing.text(
                    mark.text, place, isLast ? .start : .end,
                    room: min(room, axis == 0 ? room : gap - 14), look: "class=\"halo\"")
            }
        }
        return drawing.svg
    }

    private func lying(
        _ names: [String], _ marks: [Marks], _ shares: [[Double]], _ title: String
    ) -> String {
        let (top, row, left) = (70.0, 62.0, 30.0)
        let width = FigureSize.narrow.width - 2 * left
        var drawing = Drawing(
            width: FigureSize.narrow.width, height: top + row * Double(names.count - 1) + 36,
            title: title)
        let x = { (share: Double) in left + width * share }
        let y = { (axis: Int) in top + row * Double(axis) }
        lines(shares, &drawing) { Point(x($1), y($0)) }
        for axis in names.indices {
            drawing.line(Point(left, y(axis)), Point(left + width, y(axis)), "class=\"axis\"")
            drawing.text(
                names[axis], Point(left - 18, y(axis) - 8), room: width, look: "class=\"halo\"")
            var end = -Double.infinity
            for mark in marks[axis].sorted(by: { $0.share < $1.share }) {
                let text = TextSize.shortened(mark.text, to: 80)
                let half = TextSize.width(text) / 2 + 3
                let at = min(max(x(mark.share), half), FigureSize.narrow.width - half)
                guard at - half >= end else { continue }
                end = at + half
                drawing.text(text, Point(at, y(axis) + 17), .middle, look: "class=\"halo\"")
            }
        }
        return drawing.svg
    }

    /// The best are drawn last, on top.
    private func lines(
        _ shares: [[Double]], _ drawing: inout Drawing, _ point: (Int, Double) -> Point
    ) {
        for (index, trial) in zip(shares, trials).enumerated().reversed() {
            drawing.polyline(
                trial.0.enumerated().map { point($0, $1) },
                colour: bar.colour(trial.1.mean).code, width: index == 0 ? 4 : 1.5,
                look: index == 0 ? "" : "stroke-opacity=\"0.6\"")
        }
    }
}
