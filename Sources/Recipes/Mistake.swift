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
    /// What the author should know, and is no mistake.
    private(set) var notes: [String] = []

    func note(_ place: Place, _ message: String) {
        let text = "\(place.file):\(place.line): \(message)"
        if !notes.contains(text) { notes.append(text) }
    }

    func add(_ place: Place, _ message: String, in source: SourceText) {
        // A line too long to be shown is not kept: there may be a mistake for every few of its
        // bytes.
        // The place may be in another file than the one that is being read.
        let line = place.file == source.name ? source.line(place.line) : ""
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

/// The name in `known` that `word` is most likely meant to be: the nearest one, if it is near
/// enough; one that begins with it; or the one that other tools call so.
package func nearest(_ word: String, in known: some Sequence<String>) -> String? {
    let names = Array(known)
    let lower = word.lowercased()
    if let same = names.first(where: { $0.lowercased() == lower }) { return same }
    if let other = otherNames[lower], names.contains(other) { return other }
    let limit = word.count < 4 ? 1 : max(2, word.count / 3)
    let best = names.map { ($0, editDistance(lower, $0.lowercased())) }.min { $0.1 < $1.1 }
    if let (name, distance) = best, distance <= limit { return name }
    guard word.count > 2 else { return nil }
    let longer = names.filter { $0.lowercased().hasPrefix(lower) }
    return longer.count == 1 ? longer[0] : nil
}

/// What other tools call our keys.
private let otherNames: [String: String] = [
    "learning_rate": "lr", "learningrate": "lr", "lr_rate": "lr", "bs": "batch_size",
    "batch": "batch_size", "epochs": "epoch", "max_epochs": "epoch", "num_epochs": "epoch",
    "n_epochs": "epoch", "wd": "weight_decay", "patience": "epoch_stop", "grad_clip": "clip_norm",
    "random_seed": "seed", "random_state": "seed", "dataset": "path_to_dataset",
    "data": "path_to_dataset", "loguniform": "log", "log_uniform": "log",
    "log_uniform_values": "log", "logarithmic": "log", "int": "int_uniform", "gaussian": "normal",
    "categorical": "choice", "val_acc": "val_accuracy", "valid_accuracy": "val_accuracy",
    "acc": "val_accuracy", "accuracy": "val_accuracy", "loss": "val_loss",
    "parameters": "sweep", "hyperparameters": "sweep", "params": "sweep", "defaults": "base",
    "objective": "metric", "max": "maximize", "min": "minimize", "command": "trainer",
]

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
