import Clips
import Foundation
import Testing

/// A folder of its own, gone with the test.
private final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")

    init(_ files: [String]) throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for file in files {
            let path = url.appending(path: file)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: path)
        }
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

private let splits = ["train", "val", "test"]

@Test func bothLayoutsGiveTheSameClips() throws {
    let bySplit = try Scratch([
        "train/a/1.mp4", "train/b/2.mp4", "val/a/3.mp4", "val/b/4.mp4", "test/a/5.mp4",
    ])
    let byClass = try Scratch([
        "a/train/1.mp4", "b/train/2.mp4", "a/val/3.mp4", "b/val/4.mp4", "a/test/5.mp4",
        "a/train/.hidden.mp4",
        "a/train/notes.txt", "a/train/@eaDir/x.jpg", "b/train/.ipynb_checkpoints/1.png",
    ])
    let first = try DatasetIndex(root: bySplit.url, splitNames: splits, wanted: [])
    let second = try DatasetIndex(root: byClass.url, splitNames: splits, wanted: [])
    func facts(_ folder: DatasetIndex) -> [String] {
        folder.entries.map { "\($0.split) \($0.label) \($0.file.lastPathComponent)" }
    }
    #expect(first.classes == ["a", "b"])
    #expect(
        facts(first) == [
            "train 0 1.mp4", "train 1 2.mp4", "val 0 3.mp4", "val 1 4.mp4", "test 0 5.mp4",
        ])
    #expect(facts(first) == facts(second) && first.classes == second.classes)
}

@Test func classesSelectAndOrder() throws {
    let scratch = try Scratch(["a/train/1.mp4", "b/train/2.mp4", "a/val/3.mp4", "b/val/4.mp4"])
    #expect(
        try DatasetIndex(root: scratch.url, splitNames: splits, wanted: ["b", "a"]).classes == [
            "b", "a",
        ])
    #expect(throws: ClipError.missingClass(name: "c", found: ["a", "b"])) {
        try DatasetIndex(root: scratch.url, splitNames: splits, wanted: ["c"])
    }
}

@Test func classesMayBeTypedInAnotherUnicodeForm() throws {
    let (composed, decomposed) = ("\u{E9}", "e\u{301}")
    let scratch = try Scratch(["\(decomposed)/1.mp4", "\(decomposed)/2.mp4", "b/1.mp4", "b/2.mp4"])
    let index = try DatasetIndex(root: scratch.url, splitNames: splits, wanted: ["b", composed])
    #expect(index.entries.count == 4)
    #expect(index.classes[1].utf8.elementsEqual(decomposed.utf8), "as the folder is named")
}

@Test func whatIsNoDataSetIsRefusedWithTheReason() throws {
    let nowhere = URL(filePath: "/nowhere/at/all")
    #expect(throws: ClipError.noFolder(path: nowhere.path)) {
        try DatasetIndex(root: nowhere, splitNames: splits, wanted: [])
    }
    let flat = try Scratch(["a/1.mp4"])
    #expect(throws: ClipError.oneClass(path: flat.url.path, name: "a")) {
        try DatasetIndex(root: flat.url, splitNames: splits, wanted: [])
    }
    let other = try Scratch(["a/notes.txt"])
    #expect(throws: ClipError.noSplits(path: other.url.path, wanted: splits, found: ["a"])) {
        try DatasetIndex(root: other.url, splitNames: splits, wanted: [])
    }
    let empty = try Scratch(["a/train/1.mp4", "a/val/1.mp4", "b/train/1.mp4", "b/val/readme.txt"])
    #expect(throws: ClipError.several([.emptyClass(name: "b", split: "val", path: empty.url.path)]))
    {
        try DatasetIndex(root: empty.url, splitNames: splits, wanted: [])
    }
}

