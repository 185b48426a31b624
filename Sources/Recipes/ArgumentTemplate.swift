import Studies

/// One word of a command line: `--lr={lr}`. A key's name in braces is replaced by its value;
/// doubled braces are braces.
package struct ArgumentTemplate: Equatable {
    enum Part: Equatable {
        case literal(String)
        case key(String)
    }

    let parts: [Part]

    package init(_ word: String) {
        var parts: [Part] = []
        var literal = ""
        var rest = Substring(word)
        while let character = rest.first {
            if rest.hasPrefix("{{") || rest.hasPrefix("}}") {
                literal.append(character)
                rest = rest.dropFirst(2)
            } else if character == "{", let end = rest.firstIndex(of: "}"),
                ArgumentTemplate.isName(rest[rest.index(after: rest.startIndex)..<end])
            {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.key(String(rest[rest.index(after: rest.startIndex)..<end])))
                rest = rest[rest.index(after: end)...]
            } else {
                literal.append(character)
                rest = rest.dropFirst()
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    /// Braces around anything else are braces.
    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.unicodeScalars.first,
            first == "_" || (first.isASCII && first.properties.isAlphabetic)
        else {
            return false
        }
        return text.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                    || "_.-".unicodeScalars.contains($0))
        }
    }

    var keys: [String] {
        parts.compactMap { if case .key(let name) = $0 { name } else { nil } }
    }

    /// A word that is a value alone is never taken for a file that happens to bear its name.
    package var mayNameFile: Bool {
        guard !keys.isEmpty else { return true }
        return parts.contains {
            if case .literal(let text) = $0 { text.contains("/") } else { false }
        }
    }

    /// - Parameter booleans: `python`, or nil.
    package func text(booleans: String? = nil, _ value: (String) -> Value?) -> String {
        parts.map { part in
            switch part {
            case .literal(let text): text
            case .key(let name):
                value(name).map { booleans == "python" ? $0.pythonWord : $0.word } ?? ""
            }
        }.joined()
    }
}
