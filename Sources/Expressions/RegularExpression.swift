import CPCRE2

/// A regular expression with named groups, in Perl's and Python's syntax (`(?<loss>…)`,
/// `(?P<loss>…)`), by PCRE2. Matching is bounded: an expression that would try for ever on a text gives
/// up.
package final class RegularExpression: @unchecked Sendable {
    /// What is wrong with an expression.
    package struct Malformed: Error, CustomStringConvertible {
        /// From 0, in bytes.
        package let place: Int
        package let description: String
    }

    /// The expression tried too much on a text.
    package struct TooSlow: Error {}

    package let text: String
    /// Names of groups, with their numbers.
    package let groups: [(name: String, number: Int)]
    private let code: OpaquePointer
    private let context: OpaquePointer?

    /// Steps of one match; ordinary ones take a few hundred.
    private static let limit: UInt32 = 2_000_000

    /// - Throws: `Malformed`.
    package init(_ text: String) throws(Malformed) {
        self.text = text
        var (problem, place): (Int32, Int) = (0, 0)
        let bytes = Array(text.utf8)
        guard
            let code = pcre2_compile_8(
                bytes, bytes.count, viseme_pcre2_utf | viseme_pcre2_never_code, &problem, &place,
                nil)
        else {
            var words = [UInt8](repeating: 0, count: 256)
            pcre2_get_error_message_8(problem, &words, words.count)
            throw Malformed(
                place: place,
                description: String(decoding: words.prefix { $0 != 0 }, as: UTF8.self))
        }
        // Where the processor has no such compiler, matching is slower.
        pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
        context = pcre2_match_context_create_8(nil)
        pcre2_set_match_limit_8(context, RegularExpression.limit)
        self.code = code
        groups = RegularExpression.names(code)
    }

    deinit {
        pcre2_match_context_free_8(context)
        pcre2_code_free_8(code)
    }

    /// The table of names: each entry is a number of two bytes and a text that ends with 0.
    private static func names(_ code: OpaquePointer) -> [(name: String, number: Int)] {
        var (count, size): (UInt32, UInt32) = (0, 0)
        var table: UnsafePointer<UInt8>?
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
        pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
        guard let table else { return [] }
        return (0..<Int(count)).map { index in
            let entry = table + index * Int(size)
            return (String(cString: entry + 2), Int(entry[0]) << 8 | Int(entry[1]))
        }
    }

    package func has(_ name: String) -> Bool { groups.contains { $0.name == name } }

    /// Finds matches in texts, one text after the other: not for several threads at once.
    package final class Matcher {
        private let expression: RegularExpression
        private let data: OpaquePointer?

        package init(_ expression: RegularExpression) {
            self.expression = expression
            data = pcre2_match_data_create_from_pattern_8(expression.code, nil)
        }

        deinit { pcre2_match_data_free_8(data) }

        /// Calls `body` for each match, with a way to look at groups by number: their place in the
        /// text, or nil.
        /// - Parameter text: UTF-8.
        /// - Throws: `TooSlow`; what `body` throws.
        package func matches(
            in text: UnsafeBufferPointer<UInt8>, _ body: ((Int) -> Range<Int>?) throws -> Void
        ) throws {
            var start = 0
            while start <= text.count {
                let found = pcre2_match_8(
                    expression.code, text.baseAddress, text.count, start, viseme_pcre2_no_check,
                    data, expression.context)
                if found == viseme_pcre2_no_match { return }
                guard found > 0, let ends = pcre2_get_ovector_pointer_8(data) else {
                    throw TooSlow()
                }
                let count = Int(pcre2_get_ovector_count_8(data))
                let whole = ends[0]..<ends[1]
                try body { number in
                    // A group that took no part has all bits of its place set.
                    guard number < count, ends[2 * number] >= 0, ends[2 * number] <= text.count
                    else { return nil }
                    return ends[2 * number]..<ends[2 * number + 1]
                }
                // An empty match would be found again.
                start = whole.isEmpty ? whole.upperBound + 1 : whole.upperBound
                while start < text.count, text[start] & 0xC0 == 0x80 { start += 1 }
            }
        }
    }
}
