import Clips
import Digests
import Files
import Foundation
import Studies
import Testing

private func picture(_ width: Int, _ height: Int, _ channels: Int, _ start: Int) -> Picture {
    Picture(
        width: width, height: height, channels: channels,
        pixels: (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 * 7 + start) })
}

private func written(_ clips: [[Picture]]) throws -> URL {
    let file = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString).h5")
    let writer = try ClipSetWriter(file, classes: ["да", "no"], settings: "{}")
    for (index, clip) in clips.enumerated() {
        try writer.append(
            name: "clip \(index)", split: index % 3 == 2 ? .val : .train, label: index % 2,
            frames: { take in for picture in clip { try take(picture) } })
    }
    try writer.finish(skipped: [SkippedClip(name: "bad\n\"name\"", reason: "it is empty")])
    return file
}

@Test(arguments: [true, false])
func aFileOfClipsGivesBackWhatWasWritten(isEven: Bool) throws {
    let clips = (0..<6).map { clip in
        (0...clip).map {
            isEven ? picture(6, 4, 3, $0) : picture(3 + clip, 4 + $0, clip % 2 * 2 + 1, $0)
        }
    }
    let file = try written(clips)
    defer { try? FileManager.default.removeItem(at: file) }
    let set = try ClipSet(file)
    #expect(
        set.contents.classes == ["да", "no"]
            && set.contents.entries.map(\.label) == [0, 1, 0, 1, 0, 1])
    #expect(set.contents.entries.map(\.split) == [.train, .train, .val, .train, .train, .val])
    #expect(set.contents.skipped == [SkippedClip(name: "bad\n\"name\"", reason: "it is empty")])
    for (index, clip) in clips.enumerated() {
        #expect(try set.pictures(index) == clip)
        #expect(set.contents.entries[index].digest == Array(SHA256.hash(clip.flatMap(\.pixels))))
    }
    // Equal clips make equal files, to the byte.
    let again = try written(clips)
    defer { try? FileManager.default.removeItem(at: again) }
    #expect(try Data(contentsOf: file) == Data(contentsOf: again))
}

@Test func aClipThatBreaksOffLeavesNothingBehind() throws {
    struct Broken: Error {}
    let file = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString).h5")
    defer { try? FileManager.default.removeItem(at: file) }
    let writer = try ClipSetWriter(file, classes: ["a", "b"], settings: "{}")
    // The second is longer than what is kept in memory.
    let large = picture(700, 700, 3, 0)
    for clip in 0..<3 {
        func frames(_ take: (Picture) throws -> Void) throws {
            try take(picture(5, 5, 1, clip))
            guard clip == 1 else { return }
            for _ in 0..<3 { try take(large) }
            throw Broken()
        }
        do {
            try writer.append(name: "\(clip)", split: .train, label: 0, frames: frames)
        } catch is Broken {
            #expect(clip == 1)
        }
    }
    try writer.finish()
    let set = try ClipSet(file)
    #expect(set.contents.entries.map(\.name) == ["0", "2"])
    #expect(
        try set.pictures(0) == [picture(5, 5, 1, 0)] && set.pictures(1) == [picture(5, 5, 1, 2)])
}

@Test func noDamageToAFileOfClipsIsReadAsClips() throws {
    let clips = (0..<5).map { clip in (0..<3).map { picture(9, 7, 1, clip * 50 + $0) } }
    let file = try written(clips)
    defer { try? FileManager.default.removeItem(at: file) }
    let whole = [UInt8](try Data(contentsOf: file))
    func outcome(_ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: file)
        do {
            let set = try ClipSet(file)
            let read = try set.contents.entries.indices.map { try set.pictures($0) }
            return read == clips && set.contents.skipped.count == 1 ? "the same" : "others"
        } catch is StoreError { return "refused" }
    }
    #expect(try outcome(whole) == "the same")
    // Between the description and the pixels nothing stands; all else has a digest.
    var (refused, same) = (0, 0)
    for at in stride(from: 0, to: whole.count, by: 37) {
        var bytes = whole
        bytes[at] ^= UInt8(1 << (at % 8))
        switch try outcome(bytes) {
        case "refused": refused += 1
        case "the same": same += 1
        default: Issue.record("byte \(at) changed and others were read")
        }
    }
    #expect(refused > 100 && same < 120, "\(refused) refused, \(same) the same")
    for count in [0, 1, 55, 56, 57, 100, whole.count / 2, whole.count - 1] {
        #expect(try outcome(Array(whole[..<count])) == "refused", "cut to \(count)")
    }
    #expect(try outcome(whole + [0]) == "refused")
}
