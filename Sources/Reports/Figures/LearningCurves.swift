import Studies

/// A metric over the epochs, or steps: a line for the mean over seeds; for few trials a band from the lowest
/// to the highest seed.
package struct LearningCurves {
    package struct Curve {
        package let name: TrialName
        /// One history for each seed.
        package let histories: [[Double]]
        /// The steps of each history; nil: these are of epochs 1, 2, ….
        package let steps: [[Int]]?

        package init(name: TrialName, histories: [[Double]], steps: [[Int]]? = nil) {
            (self.name, self.histories, self.steps) = (name, histories, steps)
        }

        /// The last epoch or step.
        package var last: Int {
            steps.map { $0.compactMap(\.last).max() ?? 0 } ?? histories.map(\.count).max() ?? 0
        }

        /// Mean, lowest and highest of the seeds at each epoch that has a number; at most
        /// `pointLimit` epochs.
        var points: [(epoch: Int, mean: Double, low: Double, high: Double)] {
            let rows = SeedRows(histories, steps: steps).rows
            // Epochs are thinned by their number: all lines have points at the same ones.
            let every = max(1, (steps == nil ? last : rows.count) / Curve.pointLimit)
            return rows.enumerated().compactMap { index, row in
                let place = steps == nil ? row.number - 1 : index
                guard place % every == 0 || index == rows.count - 1,
                    let mean = Statistics.mean(row.values), let low = row.values.min(),
                    let high = row.values.max()
                else { return nil }
                return (row.number, mean, low, high)
            }
        }

        private static let pointLimit = 400
    }

    private let title: String
    private let curves: [Curve]
    private let range: MetricRange?
    private let keys: String
    private let axis: MetricAxis

    /// More bands hide each other.
    static let bandLimit = 3

    /// - Parameter keys: the names of the swept keys: `lr · batch_size`.
    package init(
        title: String, curves: [Curve], keys: String = "", range: MetricRange? = nil,
        axis: MetricAxis = .epoch
    ) {
        (self.title, self.curves, self.keys, self.range) = (title, curves, keys, range)
        self.axis = axis
    }

    package func svg(_ size: FigureSize) -> String {
        let last = curves.map(\.last).max() ?? 0
        let all = curves.map(\.points)
        let hasBands = curves.count <= LearningCurves.bandLimit
        let values = all.flatMap { $0 }.flatMap { hasBands ? [$0.low, $0.high] : [$0.mean] }
        let room = size == .wide ? 230.0 : FigureSize.narrow.width - 56
        let names = TrialNames(curves.map(\.name), keys: keys, room: room)
        let head = names.heading == nil ? 0.0 : 20
        let legend = Double(curves.count) * 20 + 8 + head
        var plot = Plot(
            title: title, values: values, in: range, size: size,
            right: size == .wide ? names.width + 48 : 16,
            bottom: 58 + (size == .wide ? 0 : legend), isLoss: range?.upper == nil)
        let span = LearningCurves.span(all.flatMap { $0.map(\.epoch) }, last, axis)
        let place = { (number: Int) in
            span.count <= 1
                ? 0.5 : Double(number - span.lowerBound) / Double(span.count - 1)
        }
        plot.marks(LearningCurves.ticks(span).map { (place($0), "\($0)") })
        plot.drawing.text(axis.rawValue, Point(plot.x(share: 0.5), plot.bottom + 42), .middle)
        for (index, points) in all.enumerated() {
            let at = points.map { Point(plot.x(share: place($0.epoch)), plot.y($0.mean)) }
            if hasBands, curves[index].histories.count > 1, points.count > 1 {
                let edge = { (value: (Int, Double)) in
                    Point(plot.x(share: place(value.0)), plot.y(value.1))
                }
                plot.drawing.polygon(
                    points.map { edge(($0.epoch, $0.high)) }
                        + points.reversed().map { edge(($0.epoch, $0.low)) },
                    "fill=\"\(LearningCurves.colour(index))\" fill-opacity=\"0.14\"")
            }
            plot.drawing.polyline(
                at, colour: LearningCurves.colour(index), look: LearningCurves.dash(index))
        }
        if size == .wide {
            label(names, all.map { $0.last.map { ($0.epoch, $0.mean) } }, place, &plot)
        } else {
            if let heading = names.heading {
                plot.drawing.text(heading, Point(44, plot.bottom + 70))
            }
            for (index, name) in names.names.enumerated() {
                let y = plot.bottom + 66 + head + Double(index) * 20
                key(index, Point(16, y), &plot.drawing)
                plot.drawing.text(name, Point(44, y + 4), room: room)
            }
        }
        return plot.drawing.svg
    }

    /// Names at the ends of the lines, apart from each other.
    private func label(
        _ names: TrialNames, _ ends: [(epoch: Int, mean: Double)?], _ place: (Int) -> Double,
        _ plot: inout Plot
    ) {
        let wanted = ends.map { $0.map { plot.y($0.mean) } ?? plot.bottom }
        let head = names.heading == nil ? 0.0 : 18
        let placed = Plot.spread(
            wanted, gap: 18, from: plot.top + 6 + head, to: plot.bottom - 6)
        if let heading = names.heading, let first = placed.min() {
            plot.drawing.text(heading, Point(plot.left + plot.width + 40, first - 14))
        }
        for (index, name) in names.names.enumerated() {
            let at = Point(plot.left + plot.width + 14, placed[index])
            if let end = ends[index] {
                plot.drawing.line(
                    Point(plot.x(share: place(end.epoch)) + 2, plot.y(end.mean)),
                    Point(at.x - 3, at.y),
                    "stroke=\"\(LearningCurves.colour(index))\" stroke-width=\"1\" stroke-opacity=\"0.6\""
                )
            }
            key(index, at, &plot.drawing)
            plot.drawing.text(name, Point(at.x + 26, at.y + 4))
        }
    }

    private func key(_ index: Int, _ at: Point, _ drawing: inout Drawing) {
        let dash = LearningCurves.dash(index)
        drawing.line(
            at, Point(at.x + 20, at.y),
            "stroke=\"\(LearningCurves.colour(index))\" stroke-width=\"3\"\(dash.isEmpty ? "" : " " + dash)"
        )
    }

    static func colour(_ index: Int) -> String { Drawing.colours[index % Drawing.colours.count] }

    /// Beyond eight trials, colours repeat and dashes distinguish the lines.
    private static func dash(_ index: Int) -> String {
        index < Drawing.colours.count ? "" : "stroke-dasharray=\"5 4\""
    }

    /// What the horizontal axis shows: epochs from 1, or all steps.
    static func span(_ numbers: [Int], _ last: Int, _ axis: MetricAxis) -> Range<Int> {
        let first = axis == .epoch ? 1 : numbers.min() ?? 0
        return first..<max(first, last + 1)
    }

    /// The first number, and multiples of a round one.
    static func ticks(_ span: Range<Int>) -> [Int] {
        guard let first = span.first, let last = span.last else { return [] }
        let step = max(1, Int(Scale.niceStep(Double(max(last - first, 1)) / 6).rounded(.up)))
        let round = stride(from: (first / step + 1) * step, through: last, by: step)
        // A first step that is no round number would be close to the second.
        return (first <= 1 || first % step == 0 ? [first] : []) + Array(round)
    }
}