@Test func ambiguousAndHopelessFoldersAreRefused() throws {
    let both = try Scratch(["train/x/1.mp4", "val/x/1.mp4", "a/train/1.mp4", "a/val/1.mp4"])
    #expect(throws: ClipError.bothLayouts(path: both.url.path, split: "train", name: "a")) {
        try DatasetIndex(root: both.url, splitNames: splits, wanted: [])
    }
    let one = try Scratch(["a/train/1.mp4", "a/val/1.mp4"])
    #expect(throws: ClipError.oneClass(path: one.url.path, name: "a")) {
        try DatasetIndex(root: one.url, splitNames: splits, wanted: [])
    }
}

@Test func aPipeIsNoClip() throws {
    let scratch = try Scratch(["a/train/1.mp4", "a/val/1.mp4", "b/train/1.mp4", "b/val/1.mp4"])
    #expect(mkfifo(scratch.url.appending(path: "a/train/pipe.mp4").path, 0o600) == 0)
    #expect(try DatasetIndex(root: scratch.url, splitNames: splits, wanted: []).entries.count == 4)
}

@Test func aClipThatFfmpegCannotDecodeIsNamed() async throws {
    let scratch = try Scratch(["a/train/1.mp4", "a/val/2.mp4", "b/train/3.mp4", "b/val/4.mp4"])
    let source = DataSource.folder(path: scratch.url.path, splits: splits, classes: [])
    let cache = scratch.url.appending(path: "cache")
    do {
        _ = try await source.prepare(cache: cache)
        Issue.record("a text was taken for a video")
    } catch let error as ClipError {
        #expect(
            error == .noDecoder
                || error.description.contains("4 clips: ffmpeg can't decode it: "))
        #expect(error == .noDecoder || error.description.contains("a/val/2.mp4"))
    }
}

/// The shared clips, where they are: beside the checkout, or where `VISEME_TEST_DATA` says.
private let sharedData: URL? = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["VISEME_TEST_DATA"].map { URL(filePath: $0) }
    let folder = (named ?? package.appending(path: "../shared/data")).standardizedFileURL
    return FileManager.default.fileExists(atPath: folder.appending(path: "grid_digits").path)
        ? folder : nil
}()

@Test(.enabled("the shared clips are not there (VISEME_TEST_DATA)") { sharedData != nil })
func realClipsAreDecodedOnceAndTheSameAgain() async throws {
    let shared = try #require(sharedData)
    let scratch = try Scratch([])
    let source = DataSource.folder(
        path: shared.appending(path: "grid_digits").path, splits: splits, classes: ["one", "two"])
    let first = try await source.prepare(cache: scratch.url)
    let again = try await source.prepare(cache: scratch.url) { _, _ in Issue.record("decoded twice")
    }
    #expect(first == again)
    let data = try first.load(
        ClipFormat(frames: 14, height: 40, width: 40, channels: 1, padding: true))
    #expect(data.classes == ["one", "two"])
    #expect([data.train.count, data.val.count, data.test?.count] == [56, 12, 12])
    let elsewhere = try await source.prepare(cache: scratch.url.appending(path: "other"))
    #expect(elsewhere.digest == first.digest)
}

@Test func augmentationDependsOnSeedEpochAndClipAlone() throws {
    var augmentation = Augmentation()
    (augmentation.flip, augmentation.shift, augmentation.time, augmentation.brightness) = (
        true, 2, 1, 0.3
    )
    var clips = FramedClips(
        format: ClipFormat(frames: 2, height: 8, width: 8, channels: 1, padding: true))
    let ramp = Picture(width: 8, height: 8, channels: 1, pixels: (0..<64).map { UInt8($0 * 3) })
    clips.append(Clip(name: "ramp", label: 0, frames: [ramp, ramp]))
    func changed(seed: UInt64, epoch: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        try clips.withFrames(of: 0, changed: augmentation.draw(seed: seed, epoch: epoch, clip: 0)) {
            _, pixels in
            all += UnsafeBufferPointer(start: pixels, count: 64)
        }
        return all
    }
    #expect(try changed(seed: 1, epoch: 1) == changed(seed: 1, epoch: 1))
    let variants =
        try (1...8).map { try changed(seed: 1, epoch: $0) } + [try changed(seed: 2, epoch: 1)]
    #expect(Set(variants).count == 9)
    #expect(Augmentation().isOff)
}
