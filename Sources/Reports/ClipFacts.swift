import RunStore
import Studies
import Tensors

/// What the runs of the best trial say of single clips, over all its seeds.
struct ClipFacts {
    /// A class that is taken for another.
    struct Pair {
        let truth, predicted: Int
        let count: Int
        /// Of clips that are taken so, the most often first.
        let names: [String]
    }

    /// Clips of one speaker, say.
    struct Group {
        let name: String
        let clips: Int
        /// Mean over the seeds.
        let accuracy: Double
    }

    let classes: [String]
    let split: Split
    let seeds: Int
    /// `[true class][predicted class]`, summed over the seeds.
    let counts: [[Int]]
    /// Of each class, of each seed that has clips of it.
    let recalls: [[Double]]
    /// The most frequent first.
    let pairs: [Pair]
    /// By name; empty where nothing says which clips belong together.
    let groups: [Group]
    /// Share of the clips that are right where the seeds' probabilities are averaged; nil where runs
    /// hold no logits, or there is one seed.
    let averagedAccuracy: Double?

    /// - Parameters:
    ///   - runs: of one trial, one for each seed.
    ///   - pattern: clips whose names have the same first group belong together.
    /// - Returns: nil where the runs hold no predictions.
    init?(_ runs: [RunFileContents], pattern: String) {
        guard let classes = runs.first?.classes, !classes.isEmpty else { return nil }
        self.classes = classes
        let split: Split =
            runs.contains { $0.predictions.contains { $0.split == .test } } ? .test : .val
        let all = runs.filter { $0.classes == classes }
            .compactMap { run in run.predictions.first { $0.split == split } }
            .filter { one in
                (one.labels + one.predicted).allSatisfy { classes.indices.contains($0) }
            }
        guard all.contains(where: { !$0.names.isEmpty }) else { return nil }
        self.split = split
        seeds = all.count
        var counts = [[Int]](
            repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
        var recalls = [[Double]](repeating: [], count: classes.count)
        for one in all {
            var (right, total) = (
                [Int](repeating: 0, count: classes.count), [Int](repeating: 0, count: classes.count)
            )
            for (truth, predicted) in zip(one.labels, one.predicted) {
                counts[truth][predicted] += 1
                total[truth] += 1
                if truth == predicted { right[truth] += 1 }
            }
            for place in classes.indices where total[place] > 0 {
                recalls[place].append(Double(right[place]) / Double(total[place]))
            }
        }
        (self.counts, self.recalls) = (counts, recalls)
        pairs = ClipFacts.pairs(all)
        groups = ClipFacts.groups(all, pattern, classes)
        averagedAccuracy = ClipFacts.averagedAccuracy(all, classes: classes.count)
    }

    /// The mean of the recalls of the classes, each the mean over the seeds.
    var balancedAccuracy: Double? {
        Statistics.mean(recalls.compactMap { Statistics.mean($0) })
    }

    /// The mean of the F1 of the classes that have clips or are predicted, over all seeds together.
    var macroF1: Double? {
        Statistics.mean(
            counts.indices.compactMap { place in
                let own = counts[place].reduce(0, +)
                let predicted = counts.reduce(0) { $0 + $1[place] }
                guard own + predicted > 0 else { return nil }
                return 2 * Double(counts[place][place]) / Double(own + predicted)
            })
    }

    /// Whether some classes have more clips than others.
    var isUnequal: Bool { Set(counts.map { $0.reduce(0, +) }.filter { $0 > 0 }).count > 1 }

    private static func averagedAccuracy(_ all: [ClipPredictions], classes: Int) -> Double? {
        guard all.count > 1, let first = all.first, !first.names.isEmpty,
            all.allSatisfy({
                $0.names == first.names && $0.logits.count == first.names.count * classes
            })
        else { return nil }
        var right = 0
        for clip in first.names.indices {
            var sums = [Double](repeating: 0, count: classes)
            for one in all {
                let logits = one.logits[clip * classes..<(clip + 1) * classes].map(Double.init)
                let greatest = logits.max() ?? 0
                let parts = logits.map { PortableMath.exp(max($0 - greatest, -700)) }
                let sum = parts.reduce(0, +)
                for c in 0..<classes { sums[c] += parts[c] / sum }
            }
            let predicted = sums.indices.max { (sums[$0], $1) < (sums[$1], $0) }
            if predicted == first.labels[clip] { right += 1 }
        }
        return Double(right) / Double(first.names.count)
    }

    private static func pairs(_ all: [ClipPredictions]) -> [Pair] {
        var clips: [[Int]: [String: Int]] = [:]
        for one in all {
            for (clip, name) in one.names.enumerated() where one.labels[clip] != one.predicted[clip]
            {
                clips[[one.labels[clip], one.predicted[clip]], default: [:]][name, default: 0] += 1
            }
        }
        return clips.map { pair, names in
            Pair(
                truth: pair[0], predicted: pair[1], count: names.values.reduce(0, +),
                names: names.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key))
        }.sorted { ($1.count, $0.truth, $0.predicted) < ($0.count, $1.truth, $1.predicted) }
    }

    private static func groups(
        _ all: [ClipPredictions], _ pattern: String, _ classes: [String]
    ) -> [Group] {
        guard !pattern.isEmpty, let expression = try? Regex(pattern) else { return [] }
        var sums: [String: (clips: Set<String>, right: Int, total: Int)] = [:]
        for one in all {
            for (clip, name) in one.names.enumerated() {
                guard let match = try? expression.firstMatch(in: within(name, one, clip, classes)),
                    let group = match.output[match.output.count > 1 ? 1 : 0].substring
                else { continue }
                let isRight = one.labels[clip] == one.predicted[clip]
                var sum = sums[String(group)] ?? ([], 0, 0)
                sum.clips.insert(name)
                sum.right += isRight ? 1 : 0
                sum.total += 1
                sums[String(group)] = sum
            }
        }
        guard sums.count > 1 else { return [] }
        return sums.sorted { $0.key < $1.key }.map { name, sum in
            Group(
                name: name, clips: sum.clips.count,
                accuracy: Double(sum.right) / Double(sum.total))
        }
    }

    /// A clip's name within its class, as `split.group` sees it.
    private static func within(
        _ name: String, _ one: ClipPredictions, _ clip: Int, _ classes: [String]
    ) -> String {
        let prefix = classes[one.labels[clip]] + "/"
        return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }
}
