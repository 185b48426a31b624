import Foundation
import Subprocess
import Testing

/// Videos that ffmpeg draws: `clips/<class>/<name>.mp4`, 10 frames of 48×32 at 25 a second, four of
/// each class.
private func videos(_ files: [String: String] = [:]) async throws -> Program {
    let program = try Program(
        files.merging([
            "r.yaml": """
            set: {path_to_dataset: clips, len_video: 4, size_lips: {width: 8, height: 8}, filters: 1, epoch: 1, batch_size: 2}
            """
        ]) { $1 })
    for (number, name) in ["a", "b"].enumerated() {
        try FileManager.default.createDirectory(
            at: program.folder.appending(path: "clips/\(name)"), withIntermediateDirectories: true)
        for clip in 0..<4 {
            try await draw("clips/\(name)/\(clip).mp4", program, "hue=h=\(number * 90 + clip * 20)")
        }
    }
    return program
}

private func draw(
    _ path: String, _ program: Program, _ filter: String, size: String = "48x32", frames: Int = 10,
    _ options: [String] = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
) async throws {
    let ending = try await program.run(
        command: [
            "ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
            "testsrc=size=\(size):rate=25", "-vf",
            filter, "-frames:v", String(frames),
        ] + options + ["file:" + path])
    try #require(ending.status == .exited(0), "\(ending.errors)")
}

