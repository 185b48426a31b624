import Foundation
import RunStore

/// The metric over the epochs: a line for the mean over seeds, a band from the lowest to the highest seed.
///
/// The picture is SVG without script or outside fonts, readable on light and dark ground; colours are Okabe and Ito's
/// (2008), which colour-blind readers tell apart.
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

    static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#8C6D31"]

    private let title: String
    private let curves: [Curve]

    package init(title: String, curves: [Curve]) {
        self.title = title
        self.curves = curves
    }

    private let width = 760.0
    private let plotLeft = 64.0
    private let plotTop = 40.0
    private let plotWidth = 460.0
    private let plotHeight = 300.0

    package var svg: String {
        let epochs = curves.flatMap(\.histories).map(\.count).max() ?? 0
        let finite = curves.flatMap(\.histories).flatMap { $0 }.filter(\.isFinite)
        let scale = Scale(lowest: finite.min() ?? 0, highest: finite.max() ?? 1)
        let height = max(plotTop + plotHeight + 56, plotTop + Double(curves.count) * 20 + 30)
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(fixed(width, 0)) \(fixed(height, 0))\" "
                + "width=\"\(fixed(width, 0))\" height=\"\(fixed(height, 0))\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\">",
            "<title>\(escaped(title))</title>",
            "<style>text{fill:#1f2328}.grid{stroke:#8b949e;stroke-opacity:.3}.axis{stroke:#656d76}"
                + "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.axis{stroke:#9198a1}}</style>",
            "<text x=\"\(fixed(plotLeft, 0))\" y=\"24\" font-size=\"15\" font-weight=\"bold\">\(escaped(title))</text>",
        ]
        parts += grid(scale, epochs)
        for (index, curve) in curves.enumerated() { parts += drawn(curve, index, scale, epochs) }
        if finite.isEmpty {
            parts.append(
                "<text x=\"\(fixed(plotLeft + 12, 1))\" y=\"\(fixed(plotTop + 30, 1))\">no finite value to draw</text>")
        }
        parts.append("</svg>")
        return parts.joined(separator: "\n") + "\n"
    }

    private func x(_ epoch: Int, _ epochs: Int) -> Double {
        epochs <= 1 ? plotLeft + plotWidth / 2 : plotLeft + plotWidth * Double(epoch - 1) / Double(epochs - 1)
    }

    private func y(_ value: Double, _ scale: Scale) -> Double {
        plotTop + plotHeight * (1 - (value - scale.low) / (scale.high - scale.low))
    }

    private func grid(_ scale: Scale, _ epochs: Int) -> [String] {
        var parts: [String] = []
        for tick in scale.ticks {
            let at = fixed(y(tick, scale), 1)
            parts.append(
                "<line class=\"grid\" x1=\"\(fixed(plotLeft, 1))\" x2=\"\(fixed(plotLeft + plotWidth, 1))\" y1=\"\(at)\" y2=\"\(at)\"/>"
            )
            parts.append(
                "<text x=\"\(fixed(plotLeft - 8, 1))\" y=\"\(fixed(y(tick, scale) + 4, 1))\" text-anchor=\"end\">\(scale.label(tick))</text>"
            )
        }
        let bottom = plotTop + plotHeight
        parts.append(
            "<line class=\"axis\" x1=\"\(fixed(plotLeft, 1))\" x2=\"\(fixed(plotLeft + plotWidth, 1))\" y1=\"\(fixed(bottom, 1))\" y2=\"\(fixed(bottom, 1))\"/>"
        )
        let step = max(1, Scale.niceStep(Double(max(epochs - 1, 1)) / 6).rounded(.up))
        var shown = epochs == 0 ? [] : [1]
        shown += stride(from: Int(step), through: epochs, by: Int(step)).filter { $0 > 1 }
        for epoch in shown {
            parts.append(
                "<text x=\"\(fixed(x(epoch, epochs), 1))\" y=\"\(fixed(bottom + 20, 1))\" text-anchor=\"middle\">\(epoch)</text>"
            )
        }
        parts.append(
            "<text x=\"\(fixed(plotLeft + plotWidth / 2, 1))\" y=\"\(fixed(bottom + 42, 1))\" text-anchor=\"middle\">epoch</text>"
        )
        return parts
    }

    private func drawn(_ curve: Curve, _ index: Int, _ scale: Scale, _ epochs: Int) -> [String] {
        let colour = LearningCurves.colours[index % LearningCurves.colours.count]
        // Past eight trials colours repeat, and dashes tell them apart.
        let dash = index < LearningCurves.colours.count ? "" : " stroke-dasharray=\"5 4\""
        var parts: [String] = []
        let points = (0..<epochs).compactMap { epoch -> (Int, Double, Double, Double)? in
            let values = curve.histories.compactMap {
                $0.indices.contains(epoch) && $0[epoch].isFinite ? $0[epoch] : nil
            }
            guard let mean = Statistics.mean(values), let low = values.min(), let high = values.max() else {
                return nil
            }
            return (epoch + 1, mean, low, high)
        }
        if curve.histories.count > 1, points.count > 1 {
            let upper = points.map { "\(fixed(x($0.0, epochs), 1)),\(fixed(y($0.3, scale), 1))" }
            let lower = points.reversed().map { "\(fixed(x($0.0, epochs), 1)),\(fixed(y($0.2, scale), 1))" }
            parts.append(
                "<polygon points=\"\((upper + lower).joined(separator: " "))\" fill=\"\(colour)\" fill-opacity=\"0.14\"/>"
            )
        }
        if points.count > 1 {
            let line = points.map { "\(fixed(x($0.0, epochs), 1)),\(fixed(y($0.1, scale), 1))" }.joined(separator: " ")
            parts.append("<polyline points=\"\(line)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"\(dash)/>")
        } else if let only = points.first {
            parts.append(
                "<circle cx=\"\(fixed(x(only.0, epochs), 1))\" cy=\"\(fixed(y(only.1, scale), 1))\" r=\"4\" fill=\"\(colour)\"/>"
            )
        }
        let legendX = plotLeft + plotWidth + 18
        let legendY = plotTop + 8 + Double(index) * 20
        let label = curve.label.count > 27 ? curve.label.prefix(26) + "…" : curve.label[...]
        parts.append(
            "<line x1=\"\(fixed(legendX, 1))\" x2=\"\(fixed(legendX + 22, 1))\" y1=\"\(fixed(legendY, 1))\" y2=\"\(fixed(legendY, 1))\" stroke=\"\(colour)\" stroke-width=\"3\"\(dash)/>"
        )
        parts.append(
            "<text x=\"\(fixed(legendX + 28, 1))\" y=\"\(fixed(legendY + 4, 1))\">\(escaped(String(label)))</text>")
        return parts
    }
}

