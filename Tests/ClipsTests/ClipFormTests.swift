import Clips
import Foundation
import Studies
import Testing

private func clips(_ classes: Int, _ each: Int, speakers: Int = 0) -> [(label: Int, name: String)] {
    (0..<classes).flatMap { label in
        (0..<each).map {
            (label: label, name: speakers > 0 ? "s\($0 % speakers)_\($0).mp4" : "\($0).mp4")
        }
    }
}

@Test func clipsAreSplitInEveryClassAlike() throws {
    var rule = SplitPolicy()
    rule.val = 0.2
    rule.test = 0.1
    let all = clips(3, 20)
    let splits = try rule.splits(all)
    for label in 0..<3 {
        let own = zip(all, splits).filter { $0.0.label == label }.map(\.1)
        #expect(own.count { $0 == .test } == 2 && own.count { $0 == .val } == 4)
    }
    // Whatever the order of the list; and the form a clip is stored in does not move it.
    let reversed = try rule.splits(
        all.reversed().map { ($0.label, $0.name.replacing("mp4", with: "npy")) })
    #expect(reversed.reversed() == splits)
    rule.seed = 1
    #expect(try rule.splits(all) != splits)
    // Small classes keep clips to train and to validate.
    #expect(Set(try rule.splits(clips(1, 2))) == [.train, .val])
}

@Test func aGroupNeverStandsInTwoSplits() throws {
    var rule = SplitPolicy()
    rule.group = "^(s[0-9]+)_"
    rule.test = 0.2
    rule.val = 0.2
    let all = clips(4, 30, speakers: 10)
    let splits = try rule.splits(all)
    let bySpeaker = Dictionary(grouping: zip(all, splits)) { $0.0.name.prefix { $0 != "_" } }
    #expect(bySpeaker.count == 10 && bySpeaker.values.allSatisfy { Set($0.map(\.1)).count == 1 })
    #expect(Split.allCases.allSatisfy(splits.contains))
    #expect(
        (18...30).contains(splits.count { $0 == .test })
            && (18...30).contains(splits.count { $0 == .val }))
    rule.group = "("
    #expect(throws: ClipError.self) { try rule.splits(all) }
    rule.group = "x"
    #expect(throws: ClipError.self) { try rule.splits(all) }
}

@Test func everyClipTestsInOneFold() throws {
    let all = clips(3, 10)
    var tested = [Int](repeating: 0, count: all.count)
    for fold in 0..<5 {
        var rule = SplitPolicy()
        (rule.folds, rule.fold) = (5, fold)
        for (index, split) in try rule.splits(all).enumerated() where split == .test {
            tested[index] += 1
        }
    }
    #expect(tested.allSatisfy { $0 == 1 })
    var wrong = SplitPolicy()
    (wrong.folds, wrong.fold) = (5, 5)
    #expect(throws: ClipError.self) { try wrong.splits(all) }
}

/// The shared clips, where they are.
private let forms: URL? = ProcessInfo.processInfo.environment["VISEME_TEST_DATA"].map {
    URL(filePath: $0).appending(path: "grid_formats")
}.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }

/// The same six clips in fifteen forms: the same labels, splits and counts, and the same pictures
/// as far as the form allows.
@Test(.enabled("the shared clips are not there (VISEME_TEST_DATA)") { forms != nil })
func fifteenFormsAreTheSameClips() async throws {
    let root = try #require(forms)
    let scratch = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    var settings = ClipFolderSettings(splits: ["train", "val", "test"], classes: [])
    (settings.rule.val, settings.rule.test) = (0.34, 0)
    func load(_ form: String, channels: Int) async throws -> [(
        name: String, label: Int, frames: [UInt8]
    )] {
        let source = DataSource.folder(path: root.appending(path: form).path, settings)
        let data = try await source.prepare(cache: scratch.appending(path: form))
        let format = ClipFormat(
            frames: 12, height: 80, width: 80, channels: channels, padding: false)
        let splits = try data.load(format)
        #expect(
            splits.classes == ["seven", "two"] && splits.train.count == 4 && splits.val.count == 2
                && splits.test == nil
        )
        return try [splits.train, splits.val].flatMap { clips in
            try (0..<clips.count).map { clip in
                var pixels: [UInt8] = []
                try clips.withFrames(of: clip) { _, frame in
                    pixels += UnsafeBufferPointer(start: frame, count: 80 * 80 * channels)
                }
                return (
                    (clips.names[clip] as NSString).deletingPathExtension, clips.label(clip), pixels
                )
            }
        }
    }
    let reference = (
        try await load("npy_thwc_rgb_u8", channels: 1),
        try await load("npy_thwc_rgb_u8", channels: 3)
    )
    let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
    #expect(names.count == 15)
    for form in names {
        let isGrey = form.contains("gray") || form == "npz"
        let found = try await load(form, channels: isGrey ? 1 : 3)
        let expected = isGrey ? reference.0 : reference.1
        for (clip, wanted) in zip(found, expected) {
            #expect(clip.name == wanted.name && clip.label == wanted.label, "\(form)")
            let apart = zip(clip.frames, wanted.frames).map { abs(Int($0) - Int($1)) }
            let mean = Double(apart.reduce(0, +)) / Double(apart.count)
            switch form {
            case "mkv_ffv1", "png_frames", "npy_thwc_rgb_u8":
                #expect(apart.allSatisfy { $0 == 0 }, "\(form)")
            case _ where isGrey:
                #expect(apart.allSatisfy { $0 <= 1 }, "\(form) \(apart.max() ?? 0)")
            default: #expect(mean < 4.5, "\(form) \(mean)")
            }
        }
    }
}
