import Digests
import Foundation
import Studies

/// How clips without folders of splits (`<class>/<clip>`) are divided.
package struct SplitPolicy: Sendable, Hashable {
    /// Shares of the clips; the rest trains.
    package var val = 0.15
    package var test = 0.15
    /// Alone moves the split: not the run's seed, so that seeds differ in training, not in data.
    package var seed: UInt64 = 0
    /// A regular expression over a clip's path within its class: clips with the same first group
    /// (or whole match) stay together, so that a speaker is never in two splits. Empty: each clip
    /// is its own group.
    package var group = ""
    /// With two folds or more: fold `fold` tests, the next one validates, the others train. 0: by
    /// shares.
    package var folds = 0
    package var fold = 0

    package init() {}

    /// Whether somebody asked for this division.
    private var isAskedFor: Bool {
        var plain = SplitPolicy()
        plain.seed = seed
        return self != plain
    }

    /// Clips whose splits are given are not divided again.
    func refuse(because reason: String) throws {
        guard isAskedFor else { return }
        throw ClipError.badSplit(
            "\(reason): split.val, .test, .group, .folds and .fold have nothing to divide: leave them out, or give the clips as "
                + "<class>/<clip>")
    }

    /// - Parameters:
    ///   - clips: label and name of each.
    ///   - given: the group of each, where somebody has written them down; nil: by the pattern.
    /// - Returns: the split of each.
    /// - Throws: `ClipError` if the pattern is invalid, or does not match every clip.
    package func splits(_ clips: [(label: Int, name: String)], groups given: [String]? = nil) throws
        -> [Split]
    {
        let groups = try given ?? clips.map(groupOf)
        guard folds == 0 || (folds > 2 && (0..<folds).contains(fold)) else {
            throw ClipError.badSplit(
                "\(folds) folds, and fold \(fold): give 3 folds or more, and a fold from 0 to one below"
            )
        }
        guard folds > 0 || fold == 0 else {
            throw ClipError.badSplit("fold \(fold) of no folds: give split.folds too")
        }
        guard folds > 0 || (val > 0 && val + test < 1) else {
            throw ClipError.badSplit(
                "found \(val) for validation and \(test) for the test; both validation and training need clips: give "
                    + "split.val above 0, and less than 1 together with split.test")
        }
        if group.isEmpty, given == nil {
            // Each class by itself: the shares hold in every one (stratified).
            var result = [Split](repeating: .train, count: clips.count)
            for members in Dictionary(grouping: clips.indices, by: { clips[$0].label }).values {
                let order = members.sorted {
                    groups[$0] == groups[$1]
                        ? clips[$0].name.utf8.lexicographicallyPrecedes(clips[$1].name.utf8)
                        : precedes(groups[$0], groups[$1])
                }
                for (place, split) in zip(order, parts(order.count)) { result[place] = split }
            }
            return result
        }
        // Whole groups, until a split has its share of the clips.
        let names = Set(groups).sorted(by: precedes)
        var sizes: [String: Int] = [:]
        for name in groups { sizes[name, default: 0] += 1 }
        var split: [String: Split] = [:]
        if folds > 0 {
            for (index, name) in names.enumerated() { split[name] = foldSplit(index % folds) }
        } else {
            var (tested, validated) = (0, 0)
            for name in names {
                let size = sizes[name] ?? 0
                if Double(tested) + Double(size) / 2 <= test * Double(clips.count), test > 0 {
                    split[name] = .test
                    tested += size
                } else if validated == 0
                    || Double(validated) + Double(size) / 2 <= val * Double(clips.count)
                {
                    split[name] = .val
                    validated += size
                } else {
                    split[name] = .train
                }
            }
        }
        return groups.map { split[$0] ?? .train }
    }

    /// Of a class of so many clips.
    private func parts(_ count: Int) -> [Split] {
        if folds > 0 { return (0..<count).map { foldSplit($0 % folds) } }
        let tested = min(Int((test * Double(count)).rounded()), max(0, count - 2))
        let validated = min(
            max(1, Int((val * Double(count)).rounded())), max(0, count - tested - 1))
        return (0..<count).map { $0 < tested ? .test : $0 < tested + validated ? .val : .train }
    }

    private func foldSplit(_ number: Int) -> Split {
        number == fold ? .test : number == (fold + 1) % folds ? .val : .train
    }

    /// By SHA-256 of seed and name: a clip more leaves the order of the others as it is, and no
    /// list's order decides.
    private func precedes(_ a: String, _ b: String) -> Bool {
        let (x, y) = (digest(a), digest(b))
        return x == y ? a.utf8.lexicographicallyPrecedes(b.utf8) : x.lexicographicallyPrecedes(y)
    }

    private func digest(_ name: String) -> [UInt8] {
        Array(SHA256.hash(Data("split \(seed) \(name)".utf8)))
    }

    private func groupOf(_ clip: (label: Int, name: String)) throws -> String {
        // The form a clip is stored in does not move it: its name counts without the ending.
        // Nor does its class: which others are chosen, or what they are called, is nothing to it.
        guard !group.isEmpty else { return (clip.name as NSString).deletingPathExtension }
        let expression: Regex<AnyRegexOutput>
        do { expression = try Regex(group) } catch {
            throw ClipError.unreadablePattern(group, reason: "is no regular expression")
        }
        guard let match = clip.name.firstMatch(of: expression) else {
            throw ClipError.unreadablePattern(
                group, reason: "does not match \(clip.name): every clip has to belong to a group")
        }
        let found = match.output.count > 1 ? match.output[1].substring : match.output[0].substring
        return found.map(String.init) ?? ""
    }
}
