import Clips
import Foundation
import Testing

/// A folder of its own, gone with the test.
private final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func put(_ text: String, _ path: String) throws {
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Clips of `frames` frames of their own number, 10 fps, as y4m: ffmpeg reads it.
    func putVideo(_ path: String, frames: Int, rate: String = "10:1") throws {
        var bytes = Data("YUV4MPEG2 W8 H8 F\(rate) Ip A1:1 Cmono\n".utf8)
        for frame in 0..<frames {
            bytes += Data("FRAME\n".utf8) + Data(repeating: UInt8(16 + frame), count: 64)
        }
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: file)
    }

    /// As LRW has them: `<word>/<split>/<clip>`, with metadata beside each clip.
    func putLRW(duration: String = "0.40 seconds", videos: Bool = true) throws {
        for word in ["ABOUT", "HOUSE"] {
            for split in ["train", "val"] {
                let name = "\(word)/\(split)/\(word)_00001"
                if videos { try putVideo(name + ".y4m", frames: 9) }
                try put(
                    """
                    Disk reference: 5999105302155803126
                    Channel: BBC One HD
                    Program start: January 02 2014, 18:00
                    Clip start: 1137.36 seconds
                    Duration: \(duration)

                    """, name + ".txt")
            }
        }
    }

    var source: DataSource { source("") }

    func source(_ path: String, _ words: WordReading = .required) -> DataSource {
        var settings = ClipFolderSettings(splits: ["train", "val", "test"], classes: [])
        settings.words = words
        return .folder(path: path.isEmpty ? url.path : url.appending(path: path).path, settings)
    }

    func clips(_ source: DataSource) async throws -> ClipSplits {
        var format = ClipFormat(frames: 9, height: 8, width: 8, channels: 1, padding: false)
        format.hasWordBoundary = true
        return try await source.prepare(cache: url.appending(path: "cache")).load(format)
    }
}

private let hasFFmpeg = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg")
}

@Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
func theMetadataOfLRWSayWhenTheWordIsSpoken() async throws {
    let scratch = try Scratch()
    try scratch.putLRW()
    let clips = try await scratch.clips(scratch.source)
    // 0.4 s at 10 fps around the middle of nine frames: from 2.5 to 6.5.
    #expect(clips.train.words == [2..<7, 2..<7])
    let view = ClipView()
    try clips.train.show(0, in: view)
    #expect(view.wordBoundary == [0, 0, 1, 1, 1, 1, 1, 0, 0])
    #expect(
        try clips.train.boundaries(named: "x").first?.values
            == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0])
    // Another time is another data set, of the same pixels; without words it is what it always was.
    func digest(_ words: WordReading) async throws -> String {
        try await scratch.source("", words).prepare(cache: scratch.url.appending(path: "cache")) {
            _, _ in Issue.record("decoded again")
        }.digest
    }
    let (first, plain) = (try await digest(.required), try await digest(.ignored))
    try scratch.putLRW(duration: "0.60 seconds", videos: false)
    #expect(try await digest(.ignored) == plain)
    #expect(try await digest(.required) != first)
}

@Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
func metadataCountAsLeftOutWhereTheyAreNotRead() async throws {
    let scratch = try Scratch()
    try scratch.putLRW()
    try scratch.put("x", "ABOUT/train/notes.txt")
    let cache = scratch.url.appending(path: "cache")
    #expect(
        try await scratch.source("", .ignored).prepare(cache: cache).leftOut.words
            == "1 .txt, 4 .txt of a clip (word_boundary: true reads them)")
    #expect(try await scratch.source.prepare(cache: cache).leftOut.words == "1 .txt")
}

@Test(
    .enabled(if: hasFFmpeg, "ffmpeg is not installed"),
    arguments: [
        ("word_start,word_end", "0.25,0.55", 2..<6),
        ("word_start,word_end", "0.3,0.7", 3..<7),
        ("word_start_frame,word_end_frame", "3,5", 3..<5),
        ("word_start,word_end", "0,0.95", 0..<9),
        // Nothing in the table: the file beside the clip says it.
        ("word_start,word_end", ",", 2..<7),
        ("note,other", "1,2", 2..<7),
    ])
