import Studies

/// A place in a text that a person wrote.
package struct Place: Hashable, Sendable, Comparable {
    /// A file's path, or the command-line argument.
    package var file: String
    /// From 1.
    package var line: Int
    package var column: Int

    package static func < (a: Place, b: Place) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

/// One mistake of a recipe: its place, the rule, the value found, and what to do.
package struct Mistake: Hashable, Sendable {
    package var place: Place
    package var message: String
    /// Bytes of a line that is shown at most.
    static let shownLine = 160

    /// The line of the mistake, shown with a caret; empty if it is too long.
    package var line: String

    package var description: String {
        guard !line.isEmpty else {
            return "\(place.file):\(place.line):\(place.column): error: \(message)"
        }
        // The caret is under the place whatever the line contains: tabs stay tabs.
        let indent = line.prefix(max(place.column - 1, 0)).map { $0 == "\t" ? "\t" : " " }.joined()
        let shown = "\n    \(line)\n    \(indent)^"
        return "\(place.file):\(place.line):\(place.column): error: \(message)\(shown)"
    }
}

/// All that is wrong, in the order of the text.
package struct RecipeMistakes: UserError {
    package let mistakes: [Mistake]

    /// As many as a person reads.
    private static let shown = 100

    /// Each mistake has its own.
    package var place: String { "" }
    package var rule: String { description }

    package var description: String {
        let more = mistakes.count - RecipeMistakes.shown
        return mistakes.prefix(RecipeMistakes.shown).map(\.description).joined(separator: "\n")
            + (more > 0 ? "\n… and \(more) more mistakes" : "")
    }
}

/// Collects mistakes while a text is read.
final class MistakeList {
    private(set) var mistakes: [Mistake] = []

    func add(_ place: Place, _ message: String, in source: SourceText) {
        // A line too long to be shown is not kept: there may be a mistake for every few of its
        // bytes.
        let line = source.line(place.line)
        mistakes.append(
            Mistake(
                place: place, message: message,
                line: line.utf8.count <= Mistake.shownLine ? line : ""))
    }

    func throwIfAny() throws {
        guard !mistakes.isEmpty else { return }
        struct Identity: Hashable {
            let place: Place
            let message: String
        }
        var seen: Set<Identity> = []
        let unique = mistakes.filter {
            seen.insert(Identity(place: $0.place, message: $0.message)).inserted
        }
        // Files in the order in which they showed mistakes, arguments last; within one, from top to
        // bottom.
        var files: [String] = []
        for mistake in unique where !files.contains(mistake.place.file) {
            files.append(mistake.place.file)
        }
        throw RecipeMistakes(
            mistakes: unique.sorted {
                let (a, b) = (
                    files.firstIndex(of: $0.place.file) ?? 0,
                    files.firstIndex(of: $1.place.file) ?? 0
                )
                return (a, $0.place) < (b, $1.place)
            })
    }
}

/// The name in `known` nearest to `word`, if it is near enough to be meant.
package func nearest(_ word: String, in known: some Sequence<String>) -> String? {
    let limit = max(1, word.count / 3)
    let best = known.map { ($0, editDistance(word, $0)) }.min { $0.1 < $1.1 }
    guard let (name, distance) = best, distance <= limit else { return nil }
    return name
}

/// Letters to insert, delete or replace (Levenshtein 1966); two swapped neighbours count once.
private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.prefix(64)), Array(b.prefix(64)))
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
        var current = [i + 1]
        for j in b.indices {
            var cost = min(
                previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = min(cost, before[j - 1] + 1)
            }
            current.append(cost)
        }
        (before, previous) = (previous, current)
    }
    return previous[b.count]
}
