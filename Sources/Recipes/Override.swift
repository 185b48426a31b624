import Foundation
import Search
import Studies
import Yams

extension RecipeDraft {
    /// One argument of the command line, in Hydra's grammar: `key=value` sets, `key=[a,b]`,
    /// `key=a,b`, `key=range(1,5)` and `key=choice(a,b)` sweep, `+key=value` adds, `~key` deletes.
    mutating func override(_ argument: String, index: Int, _ mistakes: MistakeList) {
        let source = SourceText(
            name: "argument \(index + 1)",
            folder: URL(filePath: FileManager.default.currentDirectoryPath),
            text: argument)
        let start = Place(file: source.name, line: 1, column: 1)
        let reader = SettingsReader(source: source, mistakes: mistakes, schema: declaration.schema)
        if argument.hasPrefix("~") {
            let name = String(argument.dropFirst())
            guard !name.contains("=") else {
                return mistakes.add(start, "~key deletes a key; it takes no value", in: source)
            }
            return delete(name, start, reader)
        }
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            return mistakes.add(
                start,
                "an override is key=value, as in epoch=5 or 'lr=[0.1,0.01]'; ~key deletes one",
                in: source)
        }
        // `++key` adds, or changes what is there.
        let isEither = argument.hasPrefix("++")
        let isNew = argument.hasPrefix("+")
        let override = Override(
            name: String(argument[..<equals].dropFirst(isEither ? 2 : isNew ? 1 : 0)), isNew: isNew,
            text: OverrideText(argument, equals), place: start, reader: reader)
        if override.name == "seeds" {
            if let node = override.parse(), let axis = AxisReader(settings: reader).seeds(node) {
                put(axis)
            }
        } else if Recipe.keys.contains(override.name), settings[override.name] == nil,
            !isNew || RecipeDraft.sizeKeys.contains(override.name)
        {
            overrideRecipeKey(override)
        } else if isNew, !isEither, isKnown(override.name) {
            override.refuse("is already set: \(override.name)=… changes it")
        } else if !overrideGroup(override) {
            overrideParameter(override)
        }
    }

    private func isKnown(_ name: String) -> Bool {
        settings[name] != nil || axes.contains { $0.key == name }
    }

    /// The keys of a recipe that the command line may change.
    private static let sizeKeys = ["samples", "sample_seed", "max_runs"]

    private mutating func overrideRecipeKey(_ override: Override) {
        let name = override.name
        guard RecipeDraft.sizeKeys.contains(name) else {
            return override.refuse(
                "is a key of the recipe, not of the configuration: change it there")
        }
        guard let node = override.parse() else { return }
        var parts = ["method": Node(shape.method.rawValue)]
        if let samples = shape.samples {
            parts["samples"] = Node(String(samples), .init(.implicit), .plain)
        }
        parts[name] = node
        let changed = ShapeReader(reader: override.reader).read(parts)
        switch name {
        case "samples": shape.samples = changed.samples
        case "sample_seed": shape.sampleSeed = changed.sampleSeed
        default: shape.maxRuns = changed.maxRuns
        }
    }

    /// `augment={mixup: 0.2}` sets the members of a group of keys. False if the override is of a
    /// single key.
    private mutating func overrideGroup(_ override: Override) -> Bool {
        let (name, schema) = (override.name, declaration.schema)
        guard
            schema.parameter(name) == nil
                || settings.keys.contains(where: { $0.hasPrefix(name + ".") }),
            let node = override.text.parse(override.reader.source, MistakeList()),
            node.mapping != nil,
            schema.isGroup(name, node)
        else { return false }
        for (member, setting) in override.reader.settings(node, prefix: name + ".") {
            put(setting, member, override.reader)
            axes.removeAll { $0.key == member }
        }
        return true
    }

    private mutating func overrideParameter(_ override: Override) {
        let (name, schema) = (override.name, declaration.schema)
        if let first = name.split(separator: ".").first.map(String.init), first != name,
            Recipe.keys.contains(first), schema.parameter(name) == nil || schema.isOpen,
            !isKnown(name), !override.isNew
        {
            return override.refuse(
                "\(first) is a key of the recipe, not of the configuration: change it there")
        }
        let members = schema.members(of: name)
        if schema.parameter(name) == nil, !members.isEmpty {
            return override.refuse(
                "is a group of keys: "
                    + members.map { "\(name).\($0)=…" }.joined(separator: " "))
        }
        guard let key = schema.parameter(name) else {
            let hint = schema.nearest(to: name).map { ": did you mean \($0)?" } ?? ""
            return override.refuse("there is no such key\(hint)")
        }
        let own = settings.keys.filter { $0.hasPrefix(name + ".") }.sorted()
        if schema.isOpen, !own.isEmpty, settings[name] == nil {
            return override.refuse(
                "is a group of keys: " + own.prefix(5).map { "\($0)=…" }.joined(separator: " "))
        }
        if schema.isOpen, !override.isNew, name != "seed", !isKnown(name) {
            return override.mistakes.add(
                override.place, "\(unknownKey(name)); +\(name)=… adds one",
                in: override.reader.source)
        }
        guard let node = override.value(of: key) else { return }
        put(node, override, key)
    }

    /// Puts a value, an axis or a reference in the place of what the recipe says of a key.
    private mutating func put(_ node: Node, _ override: Override, _ key: Parameter) {
        let (name, reader) = (override.name, override.reader)
        if SettingsReader.isDeletion(node) {
            delete(name, override.place, reader)
        } else if !key.isList, AxisReader.isAxis(node) {
            guard isSweepable(key, override.place, reader) else { return }
            if let axis = AxisReader(settings: reader, isSampled: shape.isSampled).axis(key, node) {
                put(axis)
            }
        } else if let reference = Reference(node, key, reader) {
            let value = WrittenValue(
                value: .text(reference.text), reference: reference, place: reader.place(node),
                folder: reader.source.folder)
            put(value, name, reader)
            axes.removeAll { $0.key == name }
        } else if let value = reader.value(node, key) {
            put(reader.setting(value, node), name, reader)
            axes.removeAll { $0.key == name }
        }
    }
}

