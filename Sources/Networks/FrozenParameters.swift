import Tensors

/// A pattern of parameter names: `*` matches any characters.
package struct NamePattern: Sendable {
    private let pieces: [Substring]

    package init(_ text: String) {
        pieces = text.split(separator: "*", omittingEmptySubsequences: false)
    }

    /// Whether one of the patterns matches.
    static func any(_ patterns: [String], match name: String) -> Bool {
        patterns.contains { NamePattern($0).matches(name) }
    }

    package func matches(_ name: String) -> Bool {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else {
            return pieces.first.map { name == $0 } ?? false
        }
        guard name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}

/// Parameters that training leaves as they are.
package struct FrozenParameters {
    private struct Part {
        let buffer: Buffer<Float>
        /// Nil for an average, which has no gradient.
        let gradients: Buffer<Float>?
        let range: Range<Int>
        let values: [Float]
    }

    private let parts: [Part]

    /// Holds what the named parameters are now.
    /// - Throws: `WeightMismatch` where a pattern names no parameter.
    package init(_ patterns: [String], of parameters: Parameters) throws {
        let all =
            parameters.entries.map { ($0, true) } + parameters.averageEntries.map { ($0, false) }
        let unused = patterns.filter { pattern in
            !all.contains { NamePattern(pattern).matches($0.0.name) }
        }
        guard unused.isEmpty else {
            throw WeightMismatch(problems: unused.map { "freeze: no parameter is called \($0)" })
        }
        parts = all.filter { entry, _ in patterns.contains { NamePattern($0).matches(entry.name) } }
            .map {
                entry, isTrained in
                let buffer = isTrained ? parameters.weights : parameters.averages
                let range = entry.offset..<entry.offset + entry.count
                return Part(
                    buffer: buffer, gradients: isTrained ? parameters.gradients : nil, range: range,
                    values: range.map { buffer.pointer[$0] })
            }
    }

    /// Before a step: what does not move does not count in the norm of the gradient.
    package func clearGradients() {
        for part in parts { for at in part.range { part.gradients?.pointer[at] = 0 } }
    }

    /// After a step.
    package func restore() {
        for part in parts {
            for (at, value) in zip(part.range, part.values) { part.buffer.pointer[at] = value }
        }
    }
}
