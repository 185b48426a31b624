import Foundation
import RunStore

/// Pages without script: the list of studies, and the report of one.
enum StaticPage {
    /// - Parameter report: a page of the report.
    static func reply(_ report: String) -> HTTPReply {
        let nonce = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let text = report.replacing("<style>", with: "<style nonce=\"\(nonce)\">")
            .replacing("<main>", with: "<main><p><a href=\"/plain\">All studies</a></p>")
        return HTTPReply(
            .ok, "text/html; charset=utf-8", Array(text.utf8),
            headers: [
                (
                    "Content-Security-Policy",
                    "default-src 'none'; img-src 'self' data:; style-src 'self' 'nonce-\(nonce)'"
                )
            ])
    }

    static func reply(list: [StudySummary]) -> HTTPReply {
        let rows = list.map { study in
            let count = { (kind: RunStatus.Kind) in study.counts[kind] ?? 0 }
            let best = study.best.map {
                "\(PageShell.escaped($0.label)) (\(PageShell.escaped(study.metric?.name ?? "")) \(String(format: "%.4g", $0.mean)))"
            }
            return
                "<tr><td><a href=\"/s/\(Access.escaped(study.id))/plain\">\(PageShell.escaped(study.name))</a></td>"
                + "<td>\(count(.completed)) of \(study.runs)</td><td>\(count(.running))</td><td>\(count(.failed))</td>"
                + "<td>\(best ?? PageShell.escaped(study.problem))</td></tr>"
        }
        let text = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Studies · Viseme</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <link rel="stylesheet" href="/page.css"></head>
            <body><main class="static"><h1>Studies</h1>
            <table><thead><tr><th>study</th><th>runs stored</th><th>running</th><th>failed</th><th>best so far</th></tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></main></body></html>

            """
        return HTTPReply(
            .ok, "text/html; charset=utf-8", Array(text.utf8),
            headers: [
                ("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:")
            ])
    }
}
