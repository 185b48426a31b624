extension Unicode.Scalar {
    /// Columns that a terminal gives it: 0 for marks that combine with the letter before, 2 for
    /// wide letters (Unicode Standard Annex 11: East Asian Width W and F) and pictures.
    package var displayColumns: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    /// Columns that a terminal gives it.
    package var displayColumns: Int { unicodeScalars.reduce(0) { $0 + $1.displayColumns } }

    /// The text if it fits, or its two ends with `…` between them.
    /// - Parameters:
    ///   - room: for the whole, in the unit of `width`.
    ///   - width: of a text.
    package func shortened(to room: Double, width: (String) -> Double) -> String {
        guard width(self) > room else { return self }
        let letters = Array(self)
        var (head, tail) = (0, 0)
        var free = room - width("…")
        // From both ends in turn, the end a letter ahead: it tells more apart.
        while head + tail < letters.count {
            let isTail = tail <= head
            let letter = isTail ? letters[letters.count - 1 - tail] : letters[head]
            free -= width(String(letter))
            guard free >= 0 else { break }
            if isTail { tail += 1 } else { head += 1 }
        }
        return String(letters.prefix(head)) + "…" + String(letters.suffix(tail))
    }
}

extension [String] {
    /// The texts, those that do not fit shortened in the middle; nil if two different ones would
    /// then read the same.
    package func shortened(to room: Double, width: (String) -> Double) -> [String]? {
        let short = map { $0.shortened(to: room, width: width) }
        return Set(short).count == Set(self).count ? short : nil
    }
}
