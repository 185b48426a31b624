import Search
import Studies
import Yams

/// How a recipe's axes become points: which go together, which exist only under a condition, which
/// combinations stay.
struct SweepShape {
    var method = SweepMethod.grid
    var samples: Int?
    /// Where the method is, and whether the recipe says, rightly or not, how many points it draws.
    var methodPlace: Place?
    var hasSamples = false
    var sampleSeed: UInt64 = 0
    /// Keys that go together, by the place where the recipe says so.
    var zips: [(keys: [String], place: Place)] = []
    var conditions: [String: (pattern: Pattern, place: Place)] = [:]
    var exclusions: [Pattern] = []
    var inclusions: [Pattern] = []
    var maxRuns: (count: Int, place: Place)?
    /// The swept keys as the recipe has them: each draws from numbers of its own, whatever the
    /// command line changes.
    var slots: [String] = []

    var isSampled: Bool { method != .grid }

    /// What `plan --resolved` says below the values.
    func inWords(_ dimensions: [[Axis]]) -> [String] {
        var lines: [String] = []
        if isSampled {
            lines.append(
                "drawn: \(samples ?? 0) points by \(method.rawValue), sample_seed \(sampleSeed)")
        } else {
            lines += dimensions.filter { $0.count > 1 }.map {
                "together: \($0.map(\.key).joined(separator: ", "))"
            }
        }
        lines += conditions.sorted { $0.key < $1.key }.map {
            "\($0.key) is there only where \($0.value.pattern.inWords)"
        }
        lines += inclusions.map { "only runs where \($0.inWords)" }
        return lines + exclusions.map { "no runs where \($0.inWords)" }
    }
}

/// Reads `method`, `samples`, `sample_seed`, `zip` and `max_runs`.
struct ShapeReader {
    let reader: SettingsReader

    private func mistake(_ node: Node?, _ text: String) {
        reader.mistakes.add(reader.place(node), text, in: reader.source)
    }

    /// What has to be known before the axes are read.
    func read(_ parts: [String: Node]) -> SweepShape {
        var shape = SweepShape()
        if let node = parts["method"] {
            if let method = SweepMethod(rawValue: node.string ?? "") {
                shape.method = method
            } else {
                let known = SweepMethod.allCases.map(\.rawValue)
                let hint =
                    nearest(node.string ?? "", in: known).map { ": did you mean \($0)?" } ?? ""
                mistake(
                    node,
                    "method: found \(reader.described(node)); expected one of \(known.joined(separator: ", "))\(hint)"
                )
            }
        }
        if let node = parts["samples"] { shape.samples = count(node, "samples") }
        if let node = parts["sample_seed"] {
            let seed = ParameterSchema.seed
            if case .scalar(let scalar) = node, scalar.style == .plain,
                let number = UInt64(scalar.string)
            {
                shape.sampleSeed = number
            } else {
                mistake(
                    node, "sample_seed: found \(reader.described(node)); expected \(seed.rule)")
            }
        }
        if let node = parts["max_runs"], let count = count(node, "max_runs") {
            shape.maxRuns = (count, reader.place(node))
        }
        shape.methodPlace = parts["method"].map { reader.place($0) }
        shape.hasSamples = parts["samples"] != nil
        for name in ["samples", "sample_seed"] where parts[name] != nil && !shape.isSampled {
            mistake(
                parts[name],
                "\(name): belongs to a sampled sweep, and the method is grid: add method: random, sobol or latin_hypercube"
            )
        }
        if let node = parts["zip"] { readZips(node, &shape) }
        return shape
    }

    private func readZips(_ node: Node, _ shape: inout SweepShape) {
        guard case .sequence(let groups) = node, !groups.isEmpty else {
            return mistake(
                node, "zip: expected a list of lists of swept keys, as [[lr, batch_size]]")
        }
        // A single group may be written without its outer brackets.
        let lists = groups.allSatisfy { $0.scalar != nil } ? [node] : Array(groups)
        for list in lists {
            guard case .sequence(let names) = list, names.count > 1,
                names.allSatisfy({ $0.scalar != nil })
            else {
                mistake(
                    list, "zip: expected a list of two swept keys or more, as [[lr, batch_size]]")
                continue
            }
            shape.zips.append((names.compactMap(\.string), reader.place(list)))
        }
    }

