import Foundation
import Search
import Studies
import Yams

extension RecipeDraft {
    /// One argument of the command line, in Hydra's grammar: `key=value` sets, `key=[a,b]`, `key=a,b`, `key=range(1,5)` and
    /// `key=choice(a,b)` sweep, `+key=value` adds, `~key` deletes.
    mutating func override(_ argument: String, index: Int, _ mistakes: MistakeList) {
        let source = SourceText(
            name: "argument \(index + 1)", folder: URL(filePath: FileManager.default.currentDirectoryPath),
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
                start, "an override is key=value, as in epoch=5 or 'lr=[0.1,0.01]'; ~key deletes one", in: source)
        }
        // A key that the recipe does not have yet.
        let isNew = argument.hasPrefix("+")
        let name = String(argument[..<equals].dropFirst(isNew ? 1 : 0))
        let text = OverrideText(argument, equals)
        if name == "seeds" {
            if let node = text.parse(source, mistakes), let axis = AxisReader(settings: reader).seeds(node) {
                put(axis)
            }
            return
        }
        let isRecipeKey = Recipe.keys.contains(name) && settings[name] == nil
        if isRecipeKey, ["samples", "sample_seed", "max_runs"].contains(name) {
            guard let node = text.parse(source, mistakes) else { return }
            let parts = ["method": Node(shape.method.rawValue), name: node].merging(
                shape.samples.map { ["samples": Node(String($0), .init(.implicit), .plain)] } ?? [:]
            ) { own, _ in own }
            let changed = ShapeReader(reader: reader).read(parts)
            switch name {
            case "samples": shape.samples = changed.samples
            case "sample_seed": shape.sampleSeed = changed.sampleSeed
            default: shape.maxRuns = changed.maxRuns
            }
            return
        }
        if isRecipeKey, !isNew {
            return mistakes.add(
                start, "\(name): is a key of the recipe, not of the configuration: change it there", in: source)
        }
        if isNew, settings[name] != nil || axes.contains(where: { $0.key == name }) {
            return mistakes.add(start, "\(name): is there already: \(name)=… changes it", in: source)
        }
        if declaration.schema.parameter(name) == nil || settings.keys.contains(where: { $0.hasPrefix(name + ".") }),
            let node = text.parse(source, MistakeList()), node.mapping != nil, declaration.schema.isGroup(name, node)
        {
            for (member, setting) in reader.settings(node, prefix: name + ".") {
                put(setting, member, reader)
                axes.removeAll { $0.key == member }
            }
            return
        }
        guard let key = declaration.schema.parameter(name) else {
            let hint = declaration.schema.nearest(to: name).map { ": did you mean \($0)?" } ?? ""
            return mistakes.add(start, "\(name): there is no such key\(hint)", in: source)
        }
        if declaration.schema.isOpen, !isNew, name != "seed", settings[name] == nil,
            !axes.contains(where: { $0.key == name })
        {
            return mistakes.add(start, "\(unknownKey(name)); +\(name)=… adds one", in: source)
        }
        if let function = text.function {
            return mistakes.add(
                start,
                "\(name): \(function)(…) is not read here; there are range(from,to) or range(from,to,step) of numbers that lead there, and choice(a,b); quotes make it text",
                in: source)
        }
        if key.isList, text.isSeveral {
            return mistakes.add(
                start, "\(name): takes a list: write \(name)=[…]; several lists to sweep are [[…],[…]] in the recipe",
                in: source)
        }
        guard let node = text.parse(source, mistakes) else {
            if text.isEmpty {
                mistakes.add(start, "\(name): found nothing after =; expected \(key.rule)", in: source)
            }
            return
        }
        if SettingsReader.isDeletion(node) {
            delete(name, start, reader)
        } else if !key.isList, AxisReader.isAxis(node) {
            guard isSweepable(key, start, reader) else { return }
            if let axis = AxisReader(settings: reader, isSampled: shape.isSampled).axis(key, node) { put(axis) }
        } else if let reference = Reference(node, key, reader) {
            put(
                WrittenValue(
                    value: .text(reference.text), reference: reference, place: reader.place(node), folder: source.folder
                ),
                name, reader)
            axes.removeAll { $0.key == name }
        } else if let value = reader.value(node, key) {
            put(reader.setting(value, node), name, reader)
            axes.removeAll { $0.key == name }
        }
    }
}

/// The value of an override as YAML, every character where it stands in the argument, so that mistakes point there.
private struct OverrideText {
    private let yaml: String
    let isEmpty: Bool
    /// Whether commas separate several values.
    let isSeveral: Bool
    /// The name of a function that is none here.
    private(set) var function: String?

    init(_ argument: String, _ equals: String.Index) {
        let value = String(argument[argument.index(after: equals)...])
        let padding = String(repeating: " ", count: argument[...equals].count)
        isEmpty = value.trimmingCharacters(in: .whitespaces).isEmpty
        if let range = OverrideText.range(value) {
            (yaml, isSeveral) = (padding + range, true)
        } else if value.hasPrefix("choice("), value.hasSuffix(")") {
            let inner = value.dropFirst("choice(".count).dropLast()
            (yaml, isSeveral) = (padding + String(repeating: " ", count: "choice".count) + "[" + inner + "]", true)
        } else if OverrideText.hasComma(value) {
            // The bracket stands where the = does.
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
        guard (1...3).contains(parts.count), !parts.contains(nil) else { return nil }
        let numbers = parts.compactMap { $0 }
        let (from, to) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0, (to - from) / step > 0, (to - from) / step <= Double(AxisReader.limit) else { return nil }
        let count = Int(((to - from) / step - 1e-9).rounded(.up))
        return "[" + (0..<count).map { shortest(sixDigitsUnlessWhole(from + Double($0) * step)) }.joined(separator: ",")
            + "]"
    }

    private static func sixDigitsUnlessWhole(_ value: Double) -> Double {
        value == value.rounded() && abs(value) < 0x1p53 ? value : sixDigits(value)
    }

    /// Whether a comma stands outside of quotes and brackets.
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
