import Studies

/// Many swept keys at once: a line for each trial, through its values to its metric, whose colour
/// it has.
struct ParallelCoordinates {
    let metric: String
    /// Swept keys with all their levels.
    let axes: [(key: String, levels: [Value])]
    /// Best first; `values` in the order of the axes.
    let trials: [(label: String, values: [Value], mean: Double)]
    let maximize: Bool

    var svg: String {
        let first = axes.first?.levels.map { Drawing.room($0.label, limit: 12) }.max() ?? 0
        let (top, height, left, right) = (64.0, 300.0, max(60, first + 16), 90.0)
        let width = max(700, Double(axes.count) * 130 + 150)
        var drawing = Drawing(
            width: width, height: top + height + 40, title: "\(metric) by all swept keys")
        let metricScale = Scale(trials.map(\.mean)) ?? Scale(lowest: 0, highest: 1)
        let x = { (axis: Int) in left + (width - left - right) * Double(axis) / Double(axes.count) }
        let scales = axes.map { LevelScale($0.levels) }
        let y = { (share: Double) in top + height * (1 - share) }
        let (low, high) = (trials.map(\.mean).min() ?? 0, trials.map(\.mean).max() ?? 1)
        // The best are drawn last, on top.
        for (index, trial) in trials.enumerated().reversed() {
            let points =
                trial.values.enumerated().map { axis, value in
                    Point(x(axis), y(scales[axis].share(value)))
                }
                + [Point(x(axes.count), y(metricScale.share(trial.mean)))]
            let part = share(trial.mean, from: low, to: high)
            let colour = Drawing.viridis(maximize ? part : 1 - part).colour
            drawing.polyline(
                points, colour: colour, width: index == 0 ? 4 : 1.5,
                look: index == 0 ? "" : "stroke-opacity=\"0.6\"")
        }
        for (axis, swept) in axes.enumerated() {
            drawing.line(Point(x(axis), top), Point(x(axis), top + height), "class=\"axis\"")
            drawing.text(swept.key, Point(x(axis), top - 12), .middle, limit: 18)
            var last = Double.infinity
            for level in scales[axis].levels {
                let at = y(scales[axis].share(level))
                guard last - at >= 14 else { continue }
                last = at
                drawing.text(
                    level.label, Point(x(axis) - 6, at + 4), .end, limit: 12, look: "class=\"halo\""
                )
            }
        }
        drawing.line(
            Point(x(axes.count), top), Point(x(axes.count), top + height), "class=\"axis\"")
        drawing.text(metric, Point(x(axes.count), top - 12), .middle, limit: 18)
        for tick in metricScale.ticks {
            drawing.text(
                metricScale.label(tick), Point(x(axes.count) + 8, y(metricScale.share(tick)) + 4))
        }
        return drawing.svg
    }
}
