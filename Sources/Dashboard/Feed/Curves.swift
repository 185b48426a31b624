import Studies

/// Histories as a picture needs them: at most a few numbers for each column of pixels, with the
/// lowest and the highest of each, so that no spike is lost.
package enum Curves {
    package struct Point: Equatable {
        /// From 1; or the step.
        package var epoch: Int
        package var value: Double

        package init(epoch: Int, value: Double) { (self.epoch, self.value) = (epoch, value) }
    }

    /// - Parameters:
    ///   - numbers: of the rows; nil: 1, 2, ….
    ///   - columns: histories of more than twice as many epochs are thinned.
    /// - Returns: epochs whose value is a number, in order.
    package static func thinned(_ values: [Double], at numbers: [Int]? = nil, columns: Int)
        -> [Point]
    {
        func point(_ row: Int) -> Point {
            Point(epoch: numbers?[row] ?? row + 1, value: values[row])
        }
        return spans(values.count, columns).flatMap { span -> [Point] in
            let known = span.filter { values[$0].isFinite }
            guard span.count > 1 else { return known.map(point) }
            guard let low = known.min(by: { values[$0] < values[$1] }),
                let high = known.max(by: { values[$0] < values[$1] })
            else { return [] }
            // The ends stay where they are: the last value is what people read.
            let ends = [values.indices.first, values.indices.last].compactMap { $0 }
            let kept = Set([low, high] + ends.filter(known.contains))
            return kept.sorted().map(point)
        }
    }

    /// Mean, lowest and highest of several seeds.
    package struct Band: Equatable {
        package var epoch: Int
        package var mean, low, high: Double
        /// How many seeds have a number there.
        package var count: Int
    }

    /// - Parameter steps: of the values of each seed; nil: epochs 1, 2, ….
    package static func band(_ histories: [[Double]], steps: [[Int]]? = nil, columns: Int)
        -> [Band]
    {
        let all = SeedRows(histories, steps: steps).rows.map { row in
            Band(
                epoch: row.number, mean: row.values.reduce(0, +) / Double(row.values.count),
                low: row.values.min() ?? .nan, high: row.values.max() ?? .nan,
                count: row.values.count)
        }
        return spans(all.count, columns).flatMap { span -> [Band] in
            guard span.count > 1 else { return Array(all[span]) }
            let low = all[span].map(\.low).min() ?? 0
            let high = all[span].map(\.high).max() ?? 0
            let places = span.sorted { all[$0].mean < all[$1].mean }
            let kept = Set([places.first, places.last].compactMap { $0 }).union(
                span.upperBound == all.count ? [all.count - 1] : [])
            return kept.sorted().map {
                var point = all[$0]
                (point.low, point.high) = (low, high)
                return point
            }
        }
    }

    /// Even pieces of `0..<count`: single numbers while these are few.
    private static func spans(_ count: Int, _ columns: Int) -> [Range<Int>] {
        let columns = max(columns, 1)
        guard count > 2 * columns else { return (0..<count).map { $0..<$0 + 1 } }
        return (0..<columns).map { ($0 * count / columns)..<(($0 + 1) * count / columns) }
    }
}
