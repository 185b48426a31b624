import Foundation

/// What a recipe's key `report` asks for.
public struct ReportSettings: Sendable, Equatable, Codable {
    /// A form a report takes.
    public enum Form: String, Sendable, Equatable, Codable, CaseIterable {
        case markdown = "md"
        case html
        case notebook = "ipynb"
    }

    /// In the order they stand in when the recipe does not say.
    public static let sectionNames = [
        "answer", "trials", "figures", "runs", "seeds", "failures", "provenance", "repeat", "definitions",
    ]

    /// Names of sections, in order.
    public var sections = ReportSettings.sectionNames
    /// Metrics with a column of their own, at the best epoch.
    public var metrics: [String] = []
    public var formats = Form.allCases
    /// In the author's words: paragraphs apart by empty lines, under the question and before the provenance.
    public var introduction = ""
    public var discussion = ""
    /// House styles, Mustache templates (the text, as it was when the study was planned), by form.
    public var templates: [String: String] = [:]

    public init() {}
}
