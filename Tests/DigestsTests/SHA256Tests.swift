import Digests
import Testing

/// Values of FIPS 180-4's examples, and Python's hashlib.
@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("lippe — губа — 唇", "37002fc46c48905681b0e481b2200f4c9eac16d40720106daeb613460d1c8ffd"),
    ])
    func digestsAreThoseOfTheStandard(text: String, digest: String) {
        #expect(hexadecimal(SHA256.hash(text)) == digest)
        #expect(hexadecimal(SHA256.hash(Array(text.utf8))) == digest)
    }

    @Test func partsGiveTheDigestOfTheWhole() {
        let bytes = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 4099) {
            hash.update(bytes[start..<min(start + 4099, bytes.count)])
        }
        #expect(hash.finalize() == SHA256.hash(bytes))
    }

    @Test func aCopyGoesOnByItself() {
        var first = SHA256()
        first.update("ab")
        var second = first
        second.update("X")
        first.update("c")
        #expect(first.finalize() == SHA256.hash("abc"))
        #expect(second.finalize() == SHA256.hash("abX"))
        // A digest may be read on the way.
        first.update("d")
        #expect(first.finalize() == SHA256.hash("abcd"))
    }

    @Test func hexadecimalTextReadsBack() {
        #expect(hexadecimal([0, 15, 16, 255]) == "000f10ff")
        #expect(bytes(hexadecimal: "000f10ff") == [0, 15, 16, 255])
        #expect(bytes(hexadecimal: "0") == nil)
        #expect(bytes(hexadecimal: "0g") == nil)
    }
}