private let hasFFmpeg = Program.has("ffmpeg")

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func everyDamagedClipIsNamedAndLeftOutOrRefused() async throws {
    let program = try await videos()
    defer { program.close() }
    let folder = program.folder.appending(path: "clips/a")
    func file(_ name: String) -> URL { folder.appending(path: name) }
    let whole = try Data(contentsOf: file("0.mp4"))
    try Data().write(to: file("empty.mp4"))
    try whole.prefix(whole.count / 2).write(to: file("truncated.mp4"))
    try Data("this is no video at all, whatever it is called".utf8).write(to: file("text.mkv"))
    try Data(repeating: 0xFF, count: 10_000).write(to: file("noise.avi"))
    let sound = try await program.run(
        command: [
            "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a",
            "aac",
            "file:clips/a/sound.mp4",
        ])
    #expect(sound.status == .exited(0))
    // A stream that ends in the middle.
    try await draw("whole.mpg", program, "null", frames: 60, ["-c:v", "mpeg1video", "-g", "5"])
    let stream = try Data(contentsOf: program.folder.appending(path: "whole.mpg"))
    var holed = stream
    holed.replaceSubrange(
        stream.count / 3..<stream.count / 3 + 400, with: Data(repeating: 0x5A, count: 400))
    try holed.write(to: file("holed.mpg"))
    try FileManager.default.createDirectory(at: file("frames"), withIntermediateDirectories: true)
    try Data("no picture".utf8).write(to: file("frames/1.png"))
    try FileManager.default.createSymbolicLink(
        atPath: file("nowhere.mp4").path, withDestinationPath: "/nonexistent.mp4")
    let outside = program.folder.appending(path: "outside.mp4")
    try whole.write(to: outside)
    try FileManager.default.createSymbolicLink(
        atPath: file("outside.mp4").path, withDestinationPath: outside.path)
    try FileManager.default.createSymbolicLink(
        atPath: file("inside.mp4").path, withDestinationPath: "1.mp4")
    try await draw("clips/a/one.mp4", program, "hue=h=200", frames: 1)
    // Names that have to reach ffmpeg as they are.
    for name in [
        "-y.mp4", "with space \"and' quotes\".mp4", "new\nline.mp4", "%d.mp4", "a:b,c;d|e.mp4",
        "клип.mp4",
    ] {
        try whole.write(to: file(name))
    }
    let damaged: [(String, String)] = [
        ("empty.mp4", "it is empty"), ("truncated.mp4", "ffmpeg can't decode it"),
        ("text.mkv", "ffmpeg can't decode it"),
        ("noise.avi", "ffmpeg can't decode it"), ("sound.mp4", "ffmpeg can't decode it"),
        ("holed.mpg", "ffmpeg can't decode it"), ("frames", "neither PNG nor JPEG"),
        ("nowhere.mp4", "a link to nowhere"),
        ("outside.mp4", "a link that leaves the data set"),
    ]
    let refused = try await program.run("data", "info", "r.yaml")
    #expect(refused.status == .exited(2))
    for (name, reason) in damaged {
        let line = refused.errors.split(separator: "\n").first { $0.contains("clips/a/\(name): ") }
        #expect(line?.contains(reason) == true, "\(name)\n\(refused.errors)")
    }
    let lines = refused.errors.split(separator: "\n").filter { $0.contains("clips/") }
    #expect(lines.count == damaged.count, "\(refused.errors)")
    let info = try await program.run(
        "data", "info", "r.yaml", "on_error=skip", "split.val=0.25", "split.test=0")
    #expect(info.status == .exited(0), "\(info.errors)")
    #expect(
        info.output.contains("left out  9 clips")
            && info.output.contains("1 clips have only one picture"))
    // 4, and inside, one, and six odd names.
    #expect(info.output.contains(try Regex("a +9 +3 +0")), "\(info.output)")
    let linked = try await program.run(
        "data", "info", "r.yaml", "on_error=skip", "follow_links=true")
    #expect(linked.output.contains("left out  8 clips"), "\(linked.output)\(linked.errors)")
    let sweep = try await program.run("sweep", "r.yaml", "on_error=skip")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
    #expect(
        sweep.errors.contains("9 clips can't be read and left out (on_error: skip)"),
        "\(sweep.errors)")
    let report = try program.text("results/r/report.md")
    #expect(
        report.contains("**9 clips** of the data could not be read")
            && report.contains("`a/empty.mp4`"))
    // The same data without what is broken is the same data.
    let digest = try #require(info.output.firstMatch(of: /digest +([0-9a-f]{64})/)).1
    for (name, _) in damaged { try FileManager.default.removeItem(at: file(name)) }
    let mended = try await program.run("data", "info", "r.yaml", "split.val=0.25", "split.test=0")
    #expect(mended.output.contains(digest), "\(mended.output)")
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func preparedClipsAreTheDataTheyWereMadeOf() async throws {
    let program = try await videos()
    defer { program.close() }
    let options = ["crop=20x16+11+7", "split.test=0.25", "split.val=0.25"]
    func run(_ arguments: [String]) async throws -> Program.Ending {
        let ending = try await program.run(command: [Program.url.path] + arguments)
        #expect(ending.status == .exited(0), "\(ending.errors)")
        return ending
    }
    let info = try await run(["data", "info", "r.yaml"] + options)
    let digest = try #require(info.output.firstMatch(of: /digest +([0-9a-f]{64})/)).1
    #expect(info.output.contains("20×16, RGB: 8"))
    let prepared = try await run(["data", "prepare", "clips", "-o", "set.h5"] + options)
    #expect(
        prepared.output.contains("8 clips") && prepared.output.contains(digest),
        "\(prepared.output)")
    #expect(try await run(["data", "info", "set.h5"]).output.contains(digest))
    #expect(
        try await run(["data", "info", "set.h5", "classes=[b,a]"]).output.contains(digest) == false)
    // A run of either is the same run.
    let ofFolder = try await run(["plan", "r.yaml", "--json"] + options)
    let ofFile = try await run(["plan", "r.yaml", "--json", "path_to_dataset=set.h5"])
    let id = try #require(ofFolder.output.firstMatch(of: /"id" *: *"([0-9a-f]{12})"/)).1
    #expect(ofFile.output.contains(id))
    _ = try await run(["sweep", "r.yaml", "path_to_dataset=set.h5"])
    let again = try await program.run(
        "sweep", "r.yaml", "crop=20x16+11+7", "split.test=0.25", "split.val=0.25")
    #expect(again.output.contains("1 stored, 0 to train"), "\(again.output)")
    // Its keys have had their say.
    let late = try await program.run(
        "plan", "r.yaml", "path_to_dataset=set.h5", "crop=lrw", "split.val=0.5")
    #expect(
        late.status == .exited(2) && late.errors.contains("crop: has no effect on a prepared file"),
        "\(late.errors)")
    #expect(late.errors.contains("split.val: has no effect"), "\(late.errors)")
    // A crop that does not fit is every clip's.
    let large = try await program.run("data", "info", "r.yaml", "crop=lrw")
    #expect(
        large.status == .exited(2) && large.errors.contains("does not fit its pictures of 48×32"),
        "\(large.errors)")
    #expect(try await program.run("data", "info", "r.yaml", "crop=20x").status == .exited(2))
    // Damage to the pixels is found when they are read.
    let file = program.folder.appending(path: "set.h5")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 5000] ^= 1
    try bytes.write(to: file)
    let damaged = try await program.run(
        "sweep", "r.yaml", "path_to_dataset=set.h5", "lr=0.5", "len_video=3")
    #expect(damaged.status == .exited(1), "\(damaged.errors)")
    #expect(
        (damaged.errors + damaged.output).contains("do not have their digest"),
        "\(damaged.output)\(damaged.errors)")
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func framesAreTakenByTheirTimes() async throws {
    let program = try await videos()
    defer { program.close() }
    func frames(_ overrides: String...) async throws -> String {
        let ending = try await program.run(
            command: [Program.url.path, "data", "info", "r.yaml"] + overrides)
        return String(ending.output.firstMatch(of: /frames +([0-9]+ … [0-9]+)/)?.1 ?? "")
            + ending.errors
    }
    #expect(try await frames() == "10 … 10")
    #expect(try await frames("fps=50") == "20 … 20")
    #expect(try await frames("fps=12.5") == "5 … 5")
    // The first five frames at 25 a second, the others at 5: 40 ms and 200 ms each.
    for name in ["a/4", "b/4"] {
        try await draw(
            "clips/\(name).mp4", program,
            "setpts='if(lt(N,5),N,5+(N-5)*5)/25/TB',drawbox=c=red:t=fill", frames: 10,
            ["-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p"])
    }
    #expect(try await frames() == "10 … 10")
    // 26 by the times of the first and the last frame; how long the last one stands is not said.
    let steady = try await frames("fps=25")
    #expect(steady == "10 … 26" || steady == "10 … 30", "\(steady)")
}

