import Studies

/// The metric against one swept key: a dot for each run. Levels have their means with intervals,
/// joined by a line where they are numbers; a continuous key has a running median.
struct AxisPlot {
    let effect: AxisEffect
    let metric: String
    var range: MetricRange?
    /// Value of the key and of the metric, of every run.
    let runs: [(level: Value, value: Double)]

    /// More dots than this are a cloud either way: every n-th is drawn.
    private let dotLimit = 1000

    private var key: SweptKey { effect.key }

    func svg(_ size: FigureSize) -> String {
        let intervals =
            key.kind == .continuous
            ? []
            : effect.groups.flatMap { group in
                group.estimate.ends.map { [$0.low, $0.high] } ?? [group.mean]
            }
        let scale = LevelScale(key.values)
        let marks = scale.marks(atMost: key.kind == .continuous ? 0 : 16)
        // Room on both sides, so that the outer dots are not on the border.
        let place = { (share: Double) in 0.05 + 0.9 * share }
        let slot = size.width * 0.8 / Double(max(marks.count, 1))
        let isTurned =
            !scale.isNumeric && marks.contains { TextSize.width($0.text) + 8 > slot }
            || marks.count > 10
        let room = 140.0
        let longest = min(marks.map { TextSize.width($0.text) }.max() ?? 0, room)
        var plot = Plot(
            title: "\(metric) by \(key.name)", values: runs.map(\.value) + intervals, in: range,
            size: size, bottom: isTurned ? longest * 0.58 + 56 : 58)
        plot.marks(marks.map { (place($0.share), $0.text) }, isTurned: isTurned, room: room)
        plot.name(below: key.name + (scale.isLogarithmic ? " (logarithmic)" : ""))
        let every = max(1, (runs.count + dotLimit - 1) / dotLimit)
        for (index, run) in runs.enumerated() where index % every == 0 && run.value.isFinite {
            plot.drawing.circle(
                Point(plot.x(share: place(scale.share(run.level))), plot.y(run.value)), radius: 3.5,
                "fill=\"#7F7F7F\" fill-opacity=\"0.6\"")
        }
        if key.kind == .continuous {
            plot.drawing.polyline(
                AxisPlot.runningMedian(runs.map { (scale.share($0.level), $0.value) })
                    .map { Point(plot.x(share: place($0.x)), plot.y($0.y)) },
                colour: Drawing.colours[0], width: 3)
        } else {
            levels(scale, place, &plot)
        }
        return plot.drawing.svg
    }

    private func levels(
        _ scale: LevelScale, _ place: (Double) -> Double, _ plot: inout Plot
    ) {
        let ordered = zip(key.values, effect.groups).map {
            (x: plot.x(share: place(scale.share($0))), group: $1)
        }.sorted { $0.x < $1.x }
        if key.kind == .levels {
            plot.drawing.polyline(
                ordered.map { Point($0.x, plot.y($0.group.mean)) }, colour: Drawing.colours[0])
        }
        for (x, group) in ordered {
            if let ends = group.estimate.ends {
                let (low, high) = (plot.y(ends.low), plot.y(ends.high))
                let look = "stroke=\"\(Drawing.colours[0])\" stroke-width=\"2\""
                plot.drawing.line(Point(x, low), Point(x, high), look)
                for end in [low, high] {
                    plot.drawing.line(Point(x - 5, end), Point(x + 5, end), look)
                }
            }
            plot.drawing.circle(
                Point(x, plot.y(group.mean)), radius: 5, "fill=\"\(Drawing.colours[0])\"",
                tip: "\(key.name)=\(group.label): \(fixed(group.mean, 4))")
        }
    }

    /// The median of each point's neighbours along x: a fifth of all points, at least five.
    static func runningMedian(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let sorted = points.filter { $0.y.isFinite }.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
        guard !sorted.isEmpty else { return [] }
        let window = min(sorted.count, max(5, sorted.count / 5))
        let every = max(1, sorted.count / 100)
        return stride(from: 0, through: sorted.count - window, by: every).compactMap { start in
            let near = sorted[start..<start + window]
            guard let x = Statistics.median(near.map(\.x)), let y = Statistics.median(near.map(\.y))
            else { return nil }
            return (x, y)
        }
    }
}
