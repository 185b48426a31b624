import Foundation
import Studies
import Testing

private func decoded(_ json: String) throws -> Value {
    try JSONDecoder().decode([Value].self, from: Data("[\(json)]".utf8))[0]
}

@Test(arguments: [
    Int.min, -9_007_199_254_740_993, -1, 0, 1, 9_007_199_254_740_993, Int.max,
])
func wholeNumbersAreExact(number: Int) throws {
    let value = Value.integer(number)
    #expect(value.label == "\(number)" && value.json == "\(number)" && value.word == "\(number)")
    #expect(Value.whole("\(number)") == value)
    guard case .integer(number) = try decoded(value.json) else {
        return #expect(Bool(false), "\(number) is read as another value")
    }
}

@Test func wholeNumbersReachTo64BitsWithoutASign() throws {
    let value = Value.unsigned(.max)
    #expect(value.json == "18446744073709551615" && value.word == value.json)
    #expect(Value.whole("18446744073709551615") == value)
    #expect(Value.whole("18446744073709551616") == nil && Value.whole("1.0") == nil)
    #expect(try decoded(value.json) == value)
    #expect(value.json != Value.number(18_446_744_073_709_551_615).json)
}

@Test func aNumberIsOneValueHoweverItIsHeld() throws {
    #expect(Value.integer(7) == .number(7) && Value.integer(7).json == Value.number(7).json)
    #expect(Value.number(7).word == "7.0" && Value.integer(7).word == "7")
    #expect(Value.number(1e-3).word == "0.001" && Value.number(0.1).writtenJSON == "0.1")
    #expect(Value.list([.number(2), .text("a")]).writtenJSON == "[2.0,\"a\"]")
    // 10¹⁵ is read back from JSON as a whole number.
    #expect(Value.number(1e15) == .integer(1_000_000_000_000_000))
    #expect(try decoded(Value.number(1e15).json) == .number(1e15))
    #expect(Value.number(0x1p53) != .integer(9_007_199_254_740_993))
    #expect(Value.number(0x1p63) == .unsigned(1 << 63))
    let values: [Value] = [.integer(7), .number(7), .number(1e15), .unsigned(1 << 63)]
    #expect(Set(values).count == 3)
}

@Test func textsAreTheirBytes() {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    #expect(composed == decomposed, "one text to Swift")
    #expect(Value.text(composed) != .text(decomposed))
    #expect(Set([Value.text(composed), .text(decomposed), .text("\u{E9}")]).count == 2)
    #expect(!composed.hasSameBytes(as: decomposed))
}

@Test func controlCharactersShow() {
    #expect("a\u{1B}[2Jb".visible == "a\\x1b[2Jb")
    #expect("\u{0}\u{7F}\u{9B}\u{202E}\u{2028}".visible == "\\x00\\x7f\\x9b\\u202e\\u2028")
    #expect("Größe 唇\n\t👄".visible == "Größe 唇\n\t👄")
    #expect(Assignment(key: "a", value: .text("x\u{1B}\u{202E}")).label == "a=x\\u001b\\u202e")
}

@Test func onlyFiniteValuesAreBest() {
    let metric = Metric.valAccuracy
    #expect(metric.bestEpoch(of: [.infinity, 0.25, .nan, 0.5]) == BestEpoch(epoch: 4, value: 0.5))
    #expect(metric.bestEpoch(of: [.infinity, .nan, -.infinity]) == nil)
    let loss = Metric(name: "loss", goal: .minimize)
    #expect(loss.bestEpoch(of: [-.infinity, 3, 2]) == BestEpoch(epoch: 3, value: 2))
}
