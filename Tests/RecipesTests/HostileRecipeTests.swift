import Foundation
import Recipes
import Studies
import Tensors
import Testing

private let package = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()

private func answer(_ text: [UInt8], in folder: URL) throws -> (text: String, seconds: Double) {
    let file = folder.appending(path: "hostile.yaml")
    try Data(text).write(to: file)
    let start = ContinuousClock.now
    var told = ""
    do {
        let recipe = try Recipe(path: file.path)
        told = "\(try recipe.expand().count) runs"
    } catch { told = "\(error)" }
    let took = (ContinuousClock.now - start).components
    return (told, Double(took.seconds) + Double(took.attoseconds) * 1e-18)
}

private func scratch() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}

/// Texts that readers of YAML choke on: an answer soon, never a crash. (The limit is far above what
/// they take, for busy machines.)
@Test func strangeTextsGetAnAnswer() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let bomb = (1...30).map { level in
        "a\(level): &a\(level) [\((1...9).map { _ in level == 1 ? "x" : "*a\(level - 1)" }.joined(separator: ", "))]"
    }
    let cases: [(String, String)] = [
        ("\u{FEFF}path_to_dataset: builtin:visemes\nlr: 0.1\n", "1 runs"),
        ("path_to_dataset: builtin:visemes\r\nlr: 0.1\r\n", "1 runs"),
        ("path_to_dataset: builtin:visemes\nlr:\t0.1\n", "1 runs"), ("\tlr: 0.1\n", "not YAML"),
        ("lr: 0.1\nlr: 0.2\n", "given twice"),
        ("lr: 1_000\n", "write 1000"), ("batch_size: 0o17\n", "batch_size: found 0o17"),
        ("padding_lips: yes\n", "write true"),
        ("lr: 0.1\n---\nlr: 0.2\n", "document"),
        ("defaults: &d {lr: 0.1}\nset: {<<: *d}\n", "there is no such key"),
        (bomb.joined(separator: "\n"), ""), (String(repeating: "[", count: 10_000), ""),
        (String(repeating: "{a: ", count: 10_000), ""),
        ((0..<10_000).map { String(repeating: " ", count: $0 % 500) + "a:\n" }.joined(), ""),
        ("lr: " + String(repeating: "1", count: 1 << 20), "lr"),
        (
            "question: \"" + String(repeating: "ä", count: 1 << 19)
                + "\"\npath_to_dataset: builtin:visemes\nset: {}\n",
            ""
        ),
        ("? [a, b]\n: c\n", "expected a key"), ("!!python/object:os.system x: 1\n", ""),
        ("- 1\n- 2\n", "a mapping of keys"), ("", ""),
        ("lr: .nan\n", "lr: found .nan"), ("lr: 1e400\n", "lr: found 1e400"),
        ("seed: 99999999999999999999\n", "seed: found"),
        ("sweep: {lr: {from: 0, to: 1e300, step: 1e-300}}\n", ""), ("\0\u{1}\u{2}", ""),
        ("&a a: *a\n", ""),
    ]
    for (text, expected) in cases {
        let (told, seconds) = try answer(Array(text.utf8), in: folder)
        #expect(
            (expected.isEmpty || told.contains(expected)) && !told.isEmpty,
            "\(text.prefix(60)): \(told.prefix(300))")
        #expect(seconds < 10, "\(text.prefix(60)): \(seconds) s")
    }
    #expect(try answer([0xFF, 0xFE, 0x00, 0xC3, 0x28], in: folder).text.contains("not UTF-8"))
}

/// Mutations of all recipes there are: a plan or mistakes, never a crash. `make soak` does 100,000.
@Test func mutatedRecipesGetAnAnswer() throws {
    let folder = try scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    let names = projectRecipes
    var texts = try names.map {
        [UInt8](try Data(contentsOf: package.appending(path: "recipes/\($0)")))
    }
    try FileManager.default.copyItem(
        at: package.appending(path: "recipes/base.yaml"), to: folder.appending(path: "base.yaml"))
    texts.append(
        Array(
            """
            trainer: {command: [sh, "-c", "{opt}"]}
            method: latin_hypercube
            samples: 7
            sample_seed: 3
            set: {m: 0, x: "${m}", y: "${env:A,1}"}
            record_env: [A]
            sweep:
              opt: [a, b]
              lr: {distribution: log, min: 0.001, max: 1}
              s: [{w: 1, h: 2}, {w: 3, h: 4}]
              n: {from: 1, to: 9, step: 2}
              seeds: 2
            when: {n: {opt: a}}
            zip: [[s.w, s.h]]
            include: [{lr: ">0.01"}]
            exclude: [{opt: "!=a", n: 3}]
            max_runs: 100
            report: {sections: [answer], formats: [md], metrics: [x]}
            """.utf8))
    let tokens = [
        "[", "]", "{", "}", ": ", "- ", "\n", "  ", "&a ", "*a", "~", "${lr}", "\"", "'", "#", "|",
        ">", "!", "%",
        "0x1F", ".inf", "1e999", "sweep", "lr", "\u{0}", "\u{FEFF}",
    ].map { Array($0.utf8) }
    var stream = RandomStream(seed: 3, purpose: .order)
    let count = Int(ProcessInfo.processInfo.environment["VISEME_RECIPE_MUTATIONS"] ?? "") ?? 2000
    var plans = 0
    for number in 0..<count {
        var text = texts[Int(stream.below(UInt32(texts.count)))]
        for _ in 0...Int(stream.below(4)) where !text.isEmpty {
            let at = Int(stream.below(UInt32(text.count)))
            switch stream.below(5) {
            case 0: text[at] ^= UInt8(1 << stream.below(8))
            case 1: text.insert(contentsOf: tokens[Int(stream.below(UInt32(tokens.count)))], at: at)
            case 2: text.removeSubrange(at..<min(at + 1 + Int(stream.below(12)), text.count))
            case 3:
                let from = Int(stream.below(UInt32(text.count)))
                text.insert(contentsOf: text[from..<min(from + 20, text.count)], at: at)
            default:
                text.replaceSubrange(
                    at..<min(at + 1, text.count),
                    with: Array("\(Int64(bitPattern: UInt64(stream.next()) << 32))".utf8))
            }
        }
        let (told, seconds) = try answer(text, in: folder)
        #expect(
            !told.isEmpty && seconds < 20,
            "mutation \(number): \(seconds) s\n\(String(decoding: text, as: UTF8.self))")
        if told.hasSuffix(" runs") { plans += 1 }
    }
    #expect(plans > count / 50 && plans < count)
}
