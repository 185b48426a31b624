import Studies

/// A row for each trial, a dot for each of its seeds, with the mean and its 95 % interval.
struct SeedScatter {
    struct Row {
        let name: TrialName
        let values: [(seed: String, value: Double)]
    }

    let metric: String
    let trials: [Row]
    let keys: String
    var range: MetricRange?

    func svg(_ size: FigureSize) -> String {
        let room = size == .wide ? 250.0 : size.width - 32
        let names = TrialNames(trials.map(\.name), keys: keys, room: room)
        // Beside the rows, or above each.
        let left =
            size == .wide ? 30 + names.width : 36
        let (top, row) = (
            Drawing.top + (names.heading == nil ? 0 : 20), size == .wide ? 26.0 : 42.0
        )
        let scale = scale
        let end = (scale.ticks.last.map { TextSize.width(scale.label($0)) } ?? 0) / 2 + 6
        let width = size.width - left - max(28, end)
        let height = row * Double(max(trials.count, 1))
        let seeds = trials.flatMap { $0.values.map(\.seed) }.reduce(into: [String]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        let hasLegend = seeds.count > 1 && seeds.count <= Drawing.colours.count
        var drawing = Drawing(
            width: size.width, height: top + height + 56, title: "\(metric) of each seed")
        if let heading = names.heading {
            drawing.text(
                heading, Point(size == .wide ? left - 14 : 12, top - 6),
                size == .wide ? .end : .start)
        }
        let x = { (value: Double) in left + width * min(max(scale.share(value), 0), 1) }
        var last = -Double.infinity
        for tick in scale.ticks {
            drawing.line(Point(x(tick), top), Point(x(tick), top + height), "class=\"grid\"")
            let half = TextSize.width(scale.label(tick)) / 2 + 4
            guard x(tick) - half >= last else { continue }
            last = x(tick) + half
            drawing.text(scale.label(tick), Point(x(tick), top + height + 18), .middle)
        }
        drawing.text(metric, Point(left + width / 2, top + height + 40), .middle, room: width)
        for (index, trial) in trials.enumerated() {
            let y = top + row * Double(index + 1) - 13
            if size == .wide {
                drawing.text(names.names[index], Point(left - 14, y + 4), .end)
            } else {
                drawing.text(names.names[index], Point(12, y - 14), look: "class=\"halo\"")
            }
            draw(trial.values, y, x, hasLegend ? seeds : [], &drawing)
        }
        if hasLegend { legend(seeds, left: left, &drawing) }
        return drawing.svg
    }

    /// Wide intervals of few seeds may leave the picture; the dots may not.
    private var scale: Scale {
        let dots = trials.flatMap { $0.values.map(\.value) }.filter(\.isFinite)
        let ends = trials.flatMap { trial -> [Double] in
            Estimate(trial.values.map(\.value), in: range).ends.map { [$0.low, $0.high] } ?? []
        }
        let (low, high) = (dots.min() ?? 0, dots.max() ?? 1)
        let room = high / 2 - low / 2
        return Scale(
            dots + ends.filter { $0.isFinite && $0 >= low - room && $0 <= high + room },
            in: range) ?? Scale(lowest: 0, highest: 1)
    }

    private func draw(
        _ bySeed: [(seed: String, value: Double)], _ y: Double, _ x: (Double) -> Double,
        _ seeds: [String], _ drawing: inout Drawing
    ) {
        let values = bySeed.map(\.value)
        if let mean = Statistics.mean(values), mean.isFinite {
            if let ends = Estimate(values, in: range).ends {
                drawing.line(
                    Point(x(ends.low), y), Point(x(ends.high), y),
                    "class=\"ink\" stroke-width=\"1.5\"")
            }
            drawing.line(
                Point(x(mean), y - 8), Point(x(mean), y + 8), "class=\"ink\" stroke-width=\"3\"")
        }
        for (seed, value) in bySeed where value.isFinite {
            let colour = Drawing.colours[seeds.firstIndex(of: seed) ?? 0]
            drawing.circle(
                Point(x(value), y), radius: 4.5, "fill=\"\(colour)\" fill-opacity=\"0.8\"",
                tip: seed.isEmpty ? fixed(value, 4) : "seed \(seed): \(fixed(value, 4))")
        }
    }

    /// In as many lines as it takes, at the end of the drawing.
    private func legend(_ seeds: [String], left: Double, _ drawing: inout Drawing) {
        var at = Point(left, drawing.height + 10)
        for (index, seed) in seeds.enumerated() {
            let text = TextSize.shortened("seed \(seed)", to: 140)
            let width = 26 + TextSize.width(text)
            if at.x + width > drawing.width, at.x > left { at = Point(left, at.y + 20) }
            drawing.circle(
                Point(at.x + 5, at.y - 4), radius: 4.5, "fill=\"\(Drawing.colours[index])\"")
            drawing.text(text, Point(at.x + 14, at.y))
            at.x += width
        }
        drawing.height = at.y + 14
    }
}
