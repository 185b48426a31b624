import RunStore
import Studies

extension StudyReport {
    /// The question, and the answer in three sentences: which setting is best, by how much, and
    /// whether the data supports it.
    var answer: Notebook.Section {
        var blocks: [Notebook.Block] = []
        if let question = plan.question { blocks.append(.quotation(Words(question))) }
        if facts.missing > 0 {
            blocks.append(
                .paragraph(
                    "\(strong: "Partial: \(facts.runs.count) of \(plan.runs.count) runs are stored"); the following is about those runs only."
                ))
        }
        if let stale { blocks.append(.paragraph(stale)) }
        blocks.append(.paragraph([best, lead, support, keys].compactMap { $0 }.joined(by: " ")))
        if let divergence { blocks.append(.paragraph(divergence)) }
        if let unfinished { blocks.append(.paragraph(unfinished)) }
        blocks += StudyReport.paragraphs(plan.report.introduction)
        return Notebook.Section(name: "answer", heading: nil, blocks: blocks)
    }

    /// That runs were trained from other files than lie there now.
    private var stale: Words? {
        let changes = facts.runs.compactMap { facts.inputs.stale[$0.run.id] }
        let kept = facts.runs.compactMap { run -> (String, String)? in
            guard case .accepted(let change, let reason)? = facts.inputs.standings[run.run.id]
            else { return nil }
            return (change, reason)
        }
        var parts: [Words] = []
        if let first = changes.first {
            parts.append(
                "\(strong: "Stale: \(changes.count) of \(counted(facts.runs.count, "stored run"))"): \(first). \(code: recipeCommand("sweep")) trains \(changes.count == 1 ? "it" : "them") again."
            )
        }
        if let first = kept.first {
            let reasons = Set(kept.map(\.1)).sorted().joined(separator: "; ")
            parts.append(
                "\(counted(kept.count, "run")) \(kept.count == 1 ? "is" : "are") kept although \(first.0): \(reasons)."
            )
        }
        return parts.isEmpty ? nil : parts.joined(by: " ")
    }

    /// The author's words, as text.
    static func paragraphs(_ text: String) -> [Notebook.Block] {
        text.replacing("\r\n", with: "\n").split(separator: /\n[ \t]*\n/).map {
            .paragraph(Words(String($0)))
        }
    }

    private var best: Words {
        guard let leader = facts.leader, let mean = leader.mean else {
            return facts.missing == 0 && !facts.runs.isEmpty
                ? "No run has a value of \(code: metric)."
                : "No stored run has a value of \(code: metric) yet."
        }
        let spread = Statistics.standardDeviation(leader.values).map { " ± \(value($0))" } ?? ""
        let range =
            switch Estimate(leader.values, in: facts.range) {
            case .unknown: ""
            case .range(let low, let high): " (range \(value(low)) … \(value(high)))"
            case .equal(let count) where count <= 5:
                " (all \(count) seeds have the same value, which does not show how far others move it)"
            case .equal: " (all seeds have the same value)"
            case .interval(let low, let high):
                " (95 % interval \(value(low)) … \(value(high)))"
            }
        let over = "\(range) over \(counted(leader.values.count, "seed"))"
        if facts.trials.count == 1 {
            return "\(code: metric) is \(strong: value(mean) + spread)\(over)."
        }
        return
            "Best by mean \(code: metric) (\(plan.metric.goal.rawValue)): \(strongCode: name(leader)) with \(strong: value(mean) + spread)\(over)."
    }

    /// The others that have all their seeds, best first: only they are compared.
    private var rivals: [TrialSummary] {
        facts.trials.filter { $0.trial != facts.leader?.trial && $0.mean != nil && $0.isComplete }
    }

    private var lead: Words? {
        guard let leader = facts.leader, let mean = leader.mean, let next = rivals.first,
            let other = next.mean
        else {
            return nil
        }
        let gap: Words =
            leader.isTied(with: next)
            ? equals(leader)
            : "The next, \(code: name(next)), reaches \(value(other))\(difference(mean, other))"
        guard let contrast = facts.contrasts[next.trial] else { return gap + "." }
        return gap
            + " (paired over \(counted(contrast.test.pairs, "common seed")): \(value(ahead(contrast))) ± \(value(contrast.test.half)), p = \(probability(contrast.p)))."
    }

    /// How far the leader is ahead over common seeds; negative if it is behind.
    private func ahead(_ contrast: StudyFacts.Contrast) -> Double {
        contrast.isForLeader ? abs(contrast.test.difference) : -abs(contrast.test.difference)
    }

    /// Others with the best mean.
    private func equals(_ leader: TrialSummary) -> Words {
        let equal = rivals.filter { leader.isTied(with: $0) }
        return equal.count == 1
            ? "\(code: name(equal[0])) has the same mean"
            : "\(equal.count) others have the same mean: \(names(equal))"
    }

    /// Nothing if it is larger than any number.
    private func difference(_ a: Double, _ b: Double) -> String {
        (a - b).isFinite ? ", a difference of \(value(abs(a - b)))" : ""
    }

