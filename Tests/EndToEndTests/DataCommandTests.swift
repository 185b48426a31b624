import Foundation
import RunStore
import Testing

/// A NumPy array of bytes, version 1.0 of the format.
private func npy(_ shape: [Int], type: String = "|u1", _ body: [UInt8]) -> Data {
    let size = shape.map(String.init).joined(separator: ", ")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(size),), }"
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    let length = header.utf8.count
    return Data(
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
            + Array(header.utf8) + body)
}

/// A study of arrays: 2 classes × 10 clips of 4 frames, 8×8.
private func arrays() throws -> Program {
    let program = try Program([
        "r.yaml": """
        set: {path_to_dataset: clips, len_video: 4, size_lips: {width: 8, height: 8}, filters: 1, epoch: 1, batch_size: 2}
        """
    ])
    for (label, name) in ["да", "no \"x\" -y"].enumerated() {
        let folder = program.folder.appending(path: "clips/\(name)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for clip in 0..<10 {
            let pixels = (0..<256).map { UInt8(($0 * (clip + 3) * 7 + label * 50) % 251) }
            try npy([4, 8, 8], pixels).write(to: folder.appending(path: "s\(clip % 5)_\(clip).npy"))
        }
    }
    return program
}

@Test func aNewRecipeFitsTheClipsAndCanBeSwept() async throws {
    let program = try arrays()
    defer { program.close() }
    let new = try await program.run("new", "n.yaml", "--data", "clips", "--group", "^(s[0-9]+)_")
    #expect(new.status == .exited(0), "\(new.errors)")
    #expect(
        new.output.contains(
            "20 clips of 2 classes, 12 to train with; 4 frames of 8×8 px (medians)"),
        "\(new.output)")
    let text = try program.text("n.yaml")
    for line in [
        "split: {group: \"^(s[0-9]+)_\"}", "len_video: 8 ", "size_lips: {width: 16, height: 16}",
        "length: resample", "epoch: 120\n",
    ] { #expect(text.contains(line), "\(line)\n\(text)") }
    let swept = try await program.run(
        "sweep", "n.yaml", "epoch=1", "seed=[1]", "lr=[0.001]", "filters=1")
    #expect(swept.status == .exited(0), "\(swept.errors)")
    let model = try await program.run("model", "n.yaml")
    #expect(model.status == .exited(0), "\(model.errors)")
    #expect(
        model.output.contains("temporal block, kernels 3/5/7, dilation 2  8×192 "),
        "\(model.output)")
    let none = try await program.run("new", "m.yaml", "--data", "nowhere")
    #expect(none.status == .exited(2))
    #expect(none.errors.contains("there is no such folder or file"), "\(none.errors)")
}

@Test func wholeDataSetsAreClassified() async throws {
    let program = try arrays()
    defer { program.close() }
    let swept = try await program.run("sweep", "r.yaml")
    #expect(swept.status == .exited(0), "\(swept.errors)")
    let all = try await program.run("predict", "results/r:1", "clips")
    #expect(all.status == .exited(0), "\(all.errors)")
    #expect(all.output.contains(" of 20 right: "), "\(all.output)")
    // A folder of clips without classes has no truth.
    let some = try await program.run("predict", "results/r:1", "clips/да", "--csv", "-")
    #expect(some.output.split(separator: "\n").count == 11, "\(some.output)")
    #expect(some.output.hasPrefix("clip,is,class,"), "\(some.output)")
    let prepared = try await program.run("data", "prepare", "clips", "-o", "set.h5")
    #expect(prepared.status == .exited(0), "\(prepared.errors)")
    let set = try await program.run("predict", "results/r:1", "set.h5")
    #expect(
        set.output.split(separator: "\n").last == all.output.split(separator: "\n").last,
        "\(set.output)")
    let last = try await program.run("predict", "results/r:1", "--weights", "last", "clips")
    #expect(last.status == .exited(2))
    #expect(last.errors.contains("holds no weights of the last epoch"), "\(last.errors)")
}

