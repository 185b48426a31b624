import Foundation
import Yams

extension RecipeDraft {
    /// One `key=value` of the command line. A value sets the key, and a list sweeps it.
    mutating func override(_ argument: String, index: Int, _ mistakes: MistakeList) {
        let source = SourceText(
            name: "argument \(index + 1)", folder: URL(filePath: FileManager.default.currentDirectoryPath),
            text: argument)
        let start = Place(file: source.name, line: 1, column: 1)
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
            return mistakes.add(start, "an override is key=value, as in epoch=5 or 'lr=[0.1,0.01]'", in: source)
        }
        // Hydra's +key=value: a key that the recipe does not have yet.
        let isNew = argument.hasPrefix("+")
        let name = String(argument[..<equals].dropFirst(isNew ? 1 : 0))
        guard let key = trainer.keys.key(name) else {
            let hint = trainer.keys.nearest(to: name).map { ": did you mean \($0)?" } ?? ""
            return mistakes.add(start, "\(name): there is no such key\(hint)", in: source)
        }
        if case .any = trainer.keys, !isNew, name != "seed", settings[name] == nil,
            !axes.contains(where: { $0.key == name })
        {
            return mistakes.add(start, "\(unknownKey(name)); +\(name)=… adds one", in: source)
        }
        // The value is read where it stands, so that its place is its place in the argument.
        let padding = String(repeating: " ", count: name.count + (isNew ? 2 : 1))
        let padded = SourceText(
            name: source.name, folder: source.folder, text: padding + argument[argument.index(after: equals)...])
        let list = MistakeList()
        if let node = padded.parse(list) {
            let reader = SettingsReader(
                source: SourceText(name: source.name, folder: source.folder, text: argument), mistakes: mistakes,
                keys: trainer.keys)
            if !key.isList, AxisReader.isAxis(node) {
                if let axis = AxisReader(settings: reader).axis(key, node) { put(axis) }
            } else if let value = reader.value(node, key) {
                put(reader.setting(value, node), name, reader)
                axes.removeAll { $0.key == name }
            }
        } else {
            for mistake in list.mistakes { mistakes.add(mistake.place, mistake.message, in: source) }
            if list.mistakes.isEmpty {
                mistakes.add(start, "\(name): nothing stands after =; it has to be \(key.rule)", in: source)
            }
        }
    }
}
