extension String {
    /// The text with control characters as escapes (`\u{1B}` as `\x1b`), so that they show and do
    /// nothing to a terminal, a page or a table. Line ends and tabs stay. So do letters of all
    /// scripts; marks that only change the direction of text are escaped.
    package var visible: String {
        guard unicodeScalars.contains(where: String.isHidden) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if String.isHidden(scalar) {
                let digits = String(scalar.value, radix: 16)
                let (form, width) = scalar.value < 0x100 ? ("x", 2) : ("u", 4)
                result +=
                    "\\" + form + String(repeating: "0", count: width - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: false
        // C0, DEL and C1; line and paragraph separators; marks and overrides of direction.
        case ..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// Whether both are the same bytes. (`==` takes two Unicode forms of one text as equal, which
    /// file systems do not.)
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
