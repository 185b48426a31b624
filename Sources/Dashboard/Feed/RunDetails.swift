import Foundation
import Reports
import RunStore
import Studies

/// All that is known of one run, but its weights.
struct RunDetails {
    private let plan: Plan
    private let status: RunStatus
    private let folder: StudyFolder
    private let stale: String?

    init(_ plan: Plan, _ status: RunStatus, _ folder: StudyFolder, stale: String?) {
        (self.plan, self.status, self.folder, self.stale) = (plan, status, folder, stale)
    }

    var json: [UInt8] {
        var text = JSONText()
        text.object { members in
            members.string("id", status.run.id)
            members.number("number", status.run.number)
            members.string("label", status.run.label)
            members.string("state", status.state.kind.rawValue)
            members.string("stale", stale)
            switch status.state {
            case .completed: completed(&members)
            case .running(let running): write(running.progress, &members)
            case .planned(let stopped): if let stopped { write(stopped, &members) }
            case .failed(.damaged(let reason)): members.string("reason", reason)
            case .failed(.recorded(let failure)):
                members.string("reason", failure.reason)
                members.string("output", failure.output)
                members.list("tries", failure.tries ?? []) { $0.string($1) }
            }
        }
        return text.bytes
    }

    private func write(_ progress: RunProgress, _ members: inout JSONText.Members) {
        let names = Set(progress.values.values.flatMap(\.keys)).sorted()
        members.list("histories", names) { text, name in
            history(
                name, progress.history(name), progress.axis == .step ? progress.rows : nil, &text)
        }
        members.number("attempt", progress.attempt)
        members.string("started", progress.started)
        members.list("tries", progress.failures) { $0.string($1) }
        members.list("settings", status.run.setting.map { ($0.key, $0.value) }) { text, pair in
            setting(pair.0, pair.1.label, isDefault: false, &text)
        }
    }

    private func completed(_ members: inout JSONText.Members) {
        let file = folder.runFile(status.run.id)
        let record: RunFileContents
        do { record = try RunFile.read(file) } catch {
            return members.string("reason", "\(error)")
        }
        members.string("digest", record.contentDigest)
        members.string("file", "\(folder.url.lastPathComponent)/runs/\(file.lastPathComponent)")
        members.string("outcome", record.outcome.rawValue)
        members.number("best", record.best?.value)
        members.number("bestEpoch", record.best?.number)
        let steps = record.steps
        let histories = record.histories.filter { steps == nil || $0.name != MetricAxis.steps }
        members.list("histories", histories) { text, found in
            history(found.name, found.values, steps, &text)
        }
        members.list("settings", record.configuration.sorted { $0.key < $1.key }) { text, pair in
            let isChanged = record.identity.settings[pair.key] != nil || isSwept(pair.key)
            setting(pair.key, pair.value.label, isDefault: !isChanged, &text)
        }
        members.list("provenance", provenance(record)) { text, pair in
            text.list([pair.0, pair.1]) { $0.string($1) }
        }
        members.list("tries", record.provenance.failures) { $0.string($1) }
        members.string("output", record.output)
        if let test = record.test {
            members.number("testAccuracy", test.accuracy)
            members.number("testLoss", test.loss)
        }
        members.list("figures", Notebook.Figure.all(of: record)) { text, figure in
            text.object { members in
                members.string("name", figure.name)
                members.string("caption", figure.caption.plain)
            }
        }
    }

    /// One of the figures of a stored run; nil if there is none of that name.
    func figure(_ name: String) -> Notebook.Figure? {
        // The details say why a file can't be read.
        guard let record = try? RunFile.read(folder.runFile(status.run.id)) else { return nil }
        return Notebook.Figure.all(of: record).first { $0.name == name }
    }

    private func isSwept(_ key: String) -> Bool { plan.axes.contains(key) }

    private func history(
        _ name: String, _ values: [Double], _ steps: [Int]?, _ text: inout JSONText
    ) {
        let points = Curves.thinned(values, at: steps, columns: 1000)
        text.object { members in
            members.string("name", name)
            members.list("x", points) { $0.number($1.epoch) }
            members.list("y", points) { $0.number($1.value) }
            members.number("last", values.last)
            members.number("low", values.filter(\.isFinite).min())
            members.number("high", values.filter(\.isFinite).max())
        }
    }

    private func setting(
        _ key: String, _ value: String, isDefault: Bool, _ text: inout JSONText
    ) {
        text.object { members in
            members.string("key", key)
            members.string("value", value)
            members.bool("isDefault", isDefault)
        }
    }

    private func provenance(_ record: RunFileContents) -> [(String, String)] {
        let found = record.provenance
        let commit =
            found.commit.isEmpty ? "" : found.commit + (found.dirty ? ", with changes" : "")
        return [
            ("recipe", found.recipe), ("program", found.program), ("commit", commit),
            ("command", found.command.joined(separator: " ")), ("data", found.data),
            (
                "inputs",
                found.trace.map { "\($0.files) files, digest \($0.digest.prefix(16))" } ?? ""
            ),
            ("processor", found.processor), ("system", found.system), ("node", found.host),
            ("job", found.job ?? ""), ("started", found.started),
            ("seconds", String(format: "%.1f", found.seconds)),
        ].filter { !$0.1.isEmpty }
    }
}