    private func whole(_ node: Node) -> Int? {
        SettingsReader.number(node).flatMap { Int(exactly: $0) }
    }

    private func count(_ node: Node, _ name: String) -> Int? {
        guard let count = whole(node), (1...AxisReader.limit).contains(count) else {
            mistake(
                node,
                "\(name): found \(reader.described(node)); expected a whole number from 1 to \(AxisReader.limit)"
            )
            return nil
        }
        return count
    }
}

extension SweepShape {
    /// The axes as they are walked through, the first slowest: those of a group move together.
    /// - Parameters:
    ///   - axes: all but the seed's, in order.
    ///   - shared: what all runs share, for conditions.
    func space(
        _ axes: [AxisDraft], _ shared: Configuration, _ mistakes: MistakeList, _ source: SourceText
    ) -> SearchSpace {
        var groups: [[AxisDraft]] = []
        var taken: Set<String> = []
        // A group of keys may be named as one; its own zip then is part of the larger one.
        let whole = zips.map { zip in
            (
                keys: zip.keys.flatMap { name in
                    axes.contains { $0.key == name }
                        ? [name]
                        : axes.map(\.key).filter { $0.hasPrefix(name + ".") }
                            + (axes.contains { $0.key.hasPrefix(name + ".") } ? [] : [name])
                }, place: zip.place
            )
        }
        let zips = whole.enumerated().filter { index, zip in
            !whole.enumerated().contains {
                $0.offset != index && $0.element.keys.count > zip.keys.count
                    && Set(zip.keys).isSubset(of: $0.element.keys)
            }
        }.map(\.element)
        for zip in zips {
            for key in zip.keys {
                if !axes.contains(where: { $0.key == key }) {
                    let hint =
                        nearest(key, in: axes.map(\.key)).map { ": did you mean \($0)?" } ?? ""
                    mistakes.add(zip.place, "zip: \(key) is not swept\(hint)", in: source)
                }
                if !taken.insert(key).inserted {
                    mistakes.add(
                        zip.place, "zip: \(key) is in two groups, or twice in one", in: source)
                }
            }
            let members = zip.keys.compactMap { key in axes.first { $0.key == key } }
            if members.contains(where: \.isDrawn) {
                mistakes.add(
                    zip.place,
                    "zip: drawn values can't be combined by zip: give them a count or a list",
                    in: source
                )
            }
            let counts = Set(members.map(\.values.count))
            if counts.count > 1 {
                let each = members.map { "\($0.key) has \($0.values.count)" }.joined(
                    separator: ", ")
                mistakes.add(
                    zip.place, "zip: axes of one group need the same number of values: \(each)",
                    in: source)
            }
        }
        // A group has the position of its first member.
        var done: Set<String> = []
        for axis in axes where !done.contains(axis.key) {
            let keys = zips.first { $0.keys.contains(axis.key) }?.keys ?? [axis.key]
            let members = keys.compactMap { key in axes.first { $0.key == key } }
            done.formUnion(members.map(\.key))
            groups.append(members)
        }
        let none = SearchSpace(dimensions: [])
        guard mistakes.mistakes.isEmpty else { return none }
        if method == .sobol, max(groups.count, slots.count) > SobolSampler.dimensionLimit {
            mistakes.add(
                Place(file: source.name, line: 1, column: 1),
                "method: sobol has \(SobolSampler.dimensionLimit) dimensions, and \(groups.count) keys are swept",
                in: source)
            return none
        }
        let conditions = conditions.mapValues(\.pattern)
        return SearchSpace(dimensions: groups.map { $0.map(\.axis) }, streams: streams(groups)) {
            key, before in
            conditions[key].map { $0.matches(shared.at(before)) } ?? true
        }
    }

    /// Each group draws from the stream of its place in the recipe; groups that the command line
    /// adds come after.
    private func streams(_ groups: [[AxisDraft]]) -> [Int] {
        var slots = slots
        return groups.map { group in
            if let place = slots.firstIndex(where: { key in group.contains { $0.key == key } }) {
                return place
            }
            slots.append(group.first?.key ?? "")
            return slots.count - 1
        }
    }
}
