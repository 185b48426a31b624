import Foundation
import Studies

/// A metric over the epochs: a line for the mean over seeds, a band from the lowest to the highest
/// seed.
package struct LearningCurves {
    package struct Curve {
        package let label: String
        /// One history for each seed.
        package let histories: [[Double]]

        package init(label: String, histories: [[Double]]) {
            self.label = label
            self.histories = histories
        }
    }

    private let title: String
    private let curves: [Curve]

    package init(title: String, curves: [Curve]) {
        self.title = title
        self.curves = curves
    }

    package var svg: String {
        let epochs = curves.flatMap(\.histories).map(\.count).max() ?? 0
        var plot = Plot(
            title: title, values: curves.flatMap(\.histories).flatMap { $0 }, plotWidth: 460,
            atLeast: 44 + Double(curves.count) * 20 + 30)
        let place = { (epoch: Int) in epochs <= 1 ? 0.5 : Double(epoch - 1) / Double(epochs - 1) }
        let step = max(1, Int(Scale.niceStep(Double(max(epochs - 1, 1)) / 6).rounded(.up)))
        for epoch in (epochs == 0 ? [] : [1])
            + stride(from: step, through: epochs, by: step).filter({ $0 > 1 })
        {
            plot.below("\(epoch)", share: place(epoch))
        }
        plot.name(below: "epoch")
        for (index, curve) in curves.enumerated() { draw(curve, index, epochs, place, &plot) }
        return plot.drawing.svg
    }

    private func draw(
        _ curve: Curve, _ index: Int, _ epochs: Int, _ place: (Int) -> Double, _ plot: inout Plot
    ) {
        let colour = Drawing.colours[index % Drawing.colours.count]
        // Beyond eight trials, colours repeat and dashes distinguish the lines.
        let dash = index < Drawing.colours.count ? "" : "stroke-dasharray=\"5 4\""
        var (means, lows, highs): ([Point], [Point], [Point]) = ([], [], [])
        for epoch in 0..<epochs {
            let values = curve.histories.compactMap {
                $0.indices.contains(epoch) && $0[epoch].isFinite ? $0[epoch] : nil
            }
            guard let mean = Statistics.mean(values), let low = values.min(),
                let high = values.max()
            else { continue }
            let x = plot.x(share: place(epoch + 1))
            means.append(Point(x, plot.y(mean)))
            lows.append(Point(x, plot.y(low)))
            highs.append(Point(x, plot.y(high)))
        }
        if curve.histories.count > 1, means.count > 1 {
            plot.drawing.polygon(
                highs + lows.reversed(),
                "fill=\"\(colour)\" fill-opacity=\"\(curves.count > 4 ? "0.07" : "0.14")\"")
        }
        plot.drawing.polyline(means, colour: colour, look: dash)
        let legend = Point(plot.left + plot.width + 18, plot.top + 8 + Double(index) * 20)
        plot.drawing.line(
            legend, Point(legend.x + 22, legend.y),
            "stroke=\"\(colour)\" stroke-width=\"3\"\(dash.isEmpty ? "" : " " + dash)")
        plot.drawing.text(curve.label, Point(legend.x + 28, legend.y + 4), limit: 24)
    }
}
