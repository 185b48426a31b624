import Tensors
import Testing

/// The known answers that come with the authors' own implementation (Random123, kat_vectors,
/// philox4x32 10).
@Test(
    arguments: [
        ([0, 0, 0, 0], [0, 0], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
        (
            [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], [0xFFFF_FFFF, 0xFFFF_FFFF],
            [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
        ),
        (
            [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0],
            [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
        ),
    ] as [([UInt32], [UInt32], [UInt32])])
func philoxGivesThePublishedNumbers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
    let got = philox(
        SIMD4(counter[0], counter[1], counter[2], counter[3]), key: SIMD2(key[0], key[1]))
    #expect((0..<4).map { got[$0] } == expected)
}

@Test func streamsOfOtherPurposePartOrSeedAreOthers() {
    var first = RandomStream(seed: 1, purpose: .weights)
    var part = RandomStream(seed: 1, purpose: .weights, part: 1)
    var purpose = RandomStream(seed: 1, purpose: .order)
    var seed = RandomStream(seed: 2, purpose: .weights)
    let draws = [first.next(), part.next(), purpose.next(), seed.next()]
    #expect(Set(draws).count == 4)
}

@Test func aShuffleKeepsEveryElement() {
    var stream = RandomStream(seed: 7, purpose: .order)
    var numbers = Array(0..<1000)
    stream.shuffle(&numbers)
    #expect(numbers != Array(0..<1000))
    #expect(numbers.sorted() == Array(0..<1000))
}

@Test func belowIsEvenlySpread() {
    var stream = RandomStream(seed: 3, purpose: .order)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[Int(stream.below(7))] += 1 }
    // Standard deviation of one count: √(70,000·1/7·6/7) ≈ 93.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
}
