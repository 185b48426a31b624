import Execution
import Foundation
import RunStore
import Testing

/// The commands of README and docs, run as written and in that order.
///
/// A comment before a code block decides what happens to it:
/// - `<!-- run: light -->`: run by `make test`; exit status 0 expected.
/// - `<!-- run: heavy -->`: run by `make soak` only (`VISEME_DOCUMENTS=all`), in a clone of this
///   repository.
/// - `<!-- run: fails with 2 -->`: light, with another exit status.
/// - `<!-- file: NAME -->`: written to a file of that name.
/// - `<!-- part of: NAME -->`: lines that the file then contains.
/// - `<!-- output -->`: what the last command printed.
/// - `<!-- placeholder -->`: not run, because it names things that only the reader has.
private struct Document {
    struct Block {
        let marker: String
        let text: String
    }

    let name: String
    /// Code blocks with a marker.
    let blocks: [Block]
    /// Shell commands without a marker.
    let unmarked: [String]

    init(_ name: String) throws {
        let text = try String(contentsOf: Program.package.appending(path: name), encoding: .utf8)
        self.name = name
        blocks = text.matches(of: /<!-- ([^\n]*) -->\n```[a-z]*\n(.*?)```\n/.dotMatchesNewlines())
            .map {
                Block(marker: String($0.1), text: String($0.2))
            }
        let rest = text.replacing(
            /<!-- [^\n]* -->\n```[a-z]*\n.*?```\n/.dotMatchesNewlines(), with: "")
        unmarked = rest.matches(of: /```(?:sh|bash|console)\n(.*?)```\n/.dotMatchesNewlines()).map {
            String($0.1)
        }
    }

    static func all() throws -> [String] {
        let docs = Program.package.appending(path: "docs").path
        return ["README.md", "CONTRIBUTING.md"]
            + (try FileManager.default.contentsOfDirectory(atPath: docs)).filter {
                $0.hasSuffix(".md")
            }.sorted()
            .map { "docs/\($0)" }
    }
}

@Test func everyCommandOfTheDocumentsIsRunOrMarked() throws {
    for name in try Document.all() {
        let document = try Document(name)
        #expect(document.unmarked.isEmpty, "\(name): mark these blocks: \(document.unmarked)")
    }
    #expect(try Document("README.md").blocks.count { $0.marker.hasPrefix("run: ") } >= 5)
}