/// ffmpeg's decoders give the same planes with and without the processor's wide instructions, and
/// we take nothing else of it.
@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func videosAreTheSameBytesOnPlainProcessors() async throws {
    let program = try await videos()
    defer { program.close() }
    let codecs: [(String, [String])] = [
        ("a/mpeg4.avi", ["-c:v", "mpeg4", "-qscale:v", "4"]),
        ("a/mpeg1.mpg", ["-c:v", "mpeg1video"]),
        ("b/mjpeg.avi", ["-c:v", "mjpeg"]), ("b/ffv1.mkv", ["-c:v", "ffv1", "-pix_fmt", "bgr0"]),
        ("b/vp8.webm", ["-c:v", "libvpx"]),
        ("a/bt709.mp4", ["-c:v", "libx264", "-colorspace", "bt709"]),
        ("a/odd.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv444p"]),
    ]
    for (name, options) in codecs {
        try await draw("clips/\(name)", program, "hue=h=33", size: "50x38", options)
    }
    let real = try #require(
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map {
            "\($0)/ffmpeg"
        }
        .first { FileManager.default.isExecutableFile(atPath: $0) })
    let tools = program.folder.appending(path: "tools")
    try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
    let plain = tools.appending(path: "ffmpeg")
    try Data(
        "#!/bin/sh\nsleep 0.2; ulimit -v >>\"$0.count\"\nexec \(real) -cpuflags 0 \"$@\"\n".utf8
    ).write(to: plain)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: plain.path)
    let wide = try await program.run("data", "prepare", "clips", "-o", "wide.h5")
    #expect(wide.status == .exited(0), "\(wide.errors)")
    let path = "\(tools.path):" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let narrow = try await program.run(
        "data", "prepare", "clips", "-o", "plain.h5", environment: ["PATH": path])
    #expect(narrow.status == .exited(0), "\(narrow.errors)")
    // And in little memory: what the child says of its own limit, in KB.
    let limits = try String(contentsOfFile: plain.path + ".count", encoding: .utf8).split(
        separator: "\n")
    #expect(limits.contains("4194304"), "\(limits)")
    let files = try ["wide.h5", "plain.h5"].map {
        try Data(contentsOf: program.folder.appending(path: $0))
    }
    #expect(files[0] == files[1])
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func tablesNameClipsClassesSplitsAndGroups() async throws {
    let program = try await videos()
    defer { program.close() }
    func info(_ table: String, _ overrides: String...) async throws -> Program.Ending {
        try Data(table.utf8).write(to: program.folder.appending(path: "clips/table.csv"))
        return try await program.run(
            command: [Program.url.path, "data", "info", "clips/table.csv"] + overrides)
    }
    let rows = ["a", "b"].flatMap { name in
        (0..<4).map { (path: "\(name)/\($0).mp4", name: name, take: $0) }
    }
    let split = try await info(
        "\u{FEFF}path,speaker,class,split\r\n"
            + rows.map { "\($0.path),x,\"\($0.name), so\",\($0.take == 3 ? "val" : "train")\r\n" }
            .joined())
    #expect(split.status == .exited(0), "\(split.errors)")
    #expect(
        split.output.contains(/a, so +3 +1 +0/) && split.output.contains(/b, so +3 +1 +0/),
        "\(split.output)")
    let groups = try await info(
        "class,path,group\n" + rows.map { "\($0.name),\($0.path),s\($0.take / 2)\n" }.joined(),
        "split.test=0",
        "split.val=0.5")
    #expect(groups.output.contains(/all +4 +4 +0/), "\(groups.output)\(groups.errors)")
    let wrong = try await info(
        "path,class,split\na/0.mp4,a,train\na/0.mp4,a,train\na/1.mp4,a\na/2.mp4,b,maybe\n,b,val\n")
    #expect(wrong.status == .exited(2))
    for reason in [
        ":3: can't be read as a table of clips: a/0.mp4 is in line 2 already",
        ":4: can't be read as a table of clips",
        ":5: can't be read as a table of clips: the split is maybe",
        ":6: can't be read as a table of clips: path and class",
    ] {
        #expect(wrong.errors.contains(reason), "\(wrong.errors)")
    }
    #expect(try await info("").errors.contains("it is empty"))
    #expect(
        try await info("file,label\nx,y\n").errors.contains(
            "has to name the columns path and class"))
    #expect(try await info("path,class\n\"a,b\n").errors.contains("a quote is not closed"))
}

