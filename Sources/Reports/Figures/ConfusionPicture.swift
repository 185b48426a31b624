import Studies

/// Clips by true class (rows) and predicted class (columns): the darker, the larger the share of
/// its row.
struct ConfusionPicture {
    let title: String
    let classes: [String]
    /// `[true class][predicted class]`.
    let counts: [[Int]]

    private static let faint = (right: Colour(229, 238, 246), wrong: Colour(252, 237, 227))
    private static let full = (right: Colour(0, 114, 178), wrong: Colour(213, 94, 0))

    func svg(_ size: FigureSize) -> String {
        let count = Double(max(classes.count, 1))
        let labelRoom = size == .wide ? 130.0 : 80
        let longest = min(classes.map { TextSize.width($0) }.max() ?? 0, labelRoom)
        // Names can be read where a line has its height.
        let isNamed = (size.width - 50 - longest - 12) / count >= 16
        let room = isNamed ? longest : 0
        let (left, top) = (50 + room, Drawing.top)
        let cell = min(44, (size.width - left - 12) / count, (size == .wide ? 560 : 400) / count)
        let side = cell * count
        let isTurned = isNamed && classes.contains { TextSize.width($0) > cell - 6 }
        let under = (isTurned ? room * 0.71 + 24 : isNamed ? 26 : 6) + 30
        var drawing = Drawing(width: size.width, height: top + side + under, title: title)
        for (row, line) in counts.enumerated() {
            let total = line.reduce(0, +)
            let y = top + Double(row) * cell
            if isNamed {
                drawing.text(
                    classes[row], Point(left - 8, y + cell / 2 + 4), .end, room: labelRoom)
            }
            for (column, number) in line.enumerated() {
                let corner = Point(left + Double(column) * cell, y)
                guard number > 0 else {
                    // Empty cells of many classes are only a frame around them all.
                    if isNamed { drawing.rectangle(corner, (cell, cell), "class=\"frame\"") }
                    continue
                }
                let share = Double(number) / Double(total)
                let colour =
                    row == column
                    ? ConfusionPicture.faint.right.mixed(with: ConfusionPicture.full.right, share)
                    : ConfusionPicture.faint.wrong.mixed(with: ConfusionPicture.full.wrong, share)
                drawing.rectangle(
                    corner, (cell, cell), "fill=\"\(colour.code)\"",
                    tip: "\(classes[row]) taken for \(classes[column]): \(number) of \(total)")
                if TextSize.width("\(number)") + 4 <= cell, cell >= 18 {
                    drawing.text(
                        "\(number)", Point(corner.x + cell / 2, corner.y + cell / 2 + 4), .middle,
                        look: colour.textClass)
                }
            }
        }
        if !isNamed { drawing.rectangle(Point(left, top), (side, side), "class=\"frame\"") }
        for (column, name) in classes.enumerated() where isNamed {
            let x = left + (Double(column) + 0.5) * cell
            if isTurned {
                drawing.text(
                    name, Point(x + 4, top + side + 14), .end, room: labelRoom, turned: -45)
            } else {
                drawing.text(name, Point(x, top + side + 20), .middle)
            }
        }
        drawing.text("predicted", Point(left + side / 2, top + side + under - 12), .middle)
        drawing.text("true", Point(18, top + side / 2), .middle, turned: -90)
        return drawing.svg
    }
}
