/// Histories as a picture needs them: at most a few numbers for each column of pixels, with the
/// lowest and the highest of each, so that no spike is lost.
package enum Curves {
    package struct Point: Equatable {
        /// From 1.
        package var epoch: Int
        package var value: Double

        package init(epoch: Int, value: Double) { (self.epoch, self.value) = (epoch, value) }
    }

    /// - Parameter columns: histories of more than twice as many epochs are thinned.
    /// - Returns: epochs whose value is a number, in order.
    package static func thinned(_ values: [Double], columns: Int) -> [Point] {
        spans(values.count, columns).flatMap { span -> [Point] in
            let known = span.filter { values[$0].isFinite }
            guard span.count > 1 else {
                return known.map { Point(epoch: $0 + 1, value: values[$0]) }
            }
            guard let low = known.min(by: { values[$0] < values[$1] }),
                let high = known.max(by: { values[$0] < values[$1] })
            else { return [] }
            // The ends stay where they are: the last value is what people read.
            let ends = [values.indices.first, values.indices.last].compactMap { $0 }
            let kept = Set([low, high] + ends.filter(known.contains))
            return kept.sorted().map { Point(epoch: $0 + 1, value: values[$0]) }
        }
    }

    /// Mean, lowest and highest of several seeds.
    package struct Band: Equatable {
        package var epoch: Int
        package var mean, low, high: Double
        /// How many seeds have a number there.
        package var count: Int
    }

    package static func band(_ histories: [[Double]], columns: Int) -> [Band] {
        let epochs = histories.map(\.count).max() ?? 0
        let all = (0..<epochs).compactMap { epoch -> Band? in
            let values = histories.compactMap {
                $0.indices.contains(epoch) && $0[epoch].isFinite ? $0[epoch] : nil
            }
            guard let low = values.min(), let high = values.max() else { return nil }
            let mean = values.reduce(0, +) / Double(values.count)
            return Band(epoch: epoch + 1, mean: mean, low: low, high: high, count: values.count)
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
