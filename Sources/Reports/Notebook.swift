import Foundation
import Studies

/// A report before it takes a form: prose, tables, figures, and the commands that give them, in
/// order.
package struct Notebook: Sendable {
    package var title: String
    /// Of the page, for forms that have a head.
    package var subtitle: String?
    package var sections: [Section]
    /// Python that comes before all other in the notebook form.
    var setup: String

    package init(title: String, subtitle: String?, sections: [Section]) {
        self.init(title: title, subtitle: subtitle, sections: sections, setup: "")
    }

    init(title: String, subtitle: String?, sections: [Section], setup: String) {
        (self.title, self.subtitle, self.sections) = (title, subtitle, sections)
        self.setup = setup
    }

    /// The content under one heading.
    package struct Section: Sendable {
        /// One of the names that `report: {sections: …}` knows.
        package var name: String
        /// Nil for the content right under the title, or at the end.
        package var heading: String?
        package var blocks: [Block]
    }

    package indirect enum Block: Sendable {
        case paragraph(Words)
        case quotation(Words)
        /// Shell commands; what follows is what they give.
        case command([String])
        /// Text as it is.
        case listing(String)
        case table(Table)
        case figure(Figure)
        /// A picture that a run has left.
        case picture(Picture)
        /// What is shown on demand, under its title.
        case folded(Words, [Block])
        /// A finding that a few lines of Python give too. The notebook form has the lines and their
        /// output in its place.
        case computed(Block, python: String, output: Output)
    }

    /// What a cell of Python gives, besides a figure.
    package enum Output: Sendable {
        case none
        case printed(String)
        case table(TextTable)
    }

    package struct Table: Sendable {
        package struct Column: Sendable {
            package var title: Words
            package var isNumber: Bool
        }

        package var columns: [Column]
        package var rows: [[Words]]
        /// Columns that a narrow terminal does without, the first one first.
        package var dropped: [Int]

        /// - Parameter numbers: columns that are aligned to the right.
        package init(
            _ titles: [Words], numbers: Set<Int>, dropped: [Int] = [], rows: [[Words]]
        ) {
            self.dropped = dropped
            columns = titles.enumerated().map { Column(title: $1, isNumber: numbers.contains($0)) }
            self.rows = rows
        }
    }

    /// A picture in a file of its own, beside the report.
    package struct Picture: Sendable {
        /// From the study's folder.
        package var path: String
        package var caption: Words
        /// For forms that hold all that they show; empty where it is too large for them.
        package var data: Data
    }

    package struct Figure: Sendable {
        /// Of its file, without the ending.
        package var name: String
        /// What one who does not see it should know.
        package var caption: Words
        /// For a page, and for a phone.
        package var svg, narrowSVG: String

        package init(name: String, caption: Words, draw: (FigureSize) -> String) {
            (self.name, self.caption) = (name, caption)
            (svg, narrowSVG) = (draw(.wide), draw(.narrow))
        }
    }
}

/// Text with some of it marked: built by interpolation, so that what comes from elsewhere is never
/// markup. Control characters become escapes.
///
///     "Best by \(code: metric): \(strong: label)"
package struct Words: Sendable, Equatable, ExpressibleByStringInterpolation {
    package enum Span: Sendable, Equatable {
        case text(String)
        case code(String)
        case strong(String)
        case strongCode(String)
        case link(String, target: String)
    }

    package private(set) var spans: [Span] = []

    package init(_ text: String) { spans = [.text(text.visible)] }

    package init(stringLiteral text: String) { self.init(text) }

    package init(stringInterpolation: StringInterpolation) { spans = stringInterpolation.spans }

    package struct StringInterpolation: StringInterpolationProtocol {
        var spans: [Span] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ text: String) {
            if !text.isEmpty { spans.append(.text(text.visible)) }
        }

        package mutating func appendInterpolation(_ text: some CustomStringConvertible) {
            appendLiteral("\(text)")
        }
        package mutating func appendInterpolation(_ words: Words) { spans += words.spans }
        package mutating func appendInterpolation(code text: String) {
            spans.append(.code(text.visible))
        }
        package mutating func appendInterpolation(strong text: String) {
            spans.append(.strong(text.visible))
        }
        package mutating func appendInterpolation(strongCode text: String) {
            spans.append(.strongCode(text.visible))
        }
        package mutating func appendInterpolation(link text: String, to target: String) {
            spans.append(.link(text.visible, target: target.visible))
        }
    }

    package static func + (a: Words, b: Words) -> Words {
        var words = a
        words.spans += b.spans
        return words
    }

    /// Without any mark.
    package var plain: String {
        spans.map {
            switch $0 {
            case .text(let text), .code(let text), .strong(let text), .strongCode(let text),
                .link(let text, _):
                text
            }
        }.joined()
    }
}

extension [Words] {
    package func joined(by separator: Words) -> Words {
        guard let first else { return "" }
        return dropFirst().reduce(first) { $0 + separator + $1 }
    }
}
