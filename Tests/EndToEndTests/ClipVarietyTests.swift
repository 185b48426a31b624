import Foundation
import Testing

/// Clips that lie in real folders: other containers, pixel formats, and what is no clip at all.
private let hasFFmpeg = Program.has("ffmpeg")

private func program() throws -> Program {
    try Program([
        "r.yaml": """
        set: {path_to_dataset: clips, len_video: 4, size_lips: {width: 8, height: 8}, filters: 1, epoch: 1, batch_size: 2}
        """
    ])
}

private func draw(_ path: String, _ program: Program, _ options: [String]) async throws {
    let file = program.folder.appending(path: path)
    try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let ending = try await program.run(
        command: [
            "ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
            "testsrc2=size=48x32:rate=25", "-frames:v", "6",
        ] + options + ["file:" + path])
    try #require(ending.status == .exited(0), "\(path): \(ending.errors)")
}

/// Two classes of three videos.
private func plain(_ program: Program) async throws {
    for name in ["a", "b"] {
        for clip in 1...3 {
            let filter = ["-vf", "hue=h=\(clip * 20 + (name == "a" ? 0 : 90))"]
            try await draw("clips/\(name)/\(clip).mp4", program, filter + ["-pix_fmt", "yuv420p"])
        }
    }
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func otherContainersAndPixelFormatsAreRead() async throws {
    let program = try program()
    defer { program.close() }
    try await plain(program)
    let raw = ["-c:v", "rawvideo", "-pix_fmt"]
    let read: [(String, [String])] = [
        ("x.MTS", ["-pix_fmt", "yuv420p", "-f", "mpegts"]), ("x.ts", ["-f", "mpegts"]),
        ("x.m2ts", ["-f", "mpegts"]), ("x.wmv", []), ("x.flv", []), ("x.ogv", []),
        ("x.3gp", ["-c:v", "h263", "-s", "176x144"]), ("x.dv", ["-s", "720x576"]),
        ("10.mkv", ["-c:v", "libx264", "-pix_fmt", "yuv420p10le"]),
        ("yuyv.nut", raw + ["yuyv422"]), ("uyvy.nut", raw + ["uyvy422"]),
        ("nv12.nut", raw + ["nv12"]), ("alpha.nut", raw + ["yuva420p"]),
        ("gbrp10.nut", raw + ["gbrp10le"]), ("gray10.nut", raw + ["gray10le"]),
        ("gray16.nut", raw + ["gray16le"]), ("rgb48.nut", raw + ["rgb48le"]),
        ("444p12.nut", raw + ["yuv444p12le"]),
    ]
    for (name, options) in read { try await draw("clips/a/\(name)", program, options) }
    let info = try await program.run("data", "info", "r.yaml")
    #expect(info.status == .exited(0), "\(info.errors)")
    // The same pictures, planar and packed, are the same pixels.
    var digests: Set<String> = []
    for (folder, format) in [("planar", "yuv422p"), ("packed", "yuyv422"), ("turned", "uyvy422")] {
        for clip in ["a/1", "a/2", "b/1", "b/2"] {
            let filter = ["-vf", "hue=h=\(clip.utf8.reduce(0) { $0 + Int($1) })"]
            // From one pixel format, whose conversion is the same for all.
            try await draw(
                "\(folder)/\(clip).nut", program,
                ["-vf", "\(filter[1]),format=yuv422p,format=\(format)"] + raw + [format])
        }
        let look = try await program.run("data", "info", folder)
        digests.insert(
            look.output.firstMatch(of: /digest +([0-9a-f]{64})/).map { String($0.1) } ?? folder)
    }
    #expect(digests.count == 1, "\(digests)")
    #expect(!info.output.contains("left out"), "\(info.output)")
    try await draw("clips/a/odd.nut", program, raw + ["yuv440p"])
    let odd = try await program.run("data", "info", "r.yaml")
    #expect(odd.status == .exited(2))
    #expect(odd.errors.contains("its pixel format is yuv440p, which is not read"), "\(odd.errors)")
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func nothingInADataSetIsLeftOutInSilence() async throws {
    let program = try program()
    defer { program.close() }
    try await plain(program)
    let folder = program.folder.appending(path: "clips/a")
    func write(_ name: String, _ text: String = "x") throws {
        try FileManager.default.createDirectory(
            at: folder.appending(path: name).deletingLastPathComponent(),
            withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appending(path: name))
    }
    try write("readme.txt")
    try write("labels.txt")
    try write("bmps/1.bmp")
    try write("@eaDir/1.jpg")
    try write(".ipynb_checkpoints/1.png")
    #expect(mkfifo(folder.appending(path: "pipe.mp4").path, 0o600) == 0)
    let odd =
        Array(folder.path.utf8CString.dropLast()) + [0x2F, 0x62, -1, 0x2E, 0x6D, 0x70, 0x34, 0]
    let descriptor = open(odd, O_WRONLY | O_CREAT, 0o644)
    #expect(descriptor >= 0)
    close(descriptor)
    let info = try await program.run("data", "info", "r.yaml")
    #expect(info.status == .exited(0), "\(info.errors)")
    for words in [
        "5 files: 2 .txt, 1 folders of .bmp pictures (PNG and JPEG are read), 1 names that are not UTF-8, 1 pipes, sockets and devices",
        "a/readme.txt (.txt)",
    ] {
        #expect(info.output.contains(words), "\(info.output)")
    }
    let sweep = try await program.run("sweep", "r.yaml")
    #expect(sweep.errors.contains("5 files are no clips and left out: 2 .txt"), "\(sweep.errors)")
}

@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func seriesPlaylistsAndCoversAreNamed() async throws {
    let program = try program()
    defer { program.close() }
    try await plain(program)
    for name in ["a", "b"] {
        try await draw("clips/\(name)/two/color_%03d.jpg", program, [])
        try await draw("clips/\(name)/two/depth_%03d.jpg", program, ["-vf", "negate"])
    }
    let two = try await program.run("data", "info", "r.yaml")
    #expect(two.status == .exited(2))
    #expect(
        two.errors.contains("its pictures are 2 series: color_# (6), depth_# (6): choose one"),
        "\(two.errors)")
    let chosen = try await program.run("data", "info", "r.yaml", "frames=color_*")
    #expect(chosen.status == .exited(0) && chosen.output.contains("frames    6 … 6"), "\(chosen)")
    let none = try await program.run("data", "info", "r.yaml", "frames=x*")
    #expect(none.errors.contains("no picture matches frames: x*"), "\(none.errors)")
    let target = program.folder.appending(path: "clips/b/1.mp4").path
    for (name, text) in [
        ("hls", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(target)\n#EXT-X-ENDLIST\n"),
        ("concat", "ffconcat version 1.0\nfile \(target)\n"),
    ] {
        try Data(text.utf8).write(to: program.folder.appending(path: "clips/a/\(name).mp4"))
    }
    let cover = try await program.run(
        command: [
            "sh", "-c",
            """
            ffmpeg -v error -y -f lavfi -i sine=duration=1 -f lavfi -i color=red:s=32x32:d=0.04 \
            -map 0 -map 1 -c:v mjpeg -disposition:v attached_pic -c:a aac -f mp4 clips/a/cover.mp4
            """,
        ])
    #expect(cover.status == .exited(0), "\(cover.errors)")
    let lists = try await program.run("data", "info", "r.yaml", "frames=color_*")
    #expect(lists.status == .exited(2))
    for name in ["hls", "concat"] {
        #expect(
            lists.errors.contains(
                "clips/a/\(name).mp4: ffmpeg can't decode it: it is no video file"),
            "\(lists.errors)")
    }
    #expect(
        lists.errors.contains("cover.mp4: ffmpeg can't decode it: it holds no video"),
        "\(lists.errors)")
}