/// An argument `key=value` or `+key=value`.
private struct Override {
    let name: String
    /// `+key=value`: a key that the recipe does not have yet.
    let isNew: Bool
    let text: OverrideText
    let place: Place
    let reader: SettingsReader

    var mistakes: MistakeList { reader.mistakes }

    func parse() -> Node? { text.parse(reader.source, mistakes) }

    func refuse(_ reason: String) { mistakes.add(place, "\(name): \(reason)", in: reader.source) }

    /// The node of a value for a key; nil if it is invalid, which is reported.
    func value(of key: Parameter) -> Node? {
        if let function = text.function {
            refuse(
                "\(function)(…) is not supported; there are range(from,to), range(from,to,step) and choice(a,b), with numbers below 2⁵³; use quotes for text"
            )
            return nil
        }
        if key.isList, text.isSeveral {
            refuse(
                "takes a list: write \(name)=[…]; several lists to sweep are [[…],[…]] in the recipe"
            )
            return nil
        }
        if text.isEmpty {
            refuse("found nothing after =; expected \(key.rule)")
            return nil
        }
        return parse()
    }
}

/// The value of an override as YAML. Every character has the column it has in the argument, so that
/// mistakes point to it.
private struct OverrideText {
    private let yaml: String
    let isEmpty: Bool
    /// Whether commas separate several values.
    let isSeveral: Bool
    /// The name of a function that is not supported.
    private(set) var function: String?

    init(_ argument: String, _ equals: String.Index) {
        // `\,` is a comma that separates nothing.
        let written = String(argument[argument.index(after: equals)...])
        let value = written.contains("\\,") ? OverrideText.unescaped(written) : written
        let padding = String(repeating: " ", count: argument[...equals].count)
        isEmpty = value.trimmingCharacters(in: .whitespaces).isEmpty
        if let range = OverrideText.range(value) {
            (yaml, isSeveral) = (padding + range, true)
        } else if value.hasPrefix("choice("), value.hasSuffix(")") {
            let inner = value.dropFirst("choice(".count).dropLast()
            (yaml, isSeveral) = (
                padding + String(repeating: " ", count: "choice".count) + "[" + inner + "]", true
            )
        } else if OverrideText.hasComma(value) {
            // The bracket takes the column of the =.
            (yaml, isSeveral) = (padding.dropLast() + "[" + value + "]", true)
        } else {
            (yaml, isSeveral) = (padding + value, false)
            function = value.firstMatch(
                of: /^(range|choice|interval|sort|shuffle|tag|glob|int|float|str|bool|json_str)\(/
            ).map { String($0.1) }
        }
    }

    func parse(_ source: SourceText, _ mistakes: MistakeList) -> Node? {
        let list = MistakeList()
        let node = SourceText(name: source.name, folder: source.folder, text: yaml).parse(list)
        for mistake in list.mistakes { mistakes.add(mistake.place, mistake.message, in: source) }
        return node
    }

    /// Hydra's `range(1,5)` and `range(1,10,3)`: the last is left out.
    private static func range(_ value: String) -> String? {
        guard value.hasPrefix("range("), value.hasSuffix(")") else { return nil }
        let parts = value.dropFirst("range(".count).dropLast().split(separator: ",").map {
            plainNumber($0.trimmingCharacters(in: .whitespaces))
        }
        let numbers = parts.compactMap { $0 }
        guard (1...3).contains(parts.count), numbers.count == parts.count,
            numbers.allSatisfy({ abs($0) < 0x1p53 })
        else { return nil }
        let (from, to) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0, (to - from) / step > 0, (to - from) / step <= Double(AxisReader.limit)
        else { return nil }
        let count = Int(((to - from) / step - 1e-9).rounded(.up))
        return "["
            + (0..<count).map { shortest(sixDigitsUnlessWhole(from + Double($0) * step)) }.joined(
                separator: ",")
            + "]"
    }

    private static func sixDigitsUnlessWhole(_ value: Double) -> Double {
        value == value.rounded() && abs(value) < 0x1p53 ? value : sixDigits(value)
    }

    /// `1\,2,3` as `"1,2",3`.
    private static func unescaped(_ text: String) -> String {
        var parts: [String] = [""]
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("\\,") {
                parts[parts.count - 1] += "\u{0},"
                rest = rest.dropFirst(2)
            } else if character == "," {
                parts.append("")
                rest = rest.dropFirst()
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts.map { part in
            part.contains("\u{0}") ? jsonString(part.replacing("\u{0}", with: "")) : part
        }.joined(separator: ",")
    }

    /// Whether a comma is outside of quotes and brackets.
    private static func hasComma(_ value: String) -> Bool {
        var quote: Character?
        var depth = 0
        for character in value {
            if let open = quote {
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "'", "\"": quote = character
            case "[", "{", "(": depth += 1
            case "]", "}", ")": depth -= 1
            case "," where depth == 0: return true
            default: break
            }
        }
        return false
    }
}
