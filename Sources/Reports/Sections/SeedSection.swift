import Studies

extension StudyReport {
    /// How far the seed alone moves the result.
    var seeds: Notebook.Section? {
        let several = facts.trials.filter { $0.values.count > 1 }
        guard let deviation = facts.seedDeviation, !several.isEmpty else { return nil }
        let means = facts.trials.compactMap(\.mean)
        var text: Words =
            "The standard deviation of \(code: metric) between seeds is \(strong: value(deviation)) (within a setting, pooled over \(counted(several.count, "setting")) with two seeds or more)."
        if means.count > 1, let low = means.min(), let high = means.max() {
            let range = (high - low).isFinite ? " by up to \(value(high - low))" : ""
            text =
                text
                + " The settings' means differ\(range), from \(value(low)) to \(value(high))."
        }
        var blocks: [Notebook.Block] = [
            .command([command("report", "--section seeds")]), .paragraph(text),
        ]
        // A seed of one setting has nothing to say.
        let winners = facts.winnersBySeed.filter { seed, _ in
            facts.trials.count { trial in trial.bySeed.contains { $0.seed == seed } } > 1
        }
        if facts.trials.count > 1, winners.count > 1, winners.count <= StudyReport.rowLimit {
            let rows = winners.map { seed, trials -> [Words] in
                let names = trials.prefix(3).map { "\(code: name($0))" as Words }.joined(by: ", ")
                let best =
                    trials.first?.bySeed.first { $0.seed == seed }.map { value($0.value) } ?? "–"
                let more = trials.count > 3 ? " and \(trials.count - 3) more" : ""
                return ["\(seed)", trials.count > 1 ? names + "\(more) (equal)" : names, "\(best)"]
            }
            let sets = winners.map { Set($0.trials.map(\.trial)) }
            let common = sets.dropFirst().reduce(sets[0]) { $0.intersection($1) }
            blocks.append(
                .paragraph(
                    common.isEmpty
                        ? "The seeds alone give different best settings:"
                        : "Each seed alone gives the same best setting\(sets.contains { $0.count > 1 } ? ", or one that is equal to it" : ""):"
                ))
            blocks.append(
                .table(
                    Notebook.Table(["seed", "best trial", "\(metric)"], numbers: [2], rows: rows)))
        }
        let drawn = facts.trials.filter { !$0.values.isEmpty }.prefix(StudyReport.drawnTrials + 3)
        let scatter = SeedScatter(
            metric: metric,
            trials: drawn.map {
                SeedScatter.Row(name: figureName($0), values: $0.bySeed)
            }, keys: keyNames, range: facts.range)
        blocks.append(
            .computed(
                .figure(
                    Notebook.Figure(
                        name: "seeds",
                        caption:
                            "\(metric) of each seed\(drawn.count < facts.trials.count ? ", the best \(drawn.count) of \(facts.trials.count) trials" : ""). Bar: mean; line: \(drawn.contains { $0.values.count > 2 } ? "95 % interval, which may reach beyond the picture\(drawn.contains { $0.values.count == 2 } ? " (of two seeds their range)" : "")" : "range of the seeds").",
                        draw: scatter.svg)), python: NotebookCode.seeds(drawn.count), output: .none)
        )
        return Notebook.Section(name: "seeds", heading: "Effect of the seed", blocks: blocks)
    }
}
