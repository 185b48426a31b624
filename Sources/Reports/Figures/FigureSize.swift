/// How wide a figure is drawn: its text has the same size in both.
package enum FigureSize: Sendable, CaseIterable {
    /// For a page or a sheet of paper.
    case wide
    /// For a phone.
    case narrow

    /// In pixels.
    var width: Double { self == .wide ? 760 : 360 }
}
