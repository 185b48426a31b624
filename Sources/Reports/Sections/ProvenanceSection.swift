import RunStore
import Studies

extension StudyReport {
    /// Who made the runs, where, with what, and what it took.
    var provenance: Notebook.Section? {
        guard !facts.runs.isEmpty else { return nil }
        let all = facts.runs.map(\.summary.provenance)
        func distinct(_ text: (Provenance) -> String) -> Words {
            var seen: Set<String> = []
            let texts = all.map(text).filter { !$0.isEmpty && seen.insert($0).inserted }
            guard !texts.isEmpty else { return "–" }
            let shown = texts.prefix(8).map { "\(code: $0)" as Words }.joined(by: ", ")
            return texts.count > 8 ? shown + " and \(texts.count - 8) more" : shown
        }
        var rows: [[Words]] = [
            ["program", distinct { $0.program }],
            ["built with", "\(distinct { $0.compiler }), HDF5 \(distinct { $0.hdf5 })"],
            [
                "commit",
                distinct {
                    $0.commit.isEmpty
                        ? ""
                        : $0.commit + ($0.dirty ? " (dirty: with uncommitted changes)" : " (clean)")
                },
            ],
        ]
        if let trainer = plan.trainer.command {
            rows.append(["trainer", "\(code: trainer.command.joined(separator: " "))"])
            for file in trainer.files.prefix(20) {
                rows.append(["", "\(code: "\(file.path)  sha256 \(file.digest.prefix(16))…")"])
            }
            rows.append(["threads", distinct { "\($0.threads) a run" }])
            rows += observed(all)
        } else {
            rows += [
                ["numerics revision", distinct { String($0.numericsRevision) }],
                ["data", distinct { $0.data }],
                ["data digest", distinct { $0.dataDigest }],
                ["vectors, threads", distinct { "\($0.vectorWidth), \($0.threads) a run" }],
            ]
        }
        let outside = all.reduce(into: [String: String]()) {
            $0.merge($1.outsideFiles ?? [:]) { first, _ in first }
        }
        for (path, digest) in outside.sorted(by: { $0.key < $1.key }).prefix(20) {
            rows.append([
                "outside of the repository", "\(code: "\(path)  sha256 \(digest.prefix(16))…")",
            ])
        }
        rows += [["processor", distinct { $0.processor }], ["system", distinct { $0.system }]]
        rows += scheduled(all.compactMap(\.job))
        if let times = StudyTimes(facts.runs.map(\.summary)) {
            rows += [
                ["first start", "\(code: times.start.formatted(.iso8601))"],
                ["last end", "\(code: times.end.formatted(.iso8601))"],
                [
                    "wall time",
                    "\(StudyTimes.words(times.busy)) with a run at work, at most \(times.atOnce) at once",
                ],
                [
                    "work",
                    "\(StudyTimes.words(times.work)), summed over \(counted(facts.runs.count, "run"))",
                ],
            ]
        }
        let joules = all.compactMap(\.joules)
        if !joules.isEmpty {
            rows.append([
                "energy",
                "at most \(fixed(joules.reduce(0, +) / 3.6e6, 3)) kWh (of the processors, while \(counted(joules.count, "run")) worked; other programs on the machine count too)",
            ])
        }
        rows.append(["tries", tries(all)])
        return Notebook.Section(
            name: "provenance", heading: "How it was made",
            blocks: StudyReport.paragraphs(plan.report.discussion)
                + [.table(Notebook.Table(["", ""], numbers: [], rows: rows))])
    }

    /// What the command was seen to read.
    private func observed(_ all: [Provenance]) -> [[Words]] {
        let traces = all.map(\.trace)
        var seen: [(words: String, count: Int)] = []
        for trace in traces {
            let words = StudyReport.words(trace)
            if let place = seen.firstIndex(where: { $0.words == words }) {
                seen[place].count += 1
            } else {
                seen.append((words, 1))
            }
        }
        var rows: [[Words]] = seen.prefix(8).enumerated().map { place, group in
            [
                place == 0 ? "inputs" : "",
                seen.count == 1
                    ? Words(group.words) : "\(counted(group.count, "run")): \(group.words)",
            ]
        }
        if seen.count > 8 { rows.append(["", "and \(seen.count - 8) other sets of inputs"]) }
        let rewritten = traces.compactMap { $0 }.first { $0.rewrittenCount ?? 0 > 0 }
        if let rewritten, let names = rewritten.rewritten {
            let more = (rewritten.rewrittenCount ?? 0) - names.count
            rows.append([
                "read and rewritten",
                "\(names.map { "\(code: $0)" as Words }.joined(by: ", "))\(more > 0 ? " and \(more) more" : ""): not compared",
            ])
        }
        return rows
    }

    private static func words(_ trace: InputTrace?) -> String {
        guard let trace else { return "not observed, by an earlier program" }
        let files =
            "\(counted(trace.files, "file"))"
            + (trace.digest.isEmpty ? "" : ", digest \(trace.digest.prefix(16))…")
        return switch trace.extent {
        case .complete: "all files of the repository that were opened: \(files)"
        case .partial: "files of the repository that were opened: \(files); \(trace.reason)"
        case .named: "only the files that the recipe names: \(files); \(trace.reason)"
        case .off: "only the files that the recipe names (trace: false): \(files)"
        }
    }

