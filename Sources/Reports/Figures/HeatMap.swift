import Studies

/// Two swept keys with few values against each other; the colour is the mean of the metric.
struct HeatMap {
    let title: String
    let rowKey, columnKey: String
    let rows, columns: [Value]
    /// `[row][column]`; nil where there is no run.
    let cells: [[Double?]]
    let bar: ColourBar

    func svg(_ size: FigureSize) -> String {
        let names = rows.map(\.label)
        let labelRoom = size == .wide ? 150.0 : 90
        let left = 44 + min(names.map { TextSize.width($0) }.max() ?? 0, labelRoom)
        let room = size.width - left - 16
        let cell = (
            width: min(96, room / Double(max(columns.count, 1))),
            height: min(44, max(16, 420 / Double(max(rows.count, 1))))
        )
        let titles = columns.map(\.label)
        let titleRoom = 110.0
        let isTurned = titles.contains { TextSize.width($0) > cell.width - 6 }
        let longest = min(titles.map { TextSize.width($0) }.max() ?? 0, titleRoom)
        let below = isTurned ? longest * 0.58 + 24 : 26.0
        let (width, height) = (cell.width * Double(columns.count), cell.height * Double(rows.count))
        var drawing = Drawing(
            width: size.width,
            height: Drawing.top + height + below + 30 + ColourBar.height, title: title)
        for (row, line) in cells.enumerated() {
            let y = Drawing.top + Double(row) * cell.height
            drawing.text(
                names[row], Point(left - 8, y + cell.height / 2 + 4), .end, room: labelRoom)
            for (column, value) in line.enumerated() {
                draw(
                    value, "\(rowKey)=\(names[row]), \(columnKey)=\(titles[column]): ",
                    Point(left + Double(column) * cell.width, y), cell, &drawing)
            }
        }
        // Lines of text need their height, also when they lean.
        let every = isTurned ? max(1, Int((18 / cell.width).rounded(.up))) : 1
        for (column, title) in titles.enumerated() where column % every == 0 {
            let x = left + (Double(column) + 0.5) * cell.width
            let y = Drawing.top + height
            if isTurned {
                drawing.text(title, Point(x + 4, y + 14), .end, room: titleRoom, turned: -35)
            } else {
                drawing.text(title, Point(x, y + 20), .middle)
            }
        }
        drawing.text(
            columnKey, Point(left + width / 2, Drawing.top + height + below + 16), .middle,
            room: room)
        drawing.text(
            rowKey, Point(18, Drawing.top + height / 2), .middle, room: max(height, 60),
            turned: -90)
        bar.draw(&drawing, left: left, top: Drawing.top + height + below + 32)
        return drawing.svg
    }

    private func draw(
        _ value: Double?, _ place: String, _ corner: Point,
        _ cell: (width: Double, height: Double), _ drawing: inout Drawing
    ) {
        guard let value else {
            return drawing.rectangle(corner, cell, "class=\"frame\"", tip: place + "no run")
        }
        let (colour, text) = (bar.colour(value), bar.text(value))
        drawing.rectangle(corner, cell, "fill=\"\(colour.code)\"", tip: place + text)
        if TextSize.width(text) + 4 <= cell.width, cell.height >= 18 {
            drawing.text(
                text, Point(corner.x + cell.width / 2, corner.y + cell.height / 2 + 4), .middle,
                look: colour.textClass)
        }
    }
}
