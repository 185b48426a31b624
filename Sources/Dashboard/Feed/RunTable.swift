import Foundation
import Reports
import RunStore
import Studies

/// The runs of a study as rows of JSON.
struct RunTable {
    private let plan: Plan
    /// Swept keys with more than one value, the seed too.
    private let keys: [String]

    /// What the places of a row mean; the values of the keys follow.
    static let columns = [
        "number", "id", "trial", "state", "epoch", "epochs", "best", "bestEpoch", "last", "seconds",
        "endsAt", "spark", "reason", "output", "stale", "diverged", "test", "tags", "note", "star",
        "hidden",
    ]
    private static let sparkWidth = 16

    init(_ plan: Plan) {
        self.plan = plan
        keys = plan.axes.filter { key in
            Set(plan.runs.map { $0.setting[key] }).count > 1
        }
    }

    /// What does not change while runs do.
    func write(_ study: inout JSONText.Members, id: String) {
        study.string("id", id)
        study.string("name", plan.name)
        study.string("question", plan.question)
        study.string("metric", plan.metric.name)
        study.string("goal", plan.metric.goal.rawValue)
        study.string("axis", plan.axis.rawValue)
        study.list("columns", RunTable.columns) { $0.string($1) }
        study.list("keys", keys) { text, key in
            let values = plan.runs.compactMap { $0.setting[key] }
            text.object { member in
                member.string("name", key)
                member.bool("isNumber", values.allSatisfy { $0.double != nil })
            }
        }
    }

    func row(_ status: RunStatus, _ note: StudyNotes.Note, _ stale: String?) -> [UInt8] {
        let run = status.run
        var row = Row()
        func take(_ progress: RunProgress) {
            let history = progress.history(plan.metric.name)
            (row.epoch, row.epochs) = (progress.epoch, progress.epochs)
            let best = plan.metric.bestEpoch(
                of: history, steps: progress.axis == .step ? progress.rows : nil)
            (row.best, row.bestEpoch) = (best?.value, best?.number)
            row.last = progress.axis == .step ? history.last(where: \.isFinite) : history.last
            row.history = history
        }
        switch status.state {
        case .completed(let result):
            row.history = result.history(plan.metric.name)
            (row.best, row.bestEpoch) = (result.best?.value, result.best?.number)
            (row.epoch, row.epochs) = (result.last, result.last)
            row.last =
                result.axis == .step ? row.history.last(where: \.isFinite) : row.history.last
            row.seconds = result.seconds
            row.test = result.test?.accuracy
            row.isDiverged = result.outcome == .diverged
        case .running(let running):
            take(running.progress)
            row.endsAt = running.secondsLeft.map { (Date().timeIntervalSince1970 + $0).rounded() }
        case .failed(.recorded(let failure)):
            row.reason = failure.reason
            row.output = failure.output.split(whereSeparator: \.isNewline).suffix(8)
                .joined(separator: "\n")
        case .failed(.damaged(let reason)): row.reason = "its file is damaged: \(reason)"
        case .planned(let stopped): if let stopped { take(stopped) }
        }
        var text = JSONText()
        text.raw("[")
        text.number(run.number)
        func next(_ write: (inout JSONText) -> Void) {
            text.raw(",")
            write(&text)
        }
        next { $0.string(run.id) }
        next { $0.number(run.trial + 1) }
        next { $0.string(status.state.kind.rawValue) }
        next { $0.number(row.epoch) }
        next { $0.number(row.epochs) }
        next { $0.number(row.best) }
        next { $0.number(row.bestEpoch) }
        next { $0.number(row.last) }
        next { $0.number(row.seconds) }
        next { $0.number(row.endsAt) }
        next { $0.string(Sparkline.text(row.history, width: RunTable.sparkWidth)) }
        next { $0.string(row.reason) }
        next { $0.string(row.output) }
        next { $0.string(stale) }
        next { $0.bool(row.isDiverged) }
        next { $0.number(row.test) }
        next { $0.list(note.tags) { $0.string($1) } }
        next { $0.string(note.text) }
        next { $0.bool(note.isStarred) }
        next { $0.bool(note.isHidden) }
        for key in keys { next { value(run.setting[key], &$0) } }
        text.raw("]")
        return text.bytes
    }

    private struct Row {
        var epoch: Int?
        var epochs: Int?
        var best: Double?
        var bestEpoch: Int?
        var last: Double?
        var seconds: Double?
        var endsAt: Double?
        var history: [Double] = []
        var reason, output: String?
        var isDiverged = false
        var test: Double?
    }

    private func value(_ value: Value?, _ text: inout JSONText) {
        if let number = value?.double { return text.number(number) }
        text.string(value?.label)
    }
}
