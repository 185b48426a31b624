import Studies

/// Clips by true class (rows) and predicted class (columns): the darker, the larger the share of
/// its row.
struct ConfusionPicture {
    let title: String
    let classes: [String]
    /// `[true class][predicted class]`.
    let counts: [[Int]]

    /// Names can be read up to so many classes.
    private let namedLimit = 60

    var svg: String {
        let isNamed = classes.count <= namedLimit
        let cell = min(44, max(isNamed ? 12 : 3, 480 / Double(max(classes.count, 1))))
        let room = isNamed ? Drawing.room(classes.max { $0.count < $1.count } ?? "", limit: 16) : 0
        let (left, top, size) = (44 + room, 44.0, cell * Double(classes.count))
        // Turned by 45°, names take 0.7 of their length.
        let under = isNamed ? room * 0.75 + 40 : 34
        var drawing = Drawing(
            width: max(left + size + 60, 420), height: top + size + under, title: title)
        let font = cell < 15 ? "font-size=\"10\"" : ""
        for (row, line) in counts.enumerated() {
            let total = line.reduce(0, +)
            let y = top + Double(row) * cell
            if isNamed {
                drawing.text(
                    classes[row], Point(left - 8, y + cell / 2 + 4), .end, limit: 16, look: font)
            }
            for (column, count) in line.enumerated() {
                let share = total > 0 ? Double(count) / Double(total) : 0
                let corner = Point(left + Double(column) * cell, y)
                // Right is blue, wrong is orange.
                let colour = row == column ? Drawing.colours[0] : Drawing.colours[1]
                drawing.rectangle(
                    corner, (cell, cell),
                    count == 0
                        ? "class=\"frame\""
                        : "fill=\"\(colour)\" fill-opacity=\"\(fixed(0.15 + 0.85 * share, 2))\"",
                    tip: isNamed
                        ? "\(classes[row]) taken for \(classes[column]): \(count) of \(total)" : nil
                )
                if count > 0, cell >= 20 {
                    drawing.text(
                        "\(count)", Point(corner.x + cell / 2, corner.y + cell / 2 + 4), .middle,
                        look: share > 0.5 ? "class=\"light\"" : "")
                }
            }
        }
        if isNamed {
            for (column, name) in classes.enumerated() {
                drawing.text(
                    name, Point(left + (Double(column) + 0.5) * cell + 4, top + size + 14), .end,
                    limit: 16, look: font,
                    turned: -45)
            }
        }
        drawing.text("predicted", Point(left + size / 2, top + size + under - 10), .middle)
        drawing.text("true", Point(16, top + size / 2), .middle, turned: -90)
        return drawing.svg
    }
}