func aTableSaysWhenTheWordIsSpoken(columns: String, cells: String, word: Range<Int>) async throws {
    let scratch = try Scratch()
    try scratch.putLRW()
    let lines = ["ABOUT", "HOUSE"].flatMap { word in
        ["train", "val"].map { "\(word)/\($0)/\(word)_00001.y4m,\(word),\($0),\(cells)" }
    }
    try scratch.put(
        "path,class,split,\(columns)\n" + lines.joined(separator: "\n"), "clips.csv")
    let clips = try await scratch.clips(scratch.source("clips.csv"))
    #expect(clips.train.words == [word, word])
}

@Test(
    .enabled(if: hasFFmpeg, "ffmpeg is not installed"),
    arguments: [
        ("word_start,word_end", "0.5,0.2", "they have to be seconds from 0, the end behind"),
        ("word_start,word_end", "x,0.2", "the word's times are x to 0.2"),
        ("word_start,word_end", "0.5,", "the word's times are 0.5 to nothing"),
        ("word_start,word_end", "inf,inf", "they have to be seconds from 0"),
        ("word_start,word_end", "0.2,2.5", "lasts from 0.2 s to 2.5 s, and the clip from 0 to 0.9"),
        ("word_start,other", "0.2,1", "names the column word_start, and not word_end"),
        ("word_end_frame,other", "2,1", "the column word_end_frame, and not word_start_frame"),
        ("word_start_frame,word_end_frame", "2,2", "have to be whole numbers from 0"),
        (
            "word_start_frame,word_end_frame", "2,12",
            "ends behind frame 11, and the clip has 9 frames"
        ),
    ])
func timesThatCannotBeAreRefused(columns: String, cells: String, message: String) async throws {
    let scratch = try Scratch()
    try scratch.putLRW()
    let lines = ["ABOUT", "HOUSE"].flatMap { word in
        ["train", "val"].map { "\(word)/\($0)/\(word)_00001.y4m,\(word),\($0),\(cells)" }
    }
    try scratch.put(
        "path,class,split,\(columns)\n" + lines.joined(separator: "\n"), "clips.csv")
    let error = await #expect(throws: ClipError.self) {
        _ = try await scratch.clips(scratch.source("clips.csv"))
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    // Who does not use them, is not bothered by them.
    _ = try await scratch.clips(scratch.source("clips.csv", .ignored))
}

@Test func clipsWithoutTimesAreNamed() async throws {
    let scratch = try Scratch()
    for name in ["a/train/1", "b/train/1", "a/val/1", "b/val/1"] {
        try scratch.put("x", name + ".y4m")
    }
    let missing = await #expect(throws: ClipError.self) {
        _ = try await scratch.clips(scratch.source)
    }
    #expect(missing?.description.contains("4 clips: nothing says when its word is spoken") == true)
    try scratch.put("Duration: soon", "a/train/1.txt")
    try scratch.put("Channel: BBC", "b/train/1.txt")
    let wrong = await #expect(throws: ClipError.self) {
        _ = try await scratch.clips(scratch.source)
    }
    #expect(wrong?.description.contains("1.txt: its line is \"Duration: soon\"") == true)
    #expect(wrong?.description.contains("1.txt: has no line like \"Duration:") == true)
}

/// A prepared file keeps the words, whatever the recipe that reads it wants of them.
@Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
func aPreparedFileKnowsTheWords() async throws {
    let scratch = try Scratch()
    try scratch.putLRW()
    let file = scratch.url.appending(path: "set.h5")
    let plain = scratch.source("", .ignored)
    let made = try await plain.prepare(
        into: file, cache: scratch.url, decoded: scratch.url.appending(path: "none")
    ) { _, _ in }
    #expect(try await plain.prepare(cache: scratch.url).digest == made.digest)
    let cache = scratch.url.appending(path: "cache")
    let prepared = scratch.source("set.h5")
    #expect(try await scratch.clips(prepared).train.words == [2..<7, 2..<7])
    #expect(
        try await prepared.prepare(cache: cache).digest
            == scratch.source.prepare(cache: cache).digest)
    #expect(
        try await scratch.source("set.h5", .ignored).prepare(cache: cache).digest == made.digest)
    // From the decoded clips of a cache it is the same.
    let copy = scratch.url.appending(path: "copy.h5")
    let copied = try await plain.prepare(into: copy, cache: scratch.url, decoded: cache) { _, _ in
        Issue.record("decoded again")
    }
    #expect(copied.digest == made.digest)
    #expect(try await scratch.clips(scratch.source("copy.h5")).train.words == [2..<7, 2..<7])

    for word in ["ABOUT", "HOUSE"] {
        for split in ["train", "val"] {
            try FileManager.default.removeItem(
                at: scratch.url.appending(path: "\(word)/\(split)/\(word)_00001.txt"))
        }
    }
    _ = try await plain.prepare(into: file, cache: scratch.url, decoded: cache) { _, _ in }
    let error = await #expect(throws: ClipError.self) { try await scratch.clips(prepared) }
    #expect(error?.description.contains("does not say when its word is spoken") == true)
}

