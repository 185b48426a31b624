import Files
import Foundation
import RunStore
import Studies

/// The report of a study in its formats, in the study's folder.
package enum ReportFiles {
    /// Writes the forms that the plan asks for, or those that are given.
    /// - Returns: the files, the first form first.
    @discardableResult
    package static func write(
        _ folder: StudyFolder, _ plan: Plan, _ stored: StudyResults,
        forms: [ReportSettings.Form]? = nil
    ) throws -> [URL] {
        let report = StudyReport(folder, plan, stored)
        let notebook = report.notebook
        let figures = notebook.figures
        for figure in figures {
            try folder.write(figure.svg, to: folder.figures.appending(path: figure.name + ".svg"))
        }
        removeOthers(folder.figures, figures.map { $0.name + ".svg" })
        let tables = report.tables
        for table in tables {
            try folder.write(table.text, to: folder.url.appending(path: table.name))
        }
        if tables.isEmpty {
            for name in ["trials.csv", "runs.csv"] {
                FileManager.default.discard(folder.url.appending(path: name))
            }
        }
        // A format that the recipe no longer asks for would show an earlier state.
        for form in ReportSettings.Form.allCases
        where forms == nil && !plan.report.formats.contains(form) {
            FileManager.default.discard(folder.report(form))
        }
        return try (forms ?? plan.report.formats).map { form in
            let file = folder.report(form)
            try folder.write(text(notebook, form, plan.report), to: file)
            return file
        }
    }

    /// A report in one form, in the house's style where there is one.
    package static func text(
        _ notebook: Notebook, _ form: ReportSettings.Form, _ settings: ReportSettings
    ) throws
        -> String
    {
        let template = settings.templates[form.rawValue]
        switch form {
        case .markdown:
            return try template.map {
                try HouseStyle.render($0, notebook) { MarkdownForm().text($0) }
            }
                ?? MarkdownForm().text(notebook)
        case .html:
            return try template.map { try HouseStyle.render($0, notebook) { HTMLForm().text($0) } }
                ?? HTMLForm().text(notebook)
        case .notebook: return try NotebookForm().text(notebook)
        }
    }

    /// Figures of an earlier report that this one does not have.
    private static func removeOthers(_ folder: URL, _ names: [String]) {
        for name in FileManager.default.names(in: folder)
        where name.hasSuffix(".svg") && !names.contains(name) {
            FileManager.default.discard(folder.appending(path: name))
        }
    }
}

extension Notebook {
    /// All that is drawn.
    package var figures: [Figure] {
        func figures(_ block: Block) -> [Figure] {
            switch block {
            case .figure(let figure): [figure]
            case .computed(let block, _, _): figures(block)
            case .folded(_, let blocks): blocks.flatMap(figures)
            default: []
            }
        }
        return sections.flatMap(\.blocks).flatMap(figures)
    }
}