@Test func aTrainedNetworkRemembersHowItsClipsWereNormalised() async throws {
    let program = try arrays()
    defer { program.close() }
    _ = try await program.run("sweep", "r.yaml", "normalize=dataset", "model=cnn3d_gru", "seed=[1]")
    let record = try program.record("seed=1", study: "r")
    let inputs = try #require(record.provenance.inputs)
    #expect((0.3...0.7).contains(inputs.mean) && (0.1...0.4).contains(inputs.deviation))
    let all = try await program.run("predict", "results/r:1", "clips", "--csv", "-")
    let lines = all.output.split(separator: "\n").dropFirst()
    // What the run says of its validation clips, and what it says of them now.
    for predictions in record.predictions {
        // The other class has quotes in its name.
        let plain = predictions.names.enumerated().filter { $0.element.hasPrefix("да/") }
        #expect(!plain.isEmpty)
        for (clip, name) in plain {
            let line = try #require(lines.first { $0.hasPrefix("\(name),") })
            let fields = line.split(separator: ",").suffix(2).compactMap { Float($0) }
            let share = fields[predictions.predicted[clip]]
            #expect(abs(share - predictions.probabilities[clip]) < 1e-5, "\(name)")
        }
    }
}

@Test func dataIsLookedAtBeforeItIsTrainedWith() async throws {
    let program = try arrays()
    defer { program.close() }
    let clips = program.folder.appending(path: "clips")
    // What a decoder that was killed left behind goes.
    let leftover = program.folder.appending(path: "user-cache/viseme/.viseme-decoding-x")
    try FileManager.default.createDirectory(at: leftover, withIntermediateDirectories: true)
    try Data().write(to: leftover.appending(path: ".lock"))
    let info = try await program.run("data", "info", "r.yaml")
    #expect(!FileManager.default.fileExists(atPath: leftover.path))
    let names = try FileManager.default.contentsOfDirectory(atPath: program.folder.path)
    #expect(names.sorted() == ["clips", "r.yaml", "user-cache"], "looking writes nothing else")
    #expect(info.status == .exited(0), "\(info.errors)")
    #expect(
        info.output.contains("fit       len_video 4: 0 clips are cut, 0 repeat their last frame"))
    let longer = try await program.run("data", "info", "r.yaml", "len_video=6")
    #expect(longer.output.contains("len_video 6: 0 clips are cut, 20 repeat their last frame"))
    #expect(
        info.output.contains("frames    4 … 4, median 4")
            && info.output.contains("sizes     8×8, grey: 20"),
        "\(info.output)")
    #expect(
        info.output.contains(/all +12 +4 +4/) && !info.output.contains("more than one"),
        "\(info.output)")
    // Blank, dark, of two shapes, and the same clip under two labels.
    try npy([4, 8, 8], [UInt8](repeating: 7, count: 256)).write(
        to: clips.appending(path: "да/blank.npy"))
    try npy([4, 8, 8, 1], (0..<256).map { UInt8($0 % 23) }).write(
        to: clips.appending(path: "да/dark.npy"))
    try FileManager.default.copyItem(
        at: clips.appending(path: "да/s0_0.npy"), to: clips.appending(path: "no \"x\" -y/again.npy")
    )
    let found = try await program.run("data", "info", "r.yaml").output
    #expect(found.contains("1 clips with identical pixels are in more than one class"), "\(found)")
    #expect(
        found.contains("1 clips are blank") && found.contains("да/blank.npy")
            && found.contains("1 clips are nearly black"), "\(found)")
    let preview = try await program.run("data", "preview", "r.yaml", "-o", "sheet.png")
    #expect(
        preview.status == .exited(0)
            && preview.output.contains("rows, from the top: no \"x\" -y, да")
            && preview.output.contains("columns: clips of train, train, val, test"),
        "\(preview.output)")
    let sheet = [UInt8](try Data(contentsOf: program.folder.appending(path: "sheet.png")))
    #expect(
        sheet.starts(with: [0x89, 0x50, 0x4E, 0x47])
            && sheet[16...23].elementsEqual([0, 0, 0, 158, 0, 0, 0, 34]))
    #expect(try await program.run("data", "preview", "r.yaml", "-o", "x.jpg").status == .exited(2))
    let sweep = try await program.run("sweep", "r.yaml")
    #expect(sweep.status == .exited(0), "\(sweep.errors)")
}

