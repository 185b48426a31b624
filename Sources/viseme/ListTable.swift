import Dashboard
import Foundation
import Reports
import RunStore

/// Studies in words, one a line.
enum ListTable {
    static func text(_ studies: [StudySummary]) -> String {
        let columns: [FittedTable.Column] = [
            .init("study", cut: .whereDistinct), .init("stored", isNumber: true), .init("state"),
            .init("best so far", cut: .freely, dropOrder: 1), .init("mean", isNumber: true),
            .init("last change", dropOrder: 0),
        ]
        let rows = studies.map { study in
            [
                study.id.replacing("~", with: "/"),
                "\(study.counts[.completed] ?? 0)/\(study.runs)", state(study),
                study.best?.label ?? "–",
                study.best.map { short($0.mean) } ?? "–",
                study.changed.map(date) ?? "–",
            ]
        }
        return FittedTable(columns, rows).text(room: Terminal.columns) { row, _, text in
            row == nil ? Terminal.styled(text, .bold) : text
        }
    }

    private static func state(_ study: StudySummary) -> String {
        if !study.problem.isEmpty { return "unreadable" }
        let failed = study.counts[.failed] ?? 0
        if study.isWorking { return "\(study.counts[.running] ?? 0) running" }
        if failed > 0 { return "\(failed) failed" }
        return study.counts[.completed] == study.runs ? "done" : "incomplete"
    }

    private static func date(_ seconds: Double) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: .current).year().month().day()
            .dateTimeSeparator(.space).time(includingFractionalSeconds: false)
        return String(Date(timeIntervalSince1970: seconds).formatted(style).prefix(16))
    }
}