/// A process that is killed says nothing about the clip: it is not left out, and not remembered.
@Test(.enabled("there is no ffmpeg") { hasFFmpeg })
func aFailureOfTheMachineIsNoPropertyOfTheData() async throws {
    let program = try program()
    defer { program.close() }
    try await plain(program)
    let tools = program.folder.appending(path: "tools")
    try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
    let path = "\(tools.path):" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let whole = try await program.run("data", "info", "r.yaml", "--cache", "first")
    let digest = try #require(whole.output.firstMatch(of: /digest +([0-9a-f]{64})/)).1
    for (script, reason) in [
        ("kill -9 $$", "ffmpeg was ended"),
        (
            "echo '[error] av_interleaved_write_frame(): No space left on device' >&2; exit 1",
            "No space left on device"
        ),
        ("exit 0", "what ffmpeg wrote is gone"),
    ] {
        let fake = tools.appending(path: "ffmpeg")
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: fake)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
        let failed = try await program.run(
            "sweep", "r.yaml", "on_error=skip", environment: ["PATH": path])
        #expect(failed.status == .exited(1), "\(script): \(failed.output)\(failed.errors)")
        #expect(
            failed.errors.contains("was not decoded, for a reason outside it")
                && failed.errors.contains(reason), "\(failed.errors)")
        try FileManager.default.removeItem(at: fake)
    }
    let sweep = try await program.run("sweep", "r.yaml", "on_error=skip")
    #expect(sweep.status == .exited(0) && !sweep.errors.contains("left out"), "\(sweep.errors)")
    #expect(try await program.run("data", "info", "r.yaml").output.contains(digest))
}

