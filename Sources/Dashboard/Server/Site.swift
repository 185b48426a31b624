import Foundation
import Reports
import RunStore
import Studies

/// What the server answers.
actor Site {
    private let catalogue: StudyCatalogue
    private let access: Access
    private let allowsNotes: Bool
    private let hub = EventHub()
    /// Of this start of the program: revisions begin anew with each.
    private let boot = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    private var feeds: [String: (feed: StudyFeed, used: Date)] = [:]
    private var summaries: [String: Known] = [:]
    private var listRevision = 0
    private var sent: [UInt8] = []

    /// A study that nobody looks at is dropped from memory.
    private static let keptFor = 600.0
    private static let feedLimit = 8

    init(_ catalogue: StudyCatalogue, _ access: Access, allowsNotes: Bool) {
        (self.catalogue, self.access, self.allowsNotes) = (catalogue, access, allowsNotes)
    }

    // MARK: Following

    /// Looks for changes four times a second, and says so to open pages.
    func follow() async {
        var round = 0
        while !Task.isCancelled {
            if round % 8 == 0 { await look() }
            if round % 60 == 59 { hub.beat() }
            round += 1
            await announce()
            do { try await Task.sleep(for: .milliseconds(250)) } catch { break }
        }
        hub.end()
    }

    private func announce() async {
        var text = JSONText()
        let all = feeds.sorted { $0.key < $1.key }.map(\.value.feed)
        var revisions: [(String, Int)] = []
        for feed in all {
            await feed.refresh()
            revisions.append((feed.id, await feed.revision))
        }
        text.object { members in
            members.string("boot", boot)
            members.number("list", listRevision)
            members.member("studies") { text in
                text.object { studies in
                    for (id, revision) in revisions { studies.number(id, revision) }
                }
            }
        }
        guard text.bytes != sent else { return }
        sent = text.bytes
        hub.send(text.bytes)
    }

    /// The studies that are there, each read again only if it has changed, and not all the time.
    private func look() async {
        let entries = catalogue.entries()
        let ids = Set(entries.map(\.id))
        if ids != Set(summaries.keys) { listRevision += 1 }
        summaries = summaries.filter { ids.contains($0.key) }
        for entry in entries {
            let stamp = FolderStamp(entry.folder)
            let known = summaries[entry.id]
            if let known {
                let isSame = known.stamp == stamp && !known.summary.isWorking
                if isSame || Date() < known.next { continue }
            }
            let start = Date()
            let summary: StudySummary
            if let feed = feeds[entry.id]?.feed {
                summary = await feed.summary
            } else {
                summary = await Task.detached { StudySummary(entry) }.value
            }
            if known?.summary.line != summary.line { listRevision += 1 }
            summaries[entry.id] = Known(
                stamp: stamp, summary: summary,
                next: Date() + 20 * Date().timeIntervalSince(start))
        }
        let now = Date()
        feeds = feeds.filter { id, kept in
            summaries[id] != nil && now.timeIntervalSince(kept.used) < Site.keptFor
        }
    }

    private struct Known {
        var stamp: FolderStamp
        var summary: StudySummary
        /// When it may be read again.
        var next: Date
    }

    private func feed(_ id: String) -> StudyFeed? {
        if let kept = feeds[id] {
            feeds[id]?.used = Date()
            return kept.feed
        }
        guard let entry = catalogue.entries().first(where: { $0.id == id }),
            // The list says why a study can't be read.
            let feed = try? StudyFeed(entry)
        else { return nil }
        if feeds.count >= Site.feedLimit,
            let oldest = feeds.min(by: { $0.value.used < $1.value.used })
        {
            feeds[oldest.key] = nil
        }
        feeds[id] = (feed, Date())
        return feed
    }

    // MARK: Answers

    nonisolated func answer(_ request: HTTPRequest) async -> HTTPReply {
        if let reply = access.reply(to: request) { return reply }
        return await permitted(request)
    }

    private func permitted(_ request: HTTPRequest) async -> HTTPReply {
        if request.method == .post { return await change(request) }
        let path = request.path
        switch path.first {
        case nil: return page(title: "Studies")
        case "page.js" where path.count == 1:
            return HTTPReply(.ok, "text/javascript; charset=utf-8", PageFiles.script)
        case "page.css" where path.count == 1:
            return HTTPReply(.ok, "text/css; charset=utf-8", PageFiles.style)
        case "favicon.ico" where path.count == 1:
            return HTTPReply(.ok, "image/svg+xml", Array(PageShell.icon.utf8))
        case "events" where path.count == 1: return HTTPReply(stream: hub.stream())
        case "plain" where path.count == 1:
            if summaries.isEmpty { await look() }
            return StaticPage.reply(list: ordered)
        case "s" where path.count == 2:
            // The page asks for the study when it runs; one that is not there it says itself.
            return page(title: path[1])
        case "s" where path.count == 3 && path[2] == "plain":
            guard let feed = feed(path[1]) else { return .plain(.notFound) }
            return StaticPage.reply(await feed.plainPage())
        case "api": return await data(Array(path.dropFirst()), request.query)
        default: return .plain(.notFound)
        }
    }

    private var ordered: [StudySummary] {
        summaries.values.map(\.summary).sorted {
            ($0.changed ?? 0, $1.id) > ($1.changed ?? 0, $0.id)
        }
    }

    private func page(title: String) -> HTTPReply {
        PageShell.reply(title: title, notesToken: allowsNotes ? access.notesToken : nil)
    }

    private func data(_ path: [String], _ query: [String: String]) async -> HTTPReply {
        if path == ["studies"] {
            await look()
            var text = JSONText()
            text.object { members in
                members.string("boot", boot)
                members.number("revision", listRevision)
                members.list("studies", ordered) { $1.write(&$0) }
            }
            return json(text.bytes)
        }
        guard path.count >= 2, path[0] == "s", let feed = feed(path[1]) else {
            return .plain(.notFound, "there is no such study")
        }
        switch Array(path.dropFirst(2)) {
        case []:
            await feed.refresh()
            let since = query["boot"] == boot ? query["since"].flatMap { Int($0) } : nil
            var text = JSONText()
            text.raw("{\"boot\":")
            text.string(boot)
            text.raw(",\"study\":")
            text.raw(await feed.snapshot(since: since))
            text.raw("}")
            return json(text.bytes)
        case ["curves"]:
            let trials = (query["trials"] ?? "").split(separator: ",").compactMap { Int($0) }
            let columns = min(max(query["columns"].flatMap { Int($0) } ?? 600, 10), 4000)
            return json(
                await feed.curves(
                    query["metric"] ?? "", Array(trials.prefix(200)), columns: columns,
                    withTime: query["time"] == "1"))
        case ["figures"]:
            var text = JSONText()
            text.list(await feed.figures()) { text, figure in
                text.object { members in
                    members.string("name", figure.name)
                    members.string("caption", figure.caption.plain)
                }
            }
            return json(text.bytes)
        case ["save"]:
            return HTTPReply(
                .ok, "text/html; charset=utf-8", await SavedPage.text(of: feed),
                headers: [
                    (
                        "Content-Disposition",
                        "attachment; filename=\"\(SavedPage.fileName(feed.id))\""
                    )
                ])
        case let rest where rest.count == 2 && rest[0] == "figure":
            let figure = await feed.figures().first { $0.name == rest[1] }
            return Site.picture(figure, isNarrow: query["narrow"] == "1")
        case let rest where rest.count == 2 && rest[0] == "run":
            guard let details = await feed.details(rest[1]) else { return .plain(.notFound) }
            return json(details)
        case let rest where rest.count == 4 && rest[0] == "run" && rest[2] == "figure":
            let figure = await feed.figure(rest[3], of: rest[1])
            return Site.picture(figure, isNarrow: query["narrow"] == "1")
        default: return .plain(.notFound)
        }
    }

    private func json(_ bytes: [UInt8]) -> HTTPReply {
        HTTPReply(.ok, "application/json", bytes)
    }

    private static func picture(_ figure: Notebook.Figure?, isNarrow: Bool) -> HTTPReply {
        guard let figure else { return .plain(.notFound) }
        return HTTPReply(
            .ok, "image/svg+xml", Array((isNarrow ? figure.narrowSVG : figure.svg).utf8),
            headers: [
                (
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
                )
            ])
    }

    // MARK: Notes

    private struct Change: Decodable {
        var run: String
        var text: String?
        var tags: [String]?
        var star, hidden: Bool?
    }

    /// The one request that writes.
    private func change(_ request: HTTPRequest) async -> HTTPReply {
        let path = request.path
        guard path.count == 4, path[0] == "api", path[1] == "s", path[3] == "notes" else {
            return .plain(.notFound)
        }
        guard allowsNotes else {
            return .plain(.forbidden, "notes are not allowed: start with --allow-notes")
        }
        guard let token = request.headers["x-viseme-notes"],
            Access.isSame(token, access.notesToken), request.headers["origin"] != nil
        else { return .plain(.forbidden, "the request is not one of this page") }
        guard let feed = feed(path[2]) else { return .plain(.notFound) }
        do {
            let change = try JSONDecoder().decode(Change.self, from: Data(request.body))
            guard await feed.plan.runs.contains(where: { $0.id == change.run }) else {
                return .plain(.notFound, "the plan has no such run")
            }
            try change.tags?.forEach(WrongTag.check)
            try StudyNotes.change(change.run, in: feed.folder) { note in
                if let text = change.text { note.text = String(text.prefix(StudyNotes.textLimit)) }
                if let tags = change.tags { note.tags = tags }
                if let star = change.star { note.isStarred = star }
                if let hidden = change.hidden { note.isHidden = hidden }
            }
            await feed.refresh(isUrgent: true)
            return json(Array("{}".utf8))
        } catch let error as DecodingError {
            return .plain(.badRequest, "\(error)")
        } catch let error as WrongTag {
            return .plain(.badRequest, "\(error)")
        } catch { return .plain(.internalError, "\(error)") }
    }
}