/// A linear axis that begins and ends on round numbers.
struct Scale {
    let low: Double
    let high: Double
    private let step: Double

    init(lowest: Double, highest: Double) {
        // All equal, or a single number: some room on both sides.
        let room = highest > lowest ? 0 : max(abs(highest) * 0.1, 0.05)
        step = Scale.niceStep((highest - lowest + 2 * room) / 5)
        low = ((lowest - room) / step).rounded(.down) * step
        high = ((highest + room) / step).rounded(.up) * step
    }

    var ticks: [Double] {
        (0...Int(((high - low) / step).rounded())).map { low + Double($0) * step }
    }

    func label(_ tick: Double) -> String {
        let digits = max(0, Int(-log10(step).rounded(.down)))
        return fixed(abs(tick) < step / 1e6 ? 0 : tick, min(digits, 9))
    }

    /// 1, 2 or 5 times a power of ten, at least `rough`.
    static func niceStep(_ rough: Double) -> Double {
        guard rough > 0, rough.isFinite else { return 1 }
        let power = pow(10, log10(rough).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * power >= rough * 0.999_999 } ?? 10
        return factor * power
    }
}

/// A number with a fixed count of decimals, whatever the locale.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "∞" : "−∞" }
    // Without a locale, numbers have a point whatever the system's language is; asking for one costs a formatter each time.
    return String(format: "%.\(decimals)f", value)
}

/// Text for XML.
func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
        "\"", with: "&quot;")
}
