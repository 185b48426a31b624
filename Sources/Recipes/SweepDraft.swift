import Foundation
import Studies
import Yams

// The part of a recipe under `sweep`, and what belongs to it: which axes there are, which go
// together, which combinations stay.
extension RecipeDraft {
    mutating func readSweep(_ node: Node, prefix: String, _ reader: SettingsReader) {
        reader.forEachKey(node) { name, keyNode, value in
            let full = prefix + name
            namedInSweep.insert(full)
            if full == "seeds" || full == "seed", namedInSweep.isSuperset(of: ["seed", "seeds"]) {
                reader.mistakes.add(
                    reader.place(keyNode), "sweep: seed and seeds are both given: keep one",
                    in: reader.source)
            }
            if full == "seeds", value.scalar != nil {
                if let axis = AxisReader(settings: reader).seeds(value) { put(axis) }
            } else if let members = value.sequence, !members.isEmpty,
                members.allSatisfy({ $0.mapping != nil }),
                reader.schema.isGroup(full, value) || reader.schema.isOpen
            {
                readGroups(members, full, reader.place(keyNode), reader)
            } else if reader.schema.isGroup(full, value), case .mapping = value {
                readSweep(value, prefix: full + ".", reader)
            } else if let key = reader.schema.parameter(full) {
                guard isSweepable(key, reader.place(keyNode), reader) else { return }
                let isZipped = shape.zips.contains { $0.keys.contains(full) }
                let axes = AxisReader(
                    settings: reader, isSampled: shape.isSampled, keepsRepeats: isZipped)
                if let axis = axes.axis(key, value) {
                    if axis.key == "seed", axis.isDrawn {
                        return reader.mistakes.add(
                            axis.place,
                            "seed: can't be drawn, because every point is run with every seed: write seeds: 5, or a list",
                            in: reader.source)
                    }
                    put(axis)
                }
            } else {
                reader.add(unknown: full, at: keyNode)
            }
        }
    }

    /// `size_lips: [{width: 16, height: 16}, {width: 32, height: 24}]`: several keys that go
    /// together.
    mutating func readGroups(
        _ members: Node.Sequence, _ name: String, _ place: Place, _ reader: SettingsReader
    ) {
        let read = members.map { reader.settings($0, prefix: name + ".") }
        let keys = read.first?.map(\.name) ?? []
        for (key, setting) in read.joined() where setting.isDeletion || setting.reference != nil {
            reader.mistakes.add(
                setting.place, "\(key): expected a value: axes take no deletion and no reference",
                in: reader.source)
        }
        guard read.allSatisfy({ Set($0.map(\.name)) == Set(keys) }), !keys.isEmpty else {
            return reader.mistakes.add(
                place, "\(name): every mapping of the list has to set the same keys",
                in: reader.source)
        }
        for key in keys {
            guard let rule = reader.schema.parameter(key), isSweepable(rule, place, reader),
                let node = members.first
            else {
                continue
            }
            let values = read.compactMap { $0.first { $0.name == key }?.setting.value }
            put(AxisDraft(key: key, domain: .values(values), node: node, reader: reader))
        }
        if keys.count > 1 { shape.zips.append((keys, place)) }
    }

    /// Whether a key can be swept; if not, that is noted.
    func isSweepable(_ key: Parameter, _ place: Place, _ reader: SettingsReader) -> Bool {
        guard let refusal = key.sweepRefusal else { return true }
        reader.mistakes.add(place, "\(key.name): \(refusal)", in: reader.source)
        return false
    }

    mutating func put(_ axis: AxisDraft) {
        if let index = axes.firstIndex(where: { $0.key == axis.key }) {
            axes[index] = axis
        } else {
            axes.append(axis)
        }
    }

    func patterns(_ node: Node, _ name: String, _ reader: SettingsReader) -> [Pattern] {
        guard case .sequence(let patterns) = node else {
            reader.mistakes.add(
                reader.place(node),
                "\(name): expected a list of mappings, as [{lr: 0.1, batch_size: 8}]",
                in: reader.source)
            return []
        }
        return patterns.compactMap(patternReader(name, reader).pattern)
    }

    func patternReader(_ name: String, _ reader: SettingsReader) -> PatternReader {
        PatternReader(
            reader: reader, name: name,
            isKnown: { key in
                key == "seed" || settings[key] != nil || axes.contains { $0.key == key }
            },
            unknown: unknownKey,
            swept: Dictionary(axes.filter { !$0.isDrawn }.map { ($0.key, $0.values) }) { first, _ in
                first
            })
    }

    /// `when: {momentum: {optimizer: sgd}}`: the axis exists where the pattern matches.
    mutating func readConditions(_ node: Node, _ reader: SettingsReader) {
        var read: [String: (Pattern, Place)] = [:]
        let patterns = patternReader("when", reader)
        reader.forEachKey(node) { name, keyNode, value in
            let place = reader.place(keyNode)
            // A group of keys that go together has one condition.
            let members = axes.filter { $0.key == name || $0.key.hasPrefix(name + ".") }.map(\.key)
            guard let at = axes.firstIndex(where: { members.contains($0.key) }), name != "seed"
            else {
                guard !namedInSweep.contains(name) || name == "seed" else { return }
                let hint = nearest(name, in: axes.map(\.key)).map { ": did you mean \($0)?" } ?? ""
                return reader.mistakes.add(
                    place, "when: \(name) is not swept\(hint)", in: reader.source)
            }
            guard let pattern = patterns.pattern(value) else { return }
            for key in pattern.wanted.keys.sorted() {
                guard let other = axes.firstIndex(where: { $0.key == key }),
                    other >= at || key == "seed"
                else {
                    continue
                }
                reader.mistakes.add(
                    place, "when: \(name) depends on \(key), which has to come before it in sweep",
                    in: reader.source)
            }
            for key in members { read[key] = (pattern, place) }
        }
        // Axes that go together exist together.
        for zip in shape.zips {
            guard let common = zip.keys.compactMap({ read[$0] }).first else { continue }
            for key in zip.keys { read[key] = common }
        }
        shape.conditions = read
    }

    /// What the command line gave a single value goes with nothing, and has no condition.
    mutating func dropOverridden() {
        let fixed = Set(settings.keys).subtracting(axes.map(\.key))
        shape.zips = shape.zips.map { ($0.keys.filter { !fixed.contains($0) }, $0.place) }.filter {
            $0.0.count > 1
        }
        shape.conditions = shape.conditions.filter { !fixed.contains($0.key) }
    }

    func checkSize(_ whole: Place, _ source: SourceText, _ mistakes: MistakeList) {
        let seeds = Double(axes.first { $0.key == "seed" }?.values.count ?? 1)
        let count =
            shape.isSampled
            ? seeds * Double(shape.samples ?? 1)
            : space.dimensions.reduce(seeds) { $0 * Double($1.first?.domain.values.count ?? 1) }
        if count > Double(AxisReader.limit) {
            mistakes.add(
                whole,
                "the sweep makes \(shortest(count)) runs; a recipe makes at most \(AxisReader.limit)",
                in: source
            )
        }
    }
}
