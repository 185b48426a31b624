import Foundation
import RunStore
import Studies

/// Two studies side by side: what differs in their settings, and how the settings both have fared.
package struct ComparisonReport {
    private let a, b: StudyFacts
    /// As the person named them.
    private let names: (String, String)

    package init(
        _ first: (name: String, plan: Plan, stored: StudyResults),
        _ second: (name: String, plan: Plan, stored: StudyResults)
    ) {
        a = StudyFacts(first.plan, first.stored, failures: [], readRun: { _ in nil })
        b = StudyFacts(second.plan, second.stored, failures: [], readRun: { _ in nil })
        names = (first.name, second.name)
    }

    /// A and B in what follows.
    package var notebook: Notebook {
        Notebook(
            title: "\(a.plan.name) and \(b.plan.name)", subtitle: nil,
            sections: [summary, settings, trials, definitions].compactMap { $0 })
    }

    private var metric: String { a.metric }
    private func value(_ number: Double?) -> String { number.map { StudyReport.value($0) } ?? "–" }

    /// Settings that both have, with the seeds of both.
    private var common: [(a: TrialSummary, b: TrialSummary)] {
        let others = Dictionary(b.trials.map { ($0.label, $0) }) { first, _ in first }
        return a.trials.compactMap { trial in others[trial.label].map { (trial, $0) } }
    }

    private func partial(_ letter: String, _ facts: StudyFacts) -> String {
        facts.missing == 0
            ? ""
            : " \(letter) is partial: \(facts.runs.count) of \(facts.plan.runs.count) runs are stored."
    }

    private var summary: Notebook.Section {
        var blocks: [Notebook.Block] = [
            .paragraph(
                "A is \(code: names.0), \(counted(a.runs.count, "run")); B is \(code: names.1), \(counted(b.runs.count, "run")).\(partial("A", a))\(partial("B", b))"
            )
        ]
        if a.plan.metric != b.plan.metric {
            blocks.append(
                .paragraph(
                    "Their metrics differ: A by \(code: a.metric) (\(a.plan.metric.goal.rawValue)), B by \(code: b.metric) (\(b.plan.metric.goal.rawValue)): the numbers below are not tested against each other."
                ))
        }
        for (letter, facts) in [("A", a), ("B", b)] {
            guard let leader = facts.leader else {
                blocks.append(.paragraph("\(letter) has no value of \(code: facts.metric) yet."))
                continue
            }
            let spread = Statistics.standardDeviation(leader.values).map { " ± \(value($0))" } ?? ""
            blocks.append(
                .paragraph(
                    "Best of \(letter): \(strongCode: leader.name) with \(value(leader.mean))\(spread) over \(counted(leader.values.count, "seed"))."
                ))
        }
        let shared = Set(a.runs.map(\.run.id)).intersection(b.runs.map(\.run.id))
        let equal = shared.count {
            a.stored.runs[$0]?.contentDigest == b.stored.runs[$0]?.contentDigest
        }
        if !shared.isEmpty {
            blocks.append(
                .paragraph(
                    "\(counted(shared.count, "run")) of one identity are in both; \(equal) of them have the same content, to the bit."
                ))
        }
        return Notebook.Section(name: "answer", heading: nil, blocks: blocks)
    }

    /// What all runs of each share, where it differs.
    private var settings: Notebook.Section {
        let (x, y) = (shared(a.plan), shared(b.plan))
        let keys = Set(x.keys).union(y.keys).filter { x[$0]?.json != y[$0]?.json }.sorted()
        var rows: [[Words]] = keys.map { key in
            let text = { (values: [String: Value], plan: Plan) -> Words in
                if plan.axes.contains(key) { return "swept" }
                return values[key].map { "\(code: $0.label)" } ?? "–"
            }
            return ["\(code: key)", text(x, a.plan), text(y, b.plan)]
        }
        let data = (Set(a.plan.runs.map(\.data.digest)), Set(b.plan.runs.map(\.data.digest)))
        if data.0 != data.1 {
            rows.append(["data", "\(code: digests(data.0))", "\(code: digests(data.1))"])
        }
        if a.plan.numerics != b.plan.numerics {
            rows.append(["numerics revision", "\(a.plan.numerics)", "\(b.plan.numerics)"])
        }
        let blocks: [Notebook.Block] =
            rows.isEmpty
            ? [.paragraph("None that all runs share.")]
            : [.table(Notebook.Table(["key", "A", "B"], numbers: [], rows: rows))]
        return Notebook.Section(name: "settings", heading: "Settings that differ", blocks: blocks)
    }

    private func shared(_ plan: Plan) -> [String: Value] {
        plan.settings.filter { !plan.axes.contains($0.key) }
    }

    private func digests(_ all: Set<String>) -> String {
        all.sorted().map { String($0.prefix(12)) }.prefix(3).joined(separator: ", ")
    }

    private var trials: Notebook.Section {
        let tests = common.map { pair -> Statistics.PairedTest? in
            guard a.plan.metric == b.plan.metric else { return nil }
            let (own, other) = pair.b.paired(with: pair.a)
            return Statistics.pairedTest(own, other)
        }
        let adjusted = Statistics.holm(tests.compactMap { $0?.p })
        var next = adjusted.makeIterator()
        let rows = zip(common, tests).map { pair, test -> [Words] in
            let p = test == nil ? nil : next.next()
            let (own, other) = pair.b.paired(with: pair.a)
            let isComparable = a.plan.metric == b.plan.metric
            let difference = isComparable ? Statistics.mean(zip(own, other).map { $0 - $1 }) : nil
            let half = test.map { " ± \(value($0.half))" } ?? ""
            return [
                "\(code: pair.a.name)", "\(value(pair.a.mean))",
                "\(value(pair.b.mean))",
                "\(value(difference))\(half)",
                "\(p.map { $0 < 0.0001 ? "< 0.0001" : value($0) } ?? "–")",
                "\(own.count)",
            ]
        }
        let blocks: [Notebook.Block] =
            rows.isEmpty
            ? [.paragraph("They have no setting in common, by its label.")]
            : [
                .table(
                    Notebook.Table(
                        ["trial", "A", "B", "B − A", "p", "common seeds"],
                        numbers: [1, 2, 3, 4, 5],
                        rows: Array(rows.prefix(StudyReport.rowLimit))))
            ]
        let cut: [Notebook.Block] =
            rows.count > StudyReport.rowLimit
            ? [.paragraph("And \(rows.count - StudyReport.rowLimit) more.")] : []
        return Notebook.Section(
            name: "trials", heading: "Settings that both have", blocks: blocks + cut)
    }

    private var definitions: Notebook.Section {
        Notebook.Section(
            name: "definitions", heading: nil,
            blocks: [
                .paragraph(
                    "A and B: mean \(code: metric) over the seeds, at the best epoch of each run. B − A: mean difference over the seeds both have, ± half its 95 % interval (t distribution); p: two-sided paired t-test, corrected by Holm's method."
                )
            ])
    }
}
