import Foundation

/// What a recipe's key `report` asks for.
package struct ReportSettings: Sendable, Equatable, Codable {
    /// A form a report takes.
    package enum Form: String, Sendable, Equatable, Codable, CaseIterable {
        case markdown = "md"
        case html
        case notebook = "ipynb"
    }

    /// In the default order.
    package static let sectionNames = [
        "answer", "trials", "figures", "runs", "seeds", "clips", "failures", "provenance", "repeat",
        "definitions",
    ]

    /// Names of sections, in order.
    package var sections = ReportSettings.sectionNames
    /// Metrics with a column of their own, at the best epoch.
    package var metrics: [String] = []
    package var formats = Form.allCases
    /// In the author's words: paragraphs apart by empty lines, under the question and before the
    /// provenance.
    package var introduction = ""
    package var discussion = ""
    /// House styles, Mustache templates (the text, as it was when the study was planned), by form.
    package var templates: [String: String] = [:]

    /// Where the judged metric can be, as the recipe says.
    package var range: MetricRange?

    /// A regular expression over the clips' names: those with the same first group belong to one
    /// speaker, say. Nil: as the trainer's data are divided.
    package var group: String?

    package init() {}
}
