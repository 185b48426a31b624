import RunStore
import Studies

extension StudyReport {
    /// Which clips and classes the best trial gets right, over all its seeds.
    var clips: Notebook.Section? {
        guard let clips = facts.clips, let leader = facts.leader else { return nil }
        let split = clips.split == .test ? "test" : "validation"
        var blocks: [Notebook.Block] = [
            .command([command("report", "--section clips")]),
            .paragraph(
                "The \(split) clips by the best trial, \(code: name(leader)), over \(counted(clips.seeds, "seed")): \(strong: fixed(accuracy(clips) * 100, 1)) % right."
            ),
        ]
        if let averaged = clips.averagedAccuracy {
            blocks.append(
                .paragraph(
                    "With the probabilities of its \(counted(clips.seeds, "seed")) averaged, \(strong: fixed(averaged * 100, 1)) % are right."
                ))
        }
        if clips.isUnequal, let balanced = clips.balancedAccuracy, let f1 = clips.macroF1 {
            blocks.append(
                .paragraph(
                    "The classes have different numbers of clips. With all classes counting alike, the balanced accuracy is \(strong: fixed(balanced, 3)) and the macro F1 \(strong: fixed(f1, 3))."
                ))
        }
        blocks += recallTable(clips)
        blocks += pairTable(clips)
        blocks += groupTable(clips)
        let figure = Notebook.Figure(
            name: "confusion",
            caption:
                "\(split) clips of the best trial, summed over \(counted(clips.seeds, "seed")): blue is right, orange is wrong; a stronger colour is a larger share of its row.",
            draw: ConfusionPicture(
                title: "\(split) clips of \(name(leader))", classes: clips.classes,
                counts: clips.counts
            ).svg)
        blocks.append(
            .computed(
                .figure(figure), python: NotebookCode.confusion(clips, leader),
                output: .printed(NotebookCode.confusionOutput(clips))))
        if let strip { blocks.append(strip) }
        return Notebook.Section(name: "clips", heading: "Classes and clips", blocks: blocks)
    }

    private func accuracy(_ clips: ClipFacts) -> Double {
        let right = clips.counts.indices.reduce(0) { $0 + clips.counts[$1][$1] }
        let all = clips.counts.reduce(0) { $0 + $1.reduce(0, +) }
        return Double(right) / Double(max(all, 1))
    }

    /// The classes, hardest first.
    private func recallTable(_ clips: ClipFacts) -> [Notebook.Block] {
        let limit = 20
        let order = clips.classes.indices.filter { !clips.recalls[$0].isEmpty }.sorted {
            (Statistics.mean(clips.recalls[$0]) ?? 0, $0)
                < (Statistics.mean(clips.recalls[$1]) ?? 0, $1)
        }
        let rows = order.prefix(limit).map { place -> [Words] in
            let recalls = clips.recalls[place]
            let (low, high) = (recalls.min() ?? 0, recalls.max() ?? 0)
            return [
                "\(code: clips.classes[place])", "\(fixed(Statistics.mean(recalls) ?? 0, 3))",
                "\(recalls.count > 1 ? "\(fixed(low, 3)) … \(fixed(high, 3))" : "–")",
                "\(clips.counts[place].reduce(0, +) / max(recalls.count, 1))",
            ]
        }
        let cut: [Notebook.Block] =
            order.count > limit
            ? [.paragraph("The \(limit) classes with the lowest recall of \(order.count).")] : []
        return [
            .paragraph("Recall of each class (the share of its clips that are classified as it):"),
            .table(
                Notebook.Table(
                    ["class", "recall", "lowest … highest seed", "clips"], numbers: [1, 2, 3],
                    rows: rows)),
        ] + cut
    }

    /// The most frequent confusions, with clips of each.
    private func pairTable(_ clips: ClipFacts) -> [Notebook.Block] {
        guard !clips.pairs.isEmpty else { return [] }
        let limit = 10
        let rows = clips.pairs.prefix(limit).map { pair -> [Words] in
            let all = clips.counts[pair.truth].reduce(0, +)
            return [
                "\(code: clips.classes[pair.truth])", "\(code: clips.classes[pair.predicted])",
                "\(pair.count)", "\(fixed(Double(pair.count) / Double(max(all, 1)) * 100, 1)) %",
                Words(pair.names.prefix(3).joined(separator: ", ")),
            ]
        }
        let more =
            clips.pairs.count > limit
            ? " The \(limit) most frequent of \(clips.pairs.count)." : ""
        return [
            .paragraph(
                "Wrongly classified, by pair of classes, summed over the seeds.\(more)"),
            .table(
                Notebook.Table(
                    ["class", "taken for", "times", "of the class", "clips, for example"],
                    numbers: [2, 3], rows: rows)),
        ]
    }

    /// Accuracy by speaker, say: new speakers differ as these do.
    private func groupTable(_ clips: ClipFacts) -> [Notebook.Block] {
        guard !clips.groups.isEmpty else { return [] }
        let limit = 40
        let accuracies = clips.groups.map(\.accuracy)
        let mean = Statistics.mean(accuracies) ?? 0
        let between: Words
        switch Estimate(accuracies, in: MetricRange(0, 1)) {
        case .interval(let low, let high):
            between = " (95 % interval over groups \(fixed(low, 3)) … \(fixed(high, 3)))"
        case .range(let low, let high): between = " (range \(fixed(low, 3)) … \(fixed(high, 3)))"
        default: between = ""
        }
        let hardest = clips.groups.sorted { ($0.accuracy, $0.name) < ($1.accuracy, $1.name) }
        let cut =
            hardest.count > limit ? " The \(limit) with the lowest accuracy are listed." : ""
        return [
            .paragraph(
                "Accuracy by group of clips (\(counted(clips.groups.count, "group")), as one speaker's): the mean is \(strong: fixed(mean, 3))\(between).\(cut)"
            ),
            .table(
                Notebook.Table(
                    ["group", "accuracy", "clips"], numbers: [1, 2],
                    rows: hardest.prefix(limit).map {
                        ["\(code: $0.name)", "\(fixed($0.accuracy, 3))", "\($0.clips)"]
                    })),
        ]
    }

    private var strip: Notebook.Block? {
        guard let run = facts.bestRun, let strip = ClipStrip(run) else { return nil }
        let figure = Notebook.Figure(
            name: "clips",
            caption:
                "Clips of the \(strip.splitName) split that the best run classifies correctly and wrongly; wrong ones by confused pair. Frames from first to last, as the network sees them, and the probability of the predicted class.",
            draw: strip.svg)
        return .computed(
            .figure(figure), python: NotebookCode.clips(run, strip.split), output: .none)
    }
}