@Test func splitsAreTheDatasNotTheSeeds() async throws {
    let program = try arrays()
    defer { program.close() }
    func ids(_ overrides: [String]) async throws -> [String] {
        let before = try await program.run(
            command: [Program.url.path, "data", "info", "r.yaml"] + overrides)
        #expect(before.status == .exited(0), "\(before.errors)")
        let plan = try await program.run(command: [Program.url.path, "plan", "r.yaml"] + overrides)
        #expect(plan.status == .exited(0), "\(plan.errors)")
        return plan.output.matches(of: /[0-9a-f]{12}/).map { String($0.0) }
    }
    let plain = try await ids([])
    #expect(try await ids(["split_seed=1"]) != plain)
    #expect(try await ids(["split.group='^(s.)_'"]) != plain)
    #expect(Set(try await ids(["split.folds=5", "split.fold=0,1,2,3,4"])).count == 5)
    // Floats of the same pictures are the same data.
    let floats = program.folder.appending(path: "floats")
    for name in ["да", "no \"x\" -y"] {
        try FileManager.default.createDirectory(
            at: floats.appending(path: name), withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(
            atPath: program.folder.appending(path: "clips/\(name)").path)
        {
            let bytes = [UInt8](
                try Data(contentsOf: program.folder.appending(path: "clips/\(name)/\(file)"))
            ).suffix(
                256)
            let body = bytes.flatMap { byte in
                withUnsafeBytes(of: (Float(byte) / 255 * 4 - 2).bitPattern.littleEndian) {
                    Array($0)
                }
            }
            try npy([4, 1, 8, 8], type: "<f4", body).write(
                to: floats.appending(path: "\(name)/\(file)"))
        }
    }
    #expect(try await ids(["path_to_dataset=floats", "value_range={min: -2, max: 2}"]) == plain)
    // Numbers outside of the range are a mistake that names the range and the key.
    let outside = try await program.run("data", "info", "r.yaml", "path_to_dataset=floats")
    #expect(outside.status == .exited(2))
    #expect(
        outside.errors.contains("outside of value_range (0 … 1): set value_range.min"),
        "\(outside.errors)")
}

@Test func damagedClipsAreNamedAllAtOnce() async throws {
    let program = try arrays()
    defer { program.close() }
    let folder = program.folder.appending(path: "clips/да")
    let whole = npy([4, 8, 8], [UInt8](repeating: 9, count: 256))
    let cases: [(String, Data, String)] = [
        ("empty.npy", Data(), "it is empty (0 bytes)"),
        ("cut.npy", whole.dropLast(), "does not fit"),
        ("text.npy", Data("no".utf8), "it is no NumPy array"),
        ("header.npy", whole.prefix(40), "header is cut off"),
        (
            "complex.npy", npy([2, 2, 2], type: "<c8", [UInt8](repeating: 0, count: 64)),
            "its numbers are <c8"
        ),
        ("flat.npy", npy([256], [UInt8](repeating: 0, count: 256)), "its shape is [256]"),
        ("huge.npy", npy([1_000_000, 1_000_000, 1_000_000], []), "is too large"),
        ("none.npy", npy([0, 8, 8], []), "holds no picture"),
        (
            "zip.npz", Data([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 60)),
            "archive is cut off"
        ),
    ]
    for (name, data, _) in cases { try data.write(to: folder.appending(path: name)) }
    let ending = try await program.run("data", "info", "r.yaml")
    #expect(ending.status == .exited(2))
    for (name, _, reason) in cases {
        #expect(
            ending.errors.contains(
                try Regex(
                    "да/\(name): can't be read as a clip: .*\(NSRegularExpression.escapedPattern(for: reason))"
                )),
            "\(name)\n\(ending.errors)")
    }
}

