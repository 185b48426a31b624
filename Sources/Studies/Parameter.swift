/// One key of a configuration: what it means, which values it takes, and whether it decides a run's
/// outcome.
package struct Parameter: Sendable {
    package enum Kind: Sendable {
        case bool
        case integer(ClosedRange<Int>)
        /// Any whole number of 64 bits; negative ones only if it is signed.
        case integer64(isSigned: Bool)
        /// One of a few whole numbers, each with its meaning: 1 (grey) or 3 (RGB).
        case integers([(value: Int, meaning: String)])
        /// `belowUpper`: the upper end itself is not allowed.
        case number(ClosedRange<Double>, belowUpper: Bool = false)
        case text
        case choice([String])
        /// A list of texts, each once.
        case texts(count: Int?)
        case format(TextFormat)
        /// A number, a truth value, text, or a list of them: a key of a schema that is open.
        case any
    }

    /// Text of a certain form.
    package struct TextFormat: Sendable {
        /// The form in words.
        package let rule: String
        /// As a regular expression, for JSON Schema.
        package let pattern: String
        package let accepts: @Sendable (String) -> Bool

        package init(rule: String, pattern: String, accepts: @escaping @Sendable (String) -> Bool) {
            self.rule = rule
            self.pattern = pattern
            self.accepts = accepts
        }
    }

    /// A text that names a file or folder: relative paths start at the file that holds them.
    package struct Path: Sendable {
        /// Texts with this prefix name something else.
        package let otherThan: String?

        package init(otherThan: String? = nil) { self.otherThan = otherThan }
    }

    /// Nested keys are written with dots: `size_lips.width`.
    package let name: String
    package let kind: Kind
    /// Nil if there is none.
    package let defaultValue: Value?
    package let meaning: String
    /// Whether it is part of a run's identity. Paths are not: the digest of what they name is.
    package let decidesOutcome: Bool
    package let path: Path?
    /// Why it can't be swept; nil if it can.
    package let sweepRefusal: String?
    /// What to say if it has no value; nil if it needs none.
    package let requirement: String?

    package init(
        _ name: String, _ kind: Kind, _ defaultValue: Value?, _ meaning: String,
        decidesOutcome: Bool = true,
        path: Path? = nil, sweepRefusal: String? = nil, requirement: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.meaning = meaning
        self.decidesOutcome = decidesOutcome
        self.path = path
        self.sweepRefusal = sweepRefusal
        self.requirement = requirement
    }

    package var isList: Bool {
        if case .texts = kind { true } else { false }
    }

    package var isNumber: Bool {
        switch kind {
        case .integer, .integer64, .integers, .number, .any: true
        default: false
        }
    }

    /// A number as this key holds it, or nil if it is not allowed.
    /// - Parameter isWhole: whether a whole number is one by its type, where the key takes any.
    package func value(_ number: Double, isWhole: Bool = true) -> Value? {
        let whole = Int(exactly: number)
        switch kind {
        case .integer(let range): return whole.flatMap { range.contains($0) ? .integer($0) : nil }
        case .integer64(let isSigned):
            guard number >= 0 || isSigned else { return nil }
            return whole.map { .integer($0) } ?? UInt64(exactly: number).map { .unsigned($0) }
        case .integers(let known):
            return whole.flatMap { whole in
                known.contains { $0.value == whole } ? .integer(whole) : nil
            }
        case .number(let range, let belowUpper):
            return range.contains(number) && !(belowUpper && number == range.upperBound)
                ? .number(number) : nil
        case .any: return whole.flatMap { isWhole ? .integer($0) : nil } ?? .number(number)
        default: return nil
        }
    }

    /// Which values it takes, in words, for messages.
    package var rule: String {
        switch kind {
        case .bool: "true or false"
        case .integers(let known):
            known.map { "\($0.value) (\($0.meaning))" }.joined(separator: " or ")
        case .integer(let range) where range.upperBound == Int.max:
            "a whole number, \(range.lowerBound) or more"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .integer64(let isSigned):
            "a whole number from \(isSigned ? Int64.min : 0) to \(UInt64.max)"
        case .number(let range, _) where range.upperBound >= 1e6:
            "a number, \(shortest(range.lowerBound)) or more"
        case .number(let range, true):
            "a number from \(shortest(range.lowerBound)) to below \(shortest(range.upperBound))"
        case .number(let range, false):
            "a number from \(shortest(range.lowerBound)) to \(shortest(range.upperBound))"
        case .text: "text"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .format(let format): format.rule
        case .texts(let count): count.map { "a list of \($0) names" } ?? "a list of names"
        case .any: "a number, true or false, text, or a list of them"
        }
    }
}