@Test func theReportThatReadmeQuotesIsTheExample() throws {
    func words(_ text: some StringProtocol) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    let report = try String(
        contentsOf: Program.package.appending(path: "docs/example/report.md"), encoding: .utf8)
    let example = words(report.replacing("\n> ", with: "\n"))
    let readme = try String(
        contentsOf: Program.package.appending(path: "README.md"), encoding: .utf8)
    let quote = readme.split(separator: "\n").filter { $0.hasPrefix(">") }.map { $0.dropFirst() }
        .joined(separator: "\n")
    // "…" at the end of a paragraph leaves out its rest.
    let parts = quote.split(separator: "\n\n").flatMap { $0.split(separator: ": …") }.map(words)
    #expect(parts.count >= 2)
    for part in parts where !part.isEmpty { #expect(example.contains(part), "\(part)") }
}

@Test(arguments: ["README.md", "docs/tutorial.md"])
func theCommandsOfTheDocumentsRunAsWritten(name: String) async throws {
    let runsAll = ProcessInfo.processInfo.environment["VISEME_DOCUMENTS"] == "all"
    let program = try Program()
    defer { program.close() }
    let files = FileManager.default
    let home = program.folder.appending(path: "home")
    let bin = home.appending(path: ".local/bin")
    try files.createDirectory(at: bin, withIntermediateDirectories: true)
    let checkout = program.folder.appending(path: "viseme")
    if runsAll {
        let clone = try await program.run(command: [
            "git", "clone", "-q", Program.package.path, checkout.path,
        ])
        #expect(clone.status == .exited(0), "\(clone.errors)")
    } else {
        try files.createDirectory(at: checkout, withIntermediateDirectories: true)
        for folder in ["recipes", "examples"] {
            try files.copyItem(
                at: Program.package.appending(path: folder), to: checkout.appending(path: folder))
        }
    }
    try files.createSymbolicLink(at: bin.appending(path: "viseme"), withDestinationURL: Program.url)
    let path = bin.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    var printed = ""
    for block in try Document(name).blocks {
        let argument = String(block.marker.split(separator: ":", maxSplits: 1).last ?? "")
            .trimmingCharacters(in: .whitespaces)
        if block.marker.hasPrefix("file: ") {
            try Data(block.text.utf8).write(to: checkout.appending(path: argument))
        } else if block.marker.hasPrefix("part of: ") {
            let text = try String(contentsOf: checkout.appending(path: argument), encoding: .utf8)
            for line in block.text.split(separator: "\n") {
                #expect(text.contains(line), "\(name): \(argument) has no line \(line)\n\(text)")
            }
        } else if block.marker == "output" {
            #expect(printed.contains(block.text), "\(name): printed:\n\(printed)")
        } else if block.marker.hasPrefix("run: "), runsAll || argument != "heavy" {
            let status = argument.firstMatch(of: /fails with (\d+)/).flatMap { Int32($0.1) } ?? 0
            let script = "cd \"$0\" && set -eu\n" + block.text
            let ending = try await program.run(
                command: ["bash", "-c", script, checkout.path],
                environment: ["PATH": path, "HOME": home.path, "VISEME_DOCUMENTS": nil])
            printed = ending.output + ending.errors
            #expect(ending.status == .exited(status), "\(name):\n\(block.text)\n\(printed)")
            // Blocks that follow need the results of this one.
            guard ending.status == .exited(status) else { return }
        }
    }
}

/// docs/commands.md is what `--help` prints. To write it again: VISEME_UPDATE_DOCS=1 make test
@Test func theCommandReferenceIsWhatTheHelpSays() async throws {
    let program = try Program()
    defer { program.close() }
    func help(_ command: [String]) async throws -> String {
        let ending = try await program.run(
            command: [Program.url.path] + command + ["--help"], environment: ["COLUMNS": "80"])
        #expect(ending.status == .exited(0))
        return ending.output
    }
    /// Names under the headings that end in SUBCOMMANDS.
    func subcommands(_ help: String) -> [String] {
        help.split(separator: "\n\n").filter { $0.prefix { $0 != "\n" }.contains("SUBCOMMANDS") }
            .flatMap { $0.split(separator: "\n").dropFirst() }
            .compactMap { $0.firstMatch(of: /^  ([a-z]+)/).map { String($0.1) } }
    }
    var text = """
        # Commands

        This page is what `viseme --help` and `viseme <command> --help` print. The manual of recipes is
        [recipes.md](recipes.md).


        """
    let top = try await help([])
    text += "## viseme\n\n```text\n\(top)```\n"
    for name in subcommands(top) where name != "help" {
        let page = try await help([name])
        text += "\n## viseme \(name)\n\n```text\n\(page)```\n"
        for child in subcommands(page) {
            text +=
                "\n### viseme \(name) \(child)\n\n```text\n\(try await help([name, child]))```\n"
        }
    }
    let file = Program.package.appending(path: "docs/commands.md")
    if ProcessInfo.processInfo.environment["VISEME_UPDATE_DOCS"] != nil {
        try Data(text.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
    #expect(text.contains("## viseme sweep") && text.contains("### viseme data info"))
}

/// docs/evidence.md: one row a machine, one column a golden study.
@Test func thePageOfEvidenceIsMadeOfItsFiles() throws {
    let recipes = Program.package.appending(path: "recipes")
    let folder = recipes.appending(path: "evidence")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let all = try names.filter { $0.hasSuffix(".json") }.map { name in
        let evidence = try JSONDecoder().decode(
            Evidence.self, from: Data(contentsOf: folder.appending(path: name)))
        #expect(evidence.fileName == name)
        // Digests count by what they are compared with now.
        let golden = try DigestList(
            file: recipes.appending(path: "\(evidence.recipe).digests")
        ).lines
        let known = Dictionary(golden.map { ($0.label, $0.digest) }) { first, _ in first }
        #expect(
            evidence.differing == evidence.digests.count { known[$0.key] != $0.value },
            "\(name): recorded with other golden digests: make evidence")
        return evidence
    }
    let studies = Set(all.map(\.recipe)).sorted()
    let machines = Dictionary(grouping: all) {
        "\($0.processor) | \($0.vectorWidth) | \($0.system), \($0.compiler), HDF5 \($0.hdf5)"
    }
    var text = """
        # Evidence

        Golden studies that were repeated, and on which processors. A cell has the number of runs that were
        trained again and have the digest that is recorded beside the recipe. The files are in
        [recipes/evidence](../recipes/evidence); `make evidence` makes those of a machine. They hold nothing
        that says whose machine it was: send yours.

        | processor | vectors | system | \(studies.joined(separator: " | ")) |
        |---|---|---|\(String(repeating: "--:|", count: studies.count))

        """
    for (machine, found) in machines.sorted(by: { $0.key < $1.key }) {
        let cells = studies.map { study -> String in
            guard let evidence = found.first(where: { $0.recipe == study }) else { return "" }
            return evidence.differing == 0
                ? "\(evidence.compared) same" : "**\(evidence.differing) differ**"
        }
        text += "| \(machine) | \(cells.joined(separator: " | ")) |\n"
    }
    let file = Program.package.appending(path: "docs/evidence.md")
    if ProcessInfo.processInfo.environment["VISEME_UPDATE_DOCS"] != nil {
        try Data(text.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
    #expect(all.count >= 3)
}
