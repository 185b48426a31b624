/// A decimal number as people write it: digits, one point, an exponent. No hexadecimal, no `inf`,
/// no underscores.
/// - Returns: nil too if it is larger than a `Double`, or smaller and not zero.
func plainNumber(_ text: String) -> Double? {
    guard isNumber(text), let value = Double(text), value.isFinite else { return nil }
    let mantissa = text.prefix { $0 != "e" && $0 != "E" }
    return value == 0 && mantissa.contains { ("1"..."9").contains($0) } ? nil : value
}

func isNumber(_ text: String) -> Bool {
    text.wholeMatch(of: /[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?/) != nil
}