@Test func otherClassesMoveNoSplit() async throws {
    let program = try arrays()
    defer { program.close() }
    let third = program.folder.appending(path: "clips/third")
    try FileManager.default.createDirectory(at: third, withIntermediateDirectories: true)
    for clip in 0..<9 {
        try npy([4, 8, 8], (0..<256).map { UInt8(($0 * (clip + 2) * 11) % 241) })
            .write(to: third.appending(path: "t\(clip).npy"))
    }
    func digest(_ what: [String]) async throws -> String {
        let info = try await program.run(command: [Program.url.path, "data", "info"] + what)
        #expect(info.status == .exited(0), "\(info.errors)")
        return try String(#require(info.output.firstMatch(of: /digest +([0-9a-f]{64})/)).1)
    }
    // Chosen from a folder, which then divides them, or from a file that was divided as a whole.
    for rule in [["split.test=0.2"], ["split.folds=5", "split.fold=2"]] {
        let made = try await program.run(
            command: [Program.url.path, "data", "prepare", "clips", "-o", "set.h5"] + rule)
        #expect(made.status == .exited(0), "\(made.errors)")
        for classes in ["classes=[third,да]", "classes=[да,third]"] {
            #expect(try await digest(["clips", classes] + rule) == digest(["set.h5", classes]))
        }
    }
}

@Test func whatCannotBeMeantIsAMistake() async throws {
    let program = try arrays()
    defer { program.close() }
    func refused(_ arguments: String..., because reason: String) async throws {
        let ending = try await program.run(command: [Program.url.path, "data"] + arguments)
        #expect(
            ending.status == .exited(2) && ending.errors.contains(reason),
            "\(arguments): \(ending.status) \(ending.errors)")
    }
    try await refused(
        "info", "clips", "value_range.min=5",
        because: "value_range.min has to be below value_range.max")
    try await refused(
        "info", "clips", "split.val=0.6", "split.test=0.6",
        because: "both validation and training need clips")
    try await refused(
        "info", "clips", "split.val=0", because: "both validation and training need clips")
    try await refused("info", "clips", "split.fold=1", because: "split.fold")
    // A pipe is no file to wait for, whatever its name.
    for name in ["pipe.h5", "pipe.csv"] {
        #expect(mkfifo(program.folder.appending(path: name).path, 0o600) == 0)
        try await refused("info", name, because: "can't be read")
    }
    // Nothing but files of clips is written over.
    let precious = program.folder.appending(path: "precious.h5")
    try Data("a thesis".utf8).write(to: precious)
    try await refused("prepare", "clips", "-o", "precious.h5", because: "no file of clips")
    #expect(try String(contentsOf: precious, encoding: .utf8) == "a thesis")
    for _ in 0..<2 {
        #expect(
            try await program.run("data", "prepare", "clips", "-o", "set.h5").status == .exited(0))
    }
    // Splits that are given are not divided again.
    let given = program.folder.appending(path: "given")
    for (number, path) in ["train/a", "train/b", "val/a", "val/b"].enumerated() {
        try FileManager.default.createDirectory(
            at: given.appending(path: path), withIntermediateDirectories: true)
        try npy([4, 8, 8], (0..<256).map { UInt8($0 * (number + 1) % 250) }).write(
            to: given.appending(path: path + "/1.npy"))
    }
    #expect(try await program.run("data", "info", "given").status == .exited(0))
    try await refused("info", "given", "split.folds=3", because: "have nothing to divide")
    try Data("path,class,split,group\n1.npy,a,train,s\n2.npy,b,val,s\n".utf8).write(
        to: program.folder.appending(path: "torn.csv"))
    try await refused("info", "torn.csv", because: "group s is in more than one split")
}

