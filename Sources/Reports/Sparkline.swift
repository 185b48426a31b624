import Studies

/// A history in one line of text: `▁▂▄▆█`, lowest to highest; a dot where there is no number.
package enum Sparkline {
    private static let levels = Array("▁▂▃▄▅▆▇█")

    /// - Parameter width: at most so many characters; longer histories are averaged in even pieces.
    package static func text(_ values: [Double], width: Int = 60) -> String {
        let count = min(values.count, max(width, 1))
        let points = (0..<count).map { index in
            let piece = values[
                (index * values.count / count)..<((index + 1) * values.count / count)]
            return Statistics.mean(piece.filter(\.isFinite)) ?? .nan
        }
        let finite = points.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else {
            return String(repeating: "·", count: count)
        }
        return String(
            points.map { value in
                guard value.isFinite else { return "·" }
                let part = share(value, from: low, to: high)
                return levels[min(levels.count - 1, Int(part * Double(levels.count)))]
            })
    }
}