    /// The jobs of a scheduler and their nodes, with the runs of each node.
    /// - Parameter jobs: of the runs, as `12_3 on n1`.
    private func scheduled(_ jobs: [String]) -> [[Words]] {
        guard !jobs.isEmpty else { return [] }
        let parts = jobs.map { $0.components(separatedBy: " on ") }
        let nodes = Dictionary(grouping: parts.filter { $0.count == 2 }, by: { $0[1] })
            .mapValues(\.count).sorted { $0.key < $1.key }
        // Of an array only the number that all its tasks share.
        let numbers = Set(parts.map { String($0[0].prefix { $0 != "_" }) })
        let sorted = numbers.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
        func listed(_ texts: [String]) -> Words {
            let shown = texts.prefix(20).map { "\(code: $0)" as Words }.joined(by: ", ")
            return texts.count > 20 ? shown + " and \(texts.count - 20) more" : shown
        }
        var rows: [[Words]] = [["jobs", listed(sorted)]]
        if !nodes.isEmpty {
            rows.append(["nodes", listed(nodes.map { "\($0.key) (\(counted($0.value, "run")))" })])
        }
        return rows
    }

    /// Which runs needed more than one, and why.
    private func tries(_ all: [Provenance]) -> Words {
        let several = all.filter { !$0.failures.isEmpty }
        guard !several.isEmpty else { return "one for each run" }
        let shown = several.prefix(10).map { run in
            "\(code: run.label): \(run.tries) (\(run.failures.joined(separator: "; ")))" as Words
        }.joined(by: ", ")
        return several.count > 10 ? shown + " and \(several.count - 10) more" : shown
    }

    /// Commands that repeat it, and the digests that say whether it was.
    var repeating: Notebook.Section {
        // The file is sorted by label; people read them in the order of the plan.
        let byID = Dictionary(DigestList(facts.stored, plan).lines.map { ($0.id, $0) }) { a, _ in a
        }
        let lines = plan.runs.compactMap { byID[$0.id] }
        let shown = lines.prefix(StudyReport.rowLimit).map { "\($0.digest)  \($0.id)  \($0.label)" }
        var blocks: [Notebook.Block] = [
            .command([recipeCommand("sweep"), recipeCommand("verify"), command("report")]),
            .paragraph(
                "\(code: "verify") trains the runs again and compares these content digests (SHA-256 over identity, best weights, histories, test results):"
            ),
            .listing(shown.joined(separator: "\n")),
        ]
        if lines.count > shown.count {
            blocks.append(
                .paragraph(
                    "The first \(shown.count) of \(lines.count); all are in \(link: "digests.txt", to: "digests.txt")."
                )
            )
        }
        return Notebook.Section(name: "repeat", heading: "How to repeat it", blocks: blocks)
    }

    private var intervalWords: String {
        switch (facts.range?.lower, facts.range?.upper) {
        case (nil, nil): "mean ± t(0.975, n − 1) · s / √n"
        case (_?, _?):
            "t(0.975, n − 1) · s / √n around the mean, on the logit scale of the metric's range, so that it stays there"
        default:
            "t(0.975, n − 1) · s / √n around the mean, on the logarithmic scale from the end of the metric's range, so that it stays there"
        }
    }

    /// What the numbers mean.
    var definitions: Notebook.Section {
        var texts: [Words] = [
            "\(strong: metric): its best over the \(plan.axis.plural) of a run, ties to the earlier \(plan.axis.rawValue); a trial's is the mean over its seeds, \(strong: "sd") or ± their sample standard deviation (n − 1); both with two digits of the spread between seeds. \(strong: "95 % interval"): \(intervalWords), with n seeds; of two seeds the range of their values. \(metric.contains("accuracy") || facts.hasTest ? "Accuracies are shares of 1. " : "")A run that diverges counts with its best \(plan.axis.rawValue) before that, if it has one; a trial has a rank if each of its seeds has a value."
        ]
        if !facts.contrasts.isEmpty {
            texts.append(
                "\(strong: "to the best"), \(strong: "p"): mean difference to the best trial over the seeds both have, and the two-sided paired t-test of it, corrected by Holm's method for \(counted(facts.contrasts.count, "comparison")). The best is chosen by the same numbers, which makes small p too optimistic. \(strong: "±") after a difference is half its 95 % interval."
            )
        }
        if facts.chanceOfBest != nil {
            texts.append(
                "\(strong: "Stays the best"): the share of bootstrap samples (seeds drawn anew with replacement, the same for all trials where all have the same seeds; random numbers from a fixed seed) in which its mean is the best."
            )
        }
        if !facts.effects.isEmpty {
            texts.append(
                "\(strong: "Means by key"): over the settings of all other keys that were run at every level, with their number; the interval is over the seeds that have all of them (mean of each seed, t as above)."
            )
        }
        if !facts.keyTests.isEmpty {
            texts.append(
                "\(strong: "By all runs at once"): a linear model of all swept keys and the seed; F test of each key's main effect (type II), corrected by Holm's method."
            )
        }
        if facts.importance != nil {
            texts.append(
                "\(strong: "Importance"): how much the distribution of a key's values among the best trials differs from that among all (PED-ANOVA; Watanabe, Bansal and Hutter 2023), as shares of 1. \(strong: "Share of variance"): of the sum of squares of all runs (η², from the same linear model)."
            )
        }
        if facts.hasTest {
            texts.append(
                "\(strong: "test_accuracy"): with the weights of the best epoch, on clips that were used neither for training nor for choosing the epoch."
            )
        }
        texts.append(
            "\(strong: "best \(plan.axis.rawValue)") of a trial: the median over its seeds (lowest…highest)."
        )
        return Notebook.Section(
            name: "definitions", heading: nil, blocks: texts.map { .paragraph($0) })
    }
}
