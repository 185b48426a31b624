import Digests
import Foundation
import Reports
import RunStore
import Studies

/// A study as one HTML file that still sorts, filters and hovers, and asks for nothing.
package enum SavedPage {
    /// More trials than this have no curves in the file: it says so.
    static let curveLimit = 200
    /// More runs than this have no page of their own.
    static let detailLimit = 200
    private static let columns = 300

    package static func fileName(_ id: String) -> String {
        String(
            id.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_.".contains($0) ? $0 : "_" })
            + ".html"
    }

    /// - Throws: `StoreError` if the study can't be read.
    package static func text(of entry: StudyCatalogue.Entry) async throws -> [UInt8] {
        await text(of: try StudyFeed(entry))
    }

    static func text(of feed: StudyFeed) async -> [UInt8] {
        let script = PageFiles.script
        let style = PageFiles.style
        func source(_ bytes: [UInt8]) -> String {
            "'sha256-\(Data(SHA256.hash(bytes)).base64EncodedString())'"
        }
        let policy =
            "default-src 'none'; script-src \(source(script)); style-src \(source(style)); img-src data:"
        let head =
            "<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\">"
            + "<style>\(String(decoding: style, as: UTF8.self))</style>"
        var data = JSONText()
        await write(feed, &data)
        // The script comes last: it finds the page and its data.
        let page = PageShell.page(
            title: await feed.plan.name, head: head,
            body: "<script type=\"application/json\" id=\"saved\">"
                + String(decoding: data.bytes, as: UTF8.self) + "</script>\n<script>"
                + String(decoding: script, as: UTF8.self) + "</script>")
        return Array(page.utf8)
    }

    /// What the page would ask a server for.
    private static func write(_ feed: StudyFeed, _ text: inout JSONText) async {
        let snapshot = await feed.snapshot()
        let (plan, status) = (await feed.plan, await feed.status)
        let trials = await feed.ranked.prefix(curveLimit).map { $0 + 1 }
        var curves: [(String, [UInt8])] = []
        for metric in await feed.metricNames {
            curves.append(
                (metric, await feed.curves(metric, trials, columns: columns, withTime: true)))
        }
        let figures = await feed.figures()
        var runs: [(String, [UInt8])] = []
        for run in status.runs.prefix(detailLimit) {
            guard let details = await feed.details(run.run.id) else { continue }
            runs.append((run.run.id, details))
        }
        text.object { saved in
            saved.string("time", Date().formatted(.iso8601))
            saved.number("trialsWithCurves", min(trials.count, curveLimit))
            saved.number("runsWithDetails", runs.count)
            saved.number("runCount", plan.runs.count)
            saved.member("study") { $0.raw(snapshot) }
            saved.member("curves") { text in
                text.object { members in
                    for (metric, json) in curves { members.member(metric) { $0.raw(json) } }
                }
            }
            saved.list("figures", figures) { text, figure in
                text.object { members in
                    members.string("name", figure.name)
                    members.string("caption", figure.caption.plain)
                    members.string("svg", figure.svg)
                }
            }
            saved.member("runs") { text in
                text.object { members in
                    for (id, json) in runs { members.member(id) { $0.raw(json) } }
                }
            }
        }
    }
}
