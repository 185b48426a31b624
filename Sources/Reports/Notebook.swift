/// A report before it takes a form: prose, tables, figures, and the commands that give them, in order.
public struct Notebook: Sendable {
    public var title: String
    /// Of the page, for forms that have a head.
    public var subtitle: String?
    public var sections: [Section]

    public init(title: String, subtitle: String?, sections: [Section]) {
        (self.title, self.subtitle, self.sections) = (title, subtitle, sections)
    }

    /// What stands under one heading.
    public struct Section: Sendable {
        /// One of the names that `report: {sections: …}` knows.
        public var name: String
        /// Nil for what stands right under the title, or at the foot.
        public var heading: String?
        public var blocks: [Block]
    }

    public indirect enum Block: Sendable {
        case paragraph(Words)
        case quotation(Words)
        /// Shell commands; what follows is what they give.
        case command([String])
        /// Text as it is.
        case listing(String)
        case table(Table)
        case figure(Figure)
        /// A finding that a few lines of Python give too. The notebook form has the lines and their output in its place.
        case computed(Block, python: String, output: String)
        /// What the notebook form needs before anything can be computed.
        case python(String)
    }

    public struct Table: Sendable {
        public struct Column: Sendable {
            public var title: Words
            public var isNumber: Bool
        }

        public var columns: [Column]
        public var rows: [[Words]]

        /// - Parameter numbers: titles of columns that stand to the right.
        public init(_ titles: [Words], numbers: Set<Int>, rows: [[Words]]) {
            columns = titles.enumerated().map { Column(title: $1, isNumber: numbers.contains($0)) }
            self.rows = rows
        }
    }

    public struct Figure: Sendable {
        /// Of its file, without the ending.
        public var name: String
        /// What one who does not see it should know.
        public var caption: Words
        public var svg: String
    }
}

/// Text with some of it marked: built by interpolation, so that what comes from elsewhere is never markup.
///
///     "Best by \(code: metric): \(strong: label)"
public struct Words: Sendable, Equatable, ExpressibleByStringInterpolation {
    public enum Span: Sendable, Equatable {
        case text(String)
        case code(String)
        case strong(String)
        case strongCode(String)
        case link(String, target: String)
    }

    public private(set) var spans: [Span] = []

    public init(_ text: String) { spans = [.text(text)] }

    public init(stringLiteral text: String) { self.init(text) }

    public init(stringInterpolation: StringInterpolation) { spans = stringInterpolation.spans }

    public struct StringInterpolation: StringInterpolationProtocol {
        var spans: [Span] = []

        public init(literalCapacity: Int, interpolationCount: Int) {}

        public mutating func appendLiteral(_ text: String) {
            if !text.isEmpty { spans.append(.text(text)) }
        }

        public mutating func appendInterpolation(_ text: some CustomStringConvertible) { appendLiteral("\(text)") }
        public mutating func appendInterpolation(_ words: Words) { spans += words.spans }
        public mutating func appendInterpolation(code text: String) { spans.append(.code(text)) }
        public mutating func appendInterpolation(strong text: String) { spans.append(.strong(text)) }
        public mutating func appendInterpolation(strongCode text: String) { spans.append(.strongCode(text)) }
        public mutating func appendInterpolation(link text: String, to target: String) {
            spans.append(.link(text, target: target))
        }
    }

    public static func + (a: Words, b: Words) -> Words {
        var words = a
        words.spans += b.spans
        return words
    }

    /// Without any mark.
    public var plain: String {
        spans.map {
            switch $0 {
            case .text(let text), .code(let text), .strong(let text), .strongCode(let text), .link(let text, _): text
            }
        }.joined()
    }
}

extension [Words] {
    public func joined(by separator: Words) -> Words {
        guard let first else { return "" }
        return dropFirst().reduce(first) { $0 + separator + $1 }
    }
}
