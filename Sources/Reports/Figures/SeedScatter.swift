import Foundation
import Studies

/// A row for each trial, a dot for each of its seeds, with the mean and its 95 % interval.
struct SeedScatter {
    let metric: String
    let trials: [(label: String, values: [(seed: String, value: Double)])]
    var range: MetricRange?

    var svg: String {
        let labelLimit = 30
        let left =
            24
            + Drawing.room(trials.map(\.label).max { $0.count < $1.count } ?? "", limit: labelLimit)
        let (top, row, width) = (44.0, 26.0, 760 - left - 40)
        let height = row * Double(max(trials.count, 1))
        let seeds = trials.flatMap { $0.values.map(\.seed) }.reduce(into: [String]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        let hasLegend = seeds.count > 1 && seeds.count <= Drawing.colours.count
        var drawing = Drawing(
            width: 760, height: top + height + (hasLegend ? 84 : 56),
            title: "\(metric) of each seed")
        let all = trials.flatMap { trial -> [Double] in
            let values = trial.values.map(\.value)
            // Wide intervals of few seeds may leave the picture; the dots may not.
            return values + (Estimate(values, in: range).ends.map { [$0.low, $0.high] } ?? [])
        }.filter(\.isFinite)
        let dots = trials.flatMap { $0.values.map(\.value) }.filter(\.isFinite)
        let room = (dots.max() ?? 1) / 2 - (dots.min() ?? 0) / 2
        let scale =
            Scale(
                all.filter {
                    $0 >= (dots.min() ?? 0) - room && $0 <= (dots.max() ?? 1) + room
                })
            ?? Scale(lowest: 0, highest: 1)
        let x = { (value: Double) in left + width * min(max(scale.share(value), 0), 1) }
        for tick in scale.ticks {
            drawing.line(Point(x(tick), top), Point(x(tick), top + height), "class=\"grid\"")
            drawing.text(scale.label(tick), Point(x(tick), top + height + 18), .middle)
        }
        drawing.text(metric, Point(left + width / 2, top + height + 40), .middle, limit: 60)
        for (index, trial) in trials.enumerated() {
            let y = top + row * (Double(index) + 0.5)
            drawing.text(trial.label, Point(left - 10, y + 4), .end, limit: labelLimit)
            let values = trial.values.map(\.value)
            if let mean = Statistics.mean(values), mean.isFinite {
                if let ends = Estimate(values, in: range).ends {
                    drawing.line(
                        Point(x(ends.low), y), Point(x(ends.high), y),
                        "class=\"ink\" stroke-width=\"1.5\"")
                }
                drawing.line(
                    Point(x(mean), y - 8), Point(x(mean), y + 8), "class=\"ink\" stroke-width=\"3\""
                )
            }
            for (seed, value) in trial.values where value.isFinite {
                let colour =
                    hasLegend
                    ? Drawing.colours[seeds.firstIndex(of: seed) ?? 0] : Drawing.colours[0]
                drawing.circle(
                    Point(x(value), y), radius: 4.5, "fill=\"\(colour)\" fill-opacity=\"0.8\"",
                    tip: seed.isEmpty ? fixed(value, 4) : "seed \(seed): \(fixed(value, 4))")
            }
        }
        if hasLegend {
            var at = Point(left, top + height + 66)
            for (index, seed) in seeds.enumerated() {
                drawing.circle(
                    Point(at.x + 5, at.y - 4), radius: 4.5, "fill=\"\(Drawing.colours[index])\"")
                drawing.text("seed \(seed)", Point(at.x + 14, at.y), limit: 14)
                at.x += 30 + Drawing.room("seed \(seed)", limit: 14)
            }
        }
        return drawing.svg
    }
}