@Test func foldersOfOtherNamesAndLooseClipsGetAdvice() async throws {
    let program = try program()
    defer { program.close() }
    func touch(_ paths: [String]) throws {
        for path in paths {
            let file = program.folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: file)
        }
    }
    try touch([
        "clips/train/a/1.npy", "clips/train/b/1.npy", "clips/valid/a/2.npy", "clips/valid/b/2.npy",
    ])
    let valid = try await program.run("data", "info", "r.yaml")
    #expect(
        valid.status == .exited(2)
            && valid.errors.contains(
                "there is no folder val, but valid: name the folders: subfolders: [train, valid, test]"
            ), "\(valid.errors)")
    try touch(["loose/1.mp4", "loose/notes.txt", "nested/1.mp4", "nested/below/2,3.npy"])
    let loose = try await program.run("data", "info", "loose")
    #expect(
        loose.status == .exited(2) && loose.errors.contains("`viseme data table ")
            && loose.errors.contains("<class>/<clip>"), "\(loose.errors)")
    let table = try await program.run("data", "table", "nested")
    #expect(table.output == "path,class\n1.mp4,\n\"below/2,3.npy\",\n", "\(table.errors)")
    // Two Unicode forms of one name.
    try touch(["twins/e\u{301}/1.npy", "twins/\u{E9}/1.npy"])
    let twins = try await program.run("data", "info", "twins")
    #expect(twins.errors.contains("differ only in their Unicode form"), "\(twins.errors)")
}

@Test func tablesAreTrimmedAndStayInTheirFolder() async throws {
    let program = try program()
    defer { program.close() }
    func info(_ table: Data) async throws -> Program.Ending {
        try table.write(to: program.folder.appending(path: "t.csv"))
        return try await program.run("data", "info", "t.csv")
    }
    let utf16 = try #require("path,class\n".data(using: .utf16))
    #expect(try await info(utf16).errors.contains("it is UTF-16: save it as UTF-8"))
    #expect(
        try await info(Data("path,class,Path\na,b,c\n".utf8)).errors.contains(
            "names the column path twice"))
    let outside = try await info(
        Data("path,class\n/etc/x.npy,a\n../x.npy,b\na/../../x.npy,b\n".utf8))
    for line in 2...4 {
        #expect(outside.errors.contains("t.csv:\(line): "), "\(outside.errors)")
    }
    #expect(outside.errors.contains("leads out of the table's folder: set follow_links: true"))
    let twins = try await info(Data("path,class\na.npy,e\u{301}\nb.npy,\u{E9}\n".utf8))
    #expect(twins.errors.contains("only in its Unicode form"), "\(twins.errors)")
    let blanks = try await info(Data("path , class\na.npy, one\nb.npy,one \nc.npy,\"one \"\n".utf8))
    #expect(blanks.errors.contains("there is one class only, one"), "\(blanks.errors)")
}

/// Arrays of any usual type, and the numbers that do not fit.
@Test func arraysOfOtherTypesAreRead() async throws {
    guard let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] else { return }
    let program = try program()
    defer { program.close() }
    let made = try await program.run(command: [
        python, "-c",
        """
        import numpy, os
        rng = numpy.random.default_rng(1)
        clips = {f'{c}{i}': rng.integers(0, 256, (4, 8, 8, 3)) for c in 'ab' for i in range(4)}
        kinds = {'u1': lambda x: x.astype('u1'), 'i4': lambda x: x.astype('<i4'), 'big': lambda x: x.astype('>i8'),
                 'i2': lambda x: x.astype('i2'), 'f2': lambda x: (x / 256).astype('f2') * 256 / 255,
                 'fortran': lambda x: numpy.asfortranarray(x.astype('u1')),
                 'f8': lambda x: (x / 255).astype('>f8')}
        for kind, make in kinds.items():
            for name, x in clips.items():
                os.makedirs(f'{kind}/{name[0]}', exist_ok=True)
                numpy.save(f'{kind}/{name[0]}/{name}.npy', make(x))
        for kind, value in {'high': 255.0, 'nan': float('nan')}.items():
            for c in 'ab':
                os.makedirs(f'{kind}/{c}', exist_ok=True)
                for i in range(4):
                    numpy.save(f'{kind}/{c}/{i}.npy', numpy.full((4, 8, 8), value, 'f4'))
        """,
    ])
    #expect(made.status == .exited(0), "\(made.errors)")
    func digest(_ folder: String) async throws -> String {
        let info = try await program.run("data", "info", folder)
        #expect(info.status == .exited(0), "\(folder): \(info.errors)")
        return info.output.firstMatch(of: /digest +([0-9a-f]{64})/).map { String($0.1) } ?? ""
    }
    let plain = try await digest("u1")
    for kind in ["i4", "big", "i2", "fortran", "f8"] {
        #expect(try await digest(kind) == plain, "\(kind)")
    }
    _ = try await digest("f2")
    let high = try await program.run("data", "info", "high")
    #expect(
        high.status == .exited(2)
            && high.errors.contains(
                "its numbers reach from 255 to 255, outside of value_range (0 … 1): set value_range.min"
            ), "\(high.errors)")
    #expect(high.errors.contains("8 clips: "), "equal messages are one")
    let nan = try await program.run("data", "info", "nan")
    #expect(nan.status == .exited(2) && nan.errors.contains("it holds NaN"), "\(nan.errors)")
}
