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
        let winners = facts.winnersBySeed
        if facts.trials.count > 1, winners.count > 1, winners.count <= StudyReport.rowLimit {
            let rows = winners.map { seed, trials -> [Words] in
                let names = trials.prefix(3).map { "\(code: name($0))" as Words }.joined(by: ", ")
                let best =
                    trials.first?.bySeed.first { $0.seed == seed }.map { value($0.value) } ?? "–"
                let more = trials.count > 3 ? " and \(trials.count - 3) more" : ""
                return ["\(seed)", trials.count > 1 ? names + "\(more) (equal)" : names, "\(best)"]
            }
            let distinct = Set(winners.flatMap { $0.trials.map(\.trial) }).count
            blocks.append(
                .paragraph(
                    distinct == 1
                        ? "Each seed alone gives the same best setting:"
                        : "The seeds alone give \(distinct) different best settings:"))
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
                            "\(metric) of each seed\(drawn.count < facts.trials.count ? ", the best \(drawn.count) of \(facts.trials.count) trials" : ""). Bar: mean; line: 95 % interval, which may reach beyond the picture.",
                        draw: scatter.svg)), python: NotebookCode.seeds(drawn.count), output: .none)
        )
        return Notebook.Section(name: "seeds", heading: "Effect of the seed", blocks: blocks)
    }
}