    private var support: Words? {
        guard let leader = facts.leader, leader.mean != nil else { return nil }
        guard !rivals.isEmpty else {
            if facts.trials.count > 1 {
                return
                    "No other setting has a value for each of its seeds, so nothing can be compared."
            }
            return leader.values.count == 1
                ? "With one seed, the effect of the seed is unknown." : nil
        }
        guard rivals.contains(where: { facts.contrasts[$0.trial] != nil }) else {
            return leader.values.count < 2
                ? "With one seed each, it is unknown whether other seeds would reverse this order."
                : "Nothing can be tested: no other setting has two seeds in common with it whose differences vary."
        }
        let untested = rivals.filter { facts.contrasts[$0.trial] == nil }
        let close = rivals.filter { !facts.isSetApart($0) && facts.contrasts[$0.trial] != nil }
        let apart = rivals.filter { facts.isSetApart($0) }
        let significant = "(p < \(fixed(StudyFacts.significance, 2)), Holm-corrected)"
        var verdict: Words
        if close.isEmpty, apart.isEmpty {
            verdict = ""
        } else if close.isEmpty {
            verdict =
                rivals.count == 1
                ? "The difference is significant \(significant)"
                : "It is significantly better than \(untested.isEmpty ? "each" : "\(apart.count)") of the \(rivals.count) others \(significant)"
        } else if apart.isEmpty {
            verdict =
                close.count == 1
                ? "The difference to \(names(close)) is not significant"
                : "The differences to \(untested.isEmpty ? "the other \(close.count)" : "\(close.count)") settings are not significant: \(names(close))"
        } else {
            let rest: Words =
                close.count == 1
                ? "the difference to \(names(close)) is not significant"
                : "the differences to \(close.count) are not significant: \(names(close))"
            verdict =
                "It is significantly better than \(apart.count) of the \(rivals.count) others \(significant): \(names(apart)); \(rest)"
        }
        if !untested.isEmpty {
            verdict =
                verdict + (apart.isEmpty && close.isEmpty ? "" : "; ")
                + "\(untested.count == 1 ? "the difference" : "the differences") to \(names(untested)) could not be tested, since \(untested.count == 1 ? "it does" : "they do") not vary between seeds"
        }
        if let chance = facts.chanceOfBest {
            return verdict
                + "; in \(fixed(chance * 100, 1)) % of bootstrap samples of the seeds it is the best."
        }
        let fewest = ([leader] + rivals).map(\.values.count).min() ?? 0
        if close.count == rivals.count, rivals.count > 1, fewest < StudyFacts.seedsForChance {
            return
                "\(counted(fewest, "seed")) are too few to separate the settings in pairs (paired t-tests, Holm-corrected); with \(StudyFacts.seedsForChance) of each, the probability that this setting is the best can be estimated."
        }
        return verdict
            + "; \(counted(fewest, "seed")) are too few to estimate the probability that this setting is the best (\(StudyFacts.seedsForChance) of each setting are needed)."
    }

    /// The first few, best first.
    private func names(_ trials: [TrialSummary]) -> Words {
        let shown = trials.prefix(3).map { trial -> Words in
            let isAhead =
                facts.contrasts[trial.trial].map { !$0.isForLeader && $0.test.difference != 0 }
                ?? false
            return
                "\(code: name(trial))\(isAhead ? " (which is ahead over the seeds both have)" : "")"
        }.joined(by: ", ")
        return trials.count > 3 ? shown + " and \(trials.count - 3) more" : shown
    }

    /// What all runs together say where single settings can't be distinguished.
    private var keys: Words? {
        guard facts.trials.count > 2 else { return nil }
        let found = facts.keyTests.filter(\.isSignificant)
        guard !found.isEmpty else { return nil }
        let words = found.map { "\(code: $0.key) (\(statistic($0)))" as Words }.joined(by: ", ")
        return
            "By all runs at once, \(words) \(found.count == 1 ? "has a significant effect" : "have significant effects")."
    }

    /// What a mean hides: runs that diverged.
    private var divergence: Words? {
        let bad = facts.trials.filter { $0.diverged > 0 }
        guard !bad.isEmpty else { return nil }
        var sentences: [Words] = []
        if let leader = facts.leader, leader.diverged > 0 {
            sentences.append(
                "\(strong: "\(leader.diverged) of its \(counted(leader.planned, "run")) diverged"), and count with their best \(plan.axis.rawValue) before that."
            )
        }
        let lost = bad.filter { $0.mean == nil }
        if !lost.isEmpty {
            let names = lost.prefix(3).map { "\(code: name($0))" as Words }.joined(by: ", ")
            sentences.append(
                "Diverged before the first value: \(names)\(lost.count > 3 ? " and \(lost.count - 3) more" : "")."
            )
        }
        return sentences.isEmpty ? nil : sentences.joined(by: " ")
    }

    /// Trials with a better mean that lack seeds. They have no rank, but are named.
    private var unfinished: Words? {
        guard let leader = facts.leader,
            let place = facts.trials.firstIndex(where: { $0.trial == leader.trial }),
            let first = facts.trials.prefix(place).first, let mean = first.mean
        else {
            guard let leader = facts.leader, !leader.isComplete else { return nil }
            return
                "No setting has all its seeds: \(code: name(leader)) has a value for \(leader.values.count) of \(leader.planned)."
        }
        return
            "Not ranked, because seeds are missing or have no value: \(code: name(first)) with \(value(mean)) over \(first.values.count) of \(counted(first.planned, "seed"))\(place > 1 ? "; \(place - 1) more without all seeds have a better mean than the best" : "")."
    }
}