@Test(arguments: ["framed-", "clips-"])
func aDamagedCacheIsMadeAgain(prefix: String) async throws {
    let program = try arrays()
    defer { program.close() }
    #expect(try await program.run("sweep", "r.yaml").status == .exited(0))
    let cache = program.folder.appending(path: "results/.cache")
    func damage() throws {
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: cache.path).first {
                $0.hasPrefix(prefix) && $0.hasSuffix(".h5")
            })
        var bytes = try Data(contentsOf: cache.appending(path: name))
        bytes[bytes.count - 200] ^= 1
        try bytes.write(to: cache.appending(path: name))
    }
    try damage()
    // What is framed of the decoded clips needs another size to look at them again.
    let change = prefix == "framed-" ? "lr=0.5" : "size_lips.width=9"
    let first = try await program.run("sweep", "r.yaml", change)
    #expect(
        first.status == .exited(1)
            && (first.output + first.errors).contains("was removed: start again"))
    let second = try await program.run("sweep", "r.yaml", change)
    #expect(second.status == .exited(0), "\(second.output)\(second.errors)")
}

/// Networks that see the word boundary need times where they are trained, and where they classify.
@Test func wordsHaveTheirTimesInATable() async throws {
    let program = try arrays()
    defer { program.close() }
    let clips = program.folder.appending(path: "clips")
    let names = ["да", "no \"x\" -y"].flatMap { name in (0..<10).map { (name, $0) } }
    func write(_ table: String, _ row: (String, Int) -> String) throws {
        let rows = names.map { name, clip in
            "\"\(name.replacing("\"", with: "\"\""))/s\(clip % 5)_\(clip).npy\"," + row(name, clip)
        }
        try (["path,class,word_start_frame,word_end_frame"] + rows).joined(separator: "\n")
            .write(to: clips.appending(path: table), atomically: true, encoding: .utf8)
    }
    try write("times.csv") { name, clip in "\(name == "да" ? "a" : "b"),\(clip % 3),3" }
    let changes = ["path_to_dataset=clips/times.csv", "word_boundary=[false,true]"]
    let swept = try await program.run(command: [Program.url.path, "sweep", "r.yaml"] + changes)
    #expect(swept.status == .exited(0), "\(swept.errors)")
    let (plain, seeing) = (
        try program.record("word_boundary=false,seed=42"),
        try program.record("word_boundary=true,seed=42")
    )
    // Times are data where they are used.
    #expect(plain.provenance.dataDigest != seeing.provenance.dataDigest)
    let sizes = [plain, seeing].map { record in
        record.weights.first { $0.name == "lstm1.weight_ih_l0" }?.shape
    }
    #expect(sizes == [[32, 8], [32, 9]])
    let info = try await program.run("data", "info", "r.yaml", changes[0], "word_boundary=true")
    #expect(info.output.contains("words     1 … 3 frames, median 2"), "\(info.output)")
    let verified = try await program.run(
        command: [Program.url.path, "verify", "r.yaml"] + changes)
    #expect(verified.output.contains("2 compared, 0 differ"), "\(verified.output)")

    // A new recipe uses the times that are there.
    let new = try await program.run("new", "n.yaml", "--data", "clips/times.csv")
    #expect(new.status == .exited(0), "\(new.errors)")
    let text = try program.text("n.yaml")
    #expect(text.contains("word_boundary: true") && text.contains("length: mask "), "\(text)")

    // To classify them, nobody has to know their classes, nor is a second clip of a class needed.
    let run = "results/r:2"
    try "path,word_start_frame,word_end_frame\nclips/да/s0_0.npy,1,3\n".write(
        to: program.folder.appending(path: "one.csv"), atomically: true, encoding: .utf8)
    let one = try await program.run("predict", run, "one.csv")
    #expect(one.status == .exited(0) && one.output.contains("clips/да/s0_0.npy"), "\(one.errors)")
    let none = try await program.run("predict", run, "clips/да/s0_0.npy")
    #expect(none.status == .exited(2))
    #expect(none.errors.contains("nothing says when its word is spoken"), "\(none.errors)")
    try "Duration: 0.1 seconds\n".write(
        to: clips.appending(path: "да/s0_0.txt"), atomically: true, encoding: .utf8)
    let seconds = try await program.run("predict", run, "clips/да/s0_0.npy")
    #expect(seconds.errors.contains("has no frame rate"), "\(seconds.errors)")
    let blind = try await program.run("predict", "results/r:1", "clips/да/s0_0.npy")
    #expect(blind.status == .exited(0), "\(blind.errors)")
}
