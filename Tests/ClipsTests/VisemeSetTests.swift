import Clips
import Studies
import Testing

@Test func theBuiltInSetIsTheSameToTheByteEverywhere() {
    var set = VisemeSet()
    (set.words, set.trainSpeakers, set.valSpeakers, set.testSpeakers, set.takes) = (3, 2, 1, 1, 1)
    // FNV-1a over all pixels of all clips. If it changes, so do all results: raise
    // VisemeSet.version.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for split in Split.allCases {
        for clip in set.clips(split) {
            for frame in clip.frames {
                for byte in frame.pixels { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            }
        }
    }
    #expect(VisemeSet.version == 1)
    #expect(String(hash, radix: 16) == "6dd8f327b5a82d92")
}

@Test func splitsShareNoSpeaker() {
    let set = VisemeSet()
    let speakers = Split.allCases.map { split in
        Set(set.clips(split).map { String($0.name.prefix { $0 != "/" }) })
    }
    #expect(speakers[0].isDisjoint(with: speakers[1]) && speakers[1].isDisjoint(with: speakers[2]))
    #expect(
        set.clips(.train).count == 320 && set.clips(.val).count == 120
            && set.clips(.test).count == 120)
}

@Test func theDigestChangesWithEveryNumberThatChangesTheBytes() {
    let changes: [(inout VisemeSet) -> Void] = [
        { $0.words = 9 }, { $0.trainSpeakers = 9 }, { $0.valSpeakers = 9 }, { $0.testSpeakers = 9 },
        { $0.takes = 9 },
        { $0.difficulty = 0.9 }, { $0.seed = 9 },
    ]
    let digests = changes.map { change in
        var set = VisemeSet()
        change(&set)
        return set.digest
    }
    #expect(Set(digests + [VisemeSet().digest]).count == changes.count + 1)
}