/// Frames converted to another rate are counted at that rate; pictures and numbers have none.
@Test(.enabled(if: hasFFmpeg, "ffmpeg is not installed"))
func secondsAreOfTheClipAsItIsRead() async throws {
    let scratch = try Scratch()
    try scratch.putLRW()
    var settings = ClipFolderSettings(splits: ["train", "val", "test"], classes: [])
    settings.words = .required
    settings.decoding.fps = 20
    let source = DataSource.folder(path: scratch.url.path, settings)
    var format = ClipFormat(frames: 18, height: 8, width: 8, channels: 1, padding: false)
    format.hasWordBoundary = true
    let clips = try await source.prepare(cache: scratch.url.appending(path: "cache")).load(format)
    #expect(clips.train.words == [5..<13, 5..<13])
}

@Test func theWindowMovesTheWord() throws {
    var format = ClipFormat(frames: 5, height: 8, width: 8, channels: 1, padding: false)
    format.hasWordBoundary = true
    let picture = Picture(
        width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: 0, count: 64))
    func boundary(_ count: Int, _ word: Range<Int>, _ draw: Augmentation.Draw? = nil) throws
        -> [Float]
    {
        var clips = FramedClips(format: format)
        clips.append(
            Clip(
                name: "", label: 0, frames: [Picture](repeating: picture, count: count), word: word)
        )
        let view = ClipView()
        try clips.show(0, changed: draw, in: view)
        return view.wordBoundary
    }
    // The middle five of eleven frames are 3 to 7.
    #expect(try boundary(11, 4..<6) == [0, 1, 1, 0, 0])
    #expect(try boundary(11, 0..<4) == [1, 0, 0, 0, 0])
    #expect(try boundary(11, 9..<11) == [0, 0, 0, 0, 0])
    // A shorter clip repeats its last frame, which is the word's no longer.
    #expect(try boundary(3, 1..<3) == [0, 1, 1, 0, 0])
    #expect(
        try boundary(5, 1..<3, .init(mirrored: false, right: 0, down: 0, later: 1, gain: 1))
            == [0, 0, 1, 1, 0])
}

@Test func clipsOfRandomLengthKeepTheirWord() throws {
    var format = ClipFormat(frames: 20, height: 8, width: 8, channels: 1, padding: false)
    (format.length, format.hasWordBoundary) = (.mask, true)
    var clips = FramedClips(format: format)
    let frames = (0..<20).map {
        Picture(
            width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: UInt8($0), count: 64))
    }
    clips.append(Clip(name: "", label: 0, frames: frames, word: 6..<11))
    var cutting = Augmentation()
    cutting.variableLength = true
    let view = ClipView()
    var (starts, ends): (Set<Int>, Set<Int>) = ([], [])
    for epoch in 1...400 {
        let draw = cutting.draw(seed: 3, epoch: epoch, clip: 0)
        try clips.show(0, changed: draw, in: view)
        let seen = view.frames.map { Int($0[0]) }
        let (first, last) = (seen[0], seen[0] + view.length - 1)
        starts.insert(first)
        ends.insert(last)
        #expect(seen == (0..<20).map { min(first + $0, last) })
        #expect(view.wordBoundary == (0..<20).map { (6..<11).contains(first + $0) ? 1 : 0 })
    }
    // Anywhere before the word, and anywhere behind it.
    #expect(starts == Set(0...6) && ends == Set(10...19))
    // Others are whole.
    try clips.show(0, in: view)
    #expect(view.length == 20)
}

@Test func theBuiltInWordsAreBetweenTheRests() {
    let set = VisemeSet()
    for clip in set.clips(.val) {
        guard let word = clip.word else {
            Issue.record("\(clip.name) has no word")
            continue
        }
        #expect(word.lowerBound >= 1 && word.upperBound < clip.frames.count)
        #expect(word.count * 2 > clip.frames.count)
    }
}
