import Studies

/// The metric against one swept key: a dot for each run, a line through the levels' means with
/// their intervals.
struct AxisPlot {
    let effect: AxisEffect
    let metric: String
    /// Level and value of every run.
    let runs: [(level: Value, value: Double)]

    /// More dots than this are a cloud either way: every n-th is drawn.
    private let dotLimit = 1500

    var svg: String {
        let intervals = effect.levels.flatMap { level in
            level.estimate.ends.map { [$0.low, $0.high] } ?? [level.mean]
        }
        let labels = effect.levels.map(\.value.label)
        let isTurned = labels.count > 8 || labels.contains { $0.count > 10 }
        var plot = Plot(
            title: "\(metric) by \(effect.key)",
            values: runs.map(\.value) + intervals.filter(\.isFinite),
            plotWidth: 660,
            bottom: isTurned ? 130 : 56)
        let scale = LevelScale(effect.levels.map(\.value))
        // Room on both sides, so that the outer dots are not on the border.
        let place = { (value: Value) in 0.05 + 0.9 * scale.share(value) }
        var last = -1.0
        for level in scale.levels {
            // Where levels crowd, some go without their name.
            let room = (isTurned ? 16 : Drawing.room(level.label, limit: 16) + 8) / plot.width
            guard last < 0 || place(level) - last >= room else { continue }
            last = place(level)
            plot.below(level.label, share: last, limit: 16, turned: isTurned)
        }
        plot.name(below: effect.key, offset: isTurned ? 118 : 42)
        let every = max(1, runs.count / dotLimit)
        for (index, run) in runs.enumerated() where index % every == 0 && run.value.isFinite {
            plot.drawing.circle(
                Point(plot.x(share: place(run.level)), plot.y(run.value)), radius: 3.5,
                "fill=\"#7F7F7F\" fill-opacity=\"0.6\"")
        }
        let ordered = scale.levels.compactMap { value in effect.levels.first { $0.value == value } }
        plot.drawing.polyline(
            ordered.map { Point(plot.x(share: place($0.value)), plot.y($0.mean)) },
            colour: Drawing.colours[0])
        for level in ordered {
            let x = plot.x(share: place(level.value))
            if let ends = level.estimate.ends {
                let (low, high) = (plot.y(ends.low), plot.y(ends.high))
                let look = "stroke=\"\(Drawing.colours[0])\" stroke-width=\"2\""
                plot.drawing.line(Point(x, low), Point(x, high), look)
                for end in [low, high] {
                    plot.drawing.line(Point(x - 5, end), Point(x + 5, end), look)
                }
            }
            plot.drawing.circle(
                Point(x, plot.y(level.mean)), radius: 5, "fill=\"\(Drawing.colours[0])\"",
                tip: "\(effect.key)=\(level.value.label): \(fixed(level.mean, 4))")
        }
        return plot.drawing.svg
    }
}