/// 330 MB of clips, framed to 60 MB, in a run that may take 120 MB. `make bench-data` does it with
/// as much as one likes.
@Test func aRunHoldsABatchAndNotTheSet() async throws {
    let program = try Program([
        "r.yaml": """
        set: {path_to_dataset: big.h5, len_video: 29, size_lips: {width: 48, height: 48}, channels_lips: 3, filters: 1, batch_size: 2, epoch: 1}
        """
    ])
    defer { program.close() }
    #expect(
        try await program.run("bench", "make-clips", "big.h5", "--clips", "300").status
            == .exited(0))
    let size =
        try program.folder.appending(path: "big.h5").resourceValues(forKeys: [.fileSizeKey])
        .fileSize ?? 0
    #expect(size > 300_000_000)
    let sweep = try await program.run("sweep", "r.yaml", "--memory", "120M")
    #expect(sweep.status == .exited(0), "\(sweep.output)\(sweep.errors)")
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func frameFoldersMayNotLinkOut() async throws {
    let program = try await videos()
    defer { program.close() }
    let ending = try await program.run(
        command: ["ffmpeg", "-v", "error", "-i", "clips/a/0.mp4", "-frames:v", "3", "%d.png"])
    #expect(ending.status == .exited(0))
    let frames = program.folder.appending(path: "clips/a/frames")
    try FileManager.default.createDirectory(at: frames, withIntermediateDirectories: true)
    for frame in 1...3 {
        try FileManager.default.createSymbolicLink(
            at: frames.appending(path: "\(frame).png"),
            withDestinationURL: program.folder.appending(path: "\(frame).png"))
    }
    let refused = try await program.run("data", "info", "clips")
    #expect(
        refused.status == .exited(2) && refused.errors.contains("leaves the data set"),
        "\(refused.errors)")
    let followed = try await program.run("data", "info", "clips", "follow_links=true")
    #expect(followed.status == .exited(0), "\(followed.errors)")
}
