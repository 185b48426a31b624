import Studies

/// Two swept keys against each other; the colour is the mean of the metric.
struct HeatMap {
    let title: String
    let rowKey, columnKey: String
    let rows, columns: [Value]
    /// `[row][column]`; nil where there is no run.
    let cells: [[Double?]]
    let maximize: Bool

    var svg: String {
        let rowLabel = 18
        let left =
            40 + Drawing.room(rows.map(\.label).max { $0.count < $1.count } ?? "", limit: rowLabel)
        let size = (
            width: min(96, max(14, 620 / Double(max(columns.count, 1)))),
            height: min(44, max(14, 420 / Double(max(rows.count, 1))))
        )
        let isTurned = columns.map { Drawing.room($0.label, limit: 14) }.max() ?? 0 > size.width - 6
        let bottom = isTurned ? 110.0 : 58
        let (width, height) = (size.width * Double(columns.count), size.height * Double(rows.count))
        var drawing = Drawing(
            width: max(left + width + 130, 480), height: 44 + height + bottom, title: title)
        let values = cells.flatMap { $0 }.compactMap { $0 }
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        // Bright is good.
        let share = { (value: Double) in
            let part = Reports.share(value, from: low, to: high)
            return maximize ? part : 1 - part
        }
        for (row, line) in cells.enumerated() {
            let y = 44 + Double(row) * size.height
            drawing.text(
                rows[row].label, Point(left - 8, y + size.height / 2 + 4), .end, limit: rowLabel)
            for (column, cell) in line.enumerated() {
                let corner = Point(left + Double(column) * size.width, y)
                let tip = "\(rowKey)=\(rows[row].label), \(columnKey)=\(columns[column].label): "
                guard let cell else {
                    drawing.rectangle(corner, size, "class=\"frame\"", tip: tip + "no run")
                    continue
                }
                let (colour, isLight) = Drawing.viridis(share(cell))
                drawing.rectangle(corner, size, "fill=\"\(colour)\"", tip: tip + fixed(cell, 4))
                if size.width >= 44, size.height >= 18 {
                    drawing.text(
                        short(cell),
                        Point(corner.x + size.width / 2, corner.y + size.height / 2 + 4), .middle,
                        look: "class=\"\(isLight ? "dark" : "light")\"")
                }
            }
        }
        for (column, value) in columns.enumerated() {
            let x = left + (Double(column) + 0.5) * size.width
            if isTurned {
                drawing.text(
                    value.label, Point(x + 4, 44 + height + 14), .end, limit: 14, turned: -35)
            } else {
                drawing.text(value.label, Point(x, 44 + height + 20), .middle, limit: 14)
            }
        }
        drawing.text(
            columnKey, Point(left + width / 2, 44 + height + bottom - 14), .middle, limit: 60)
        drawing.text(rowKey, Point(18, 44 + height / 2), .middle, limit: 40, turned: -90)
        legend(&drawing, Point(left + width + 24, 44), low, high, share)
        return drawing.svg
    }

    private func short(_ value: Double) -> String {
        value == 0 || (0.01..<10_000).contains(abs(value))
            ? fixed(value, 3) : String(format: "%.1e", value)
    }

    private func legend(
        _ drawing: inout Drawing, _ corner: Point, _ low: Double, _ high: Double,
        _ share: (Double) -> Double
    ) {
        let steps = 32
        for step in 0..<steps {
            let part = Double(step) / Double(steps - 1)
            let value = high * (1 - part) + low * part
            drawing.rectangle(
                Point(corner.x, corner.y + Double(step) * 4), (14, 4.5),
                "fill=\"\(Drawing.viridis(share(value)).colour)\"")
        }
        drawing.text(short(high), Point(corner.x + 20, corner.y + 10))
        if high > low { drawing.text(short(low), Point(corner.x + 20, corner.y + 128)) }
    }
}
