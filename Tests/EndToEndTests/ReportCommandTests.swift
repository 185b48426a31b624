import Foundation
import RunStore
import Testing

/// Every file of a report, by name.
private func reportFiles(_ program: Program, _ study: String = "results/tiny") throws -> [String:
    Data]
{
    let folder = program.folder.appending(path: study)
    let names =
        ["report.md", "report.html", "report.ipynb"]
        + (try FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "figures").path
        ).map {
            "figures/\($0)"
        })
    return try Dictionary(
        uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: folder.appending(path: $0))) })
}

@Test func aReportIsTheSameBytesWhereverAndWheneverItIsWritten() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    let written = try reportFiles(program)
    #expect(written.count == 3 + 6, "\(written.keys.sorted())")
    let folder = StudyFolder(program.folder.appending(path: "results/tiny"))
    for name in written.keys {
        try FileManager.default.removeItem(at: folder.url.appending(path: name))
    }
    // A figure of an earlier report goes.
    try Data().write(to: folder.figures.appending(path: "old.svg"))
    let ending = try await program.run(
        "report", "results/tiny",
        environment: ["TZ": "Pacific/Chatham", "LC_ALL": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8"])
    #expect(ending.status == .exited(0), "\(ending.errors)")
    #expect(try reportFiles(program) == written)
    #expect(try await program.run("check", "results/tiny").status == .exited(0))
    // `check` knows what a report has to say.
    var page = try program.text("results/tiny/report.md")
    page.replace("**0.4", with: "**0.9", maxReplacements: 1)
    try folder.write(page, to: folder.report)
    let check = try await program.run("check", "results/tiny")
    #expect(
        check.status == .exited(3) && check.errors.contains("report.md: differs from the run files")
    )
    // Some forms only, and sections by themselves.
    _ = try await program.run("report", "results/tiny", "--format", "md")
    #expect(try reportFiles(program) == written)
    for section in [
        "answer", "trials", "figures", "runs", "seeds", "failures", "provenance", "repeat",
        "definitions",
    ] {
        let part = try await program.run("report", "results/tiny", "--section", section)
        #expect(part.status == .exited(0) && !part.output.isEmpty, "\(section)")
        #expect(try program.text("results/tiny/report.md").contains(part.output), "\(section)")
    }
    for arguments in [
        ["--section", "x"], ["--format", "pdf"], ["-o", "x"], ["--watch", "--section", "runs"],
    ] {
        let wrong = try await program.run(
            command: [Program.url.path, "report", "results/tiny"] + arguments)
        #expect(wrong.status == .exited(2), "\(arguments)")
    }
}

@Test func aRecipeChoosesWhatItsReportSays() async throws {
    let base = "base: \(Program.package.path)/recipes/base.yaml"
    let tiny = try String(contentsOfFile: Program.tiny, encoding: .utf8).replacing(
        "base: base.yaml", with: base)
    let program = try Program([
        "r.yaml": tiny + """

            report:
              sections: [answer, runs, definitions]
              metrics: [val_loss]
              formats: [md, html]
              introduction: "Why *we* did <this>.\\n\\nSecond paragraph."
              template: [house.mustache, "house.html.mustache"]
            """,
        "house.mustache":
            "HOUSE {{title}}\n{{#sections}}[{{name}}]{{/sections}}\n{{{section.runs}}}",
        "house.html.mustache": "<p>{{question}}</p>{{{body}}}",
        "wrong.yaml": tiny + """

            report:
              sections: [answer, answers, answer]
              formats: [pdf]
              colour: red
              template: [none.mustache, broken.mustache]
            """,
        "broken.mustache": "{{#a}}",
    ])
    defer { program.close() }
    let ending = try await program.run("sweep", "r.yaml", "--only", "seed=1")
    #expect(ending.status == .exited(0), "\(ending.errors)")
    let page = try program.text("results/r/report.md")
    #expect(
        page.hasPrefix("HOUSE r\n[answer][runs][definitions]\n## Best epoch of each run"), "\(page)"
    )
    #expect(
        page.contains(
            "| run | `lr` | `seed` | best epoch | `val_accuracy` | `val_loss` | `test_accuracy` |"),
        "\(page)")
    let html = try program.text("results/r/report.html")
    #expect(
        html.hasPrefix("<p>Does the whole chain work?</p>")
            && html.contains("<p>Why *we* did &lt;this&gt;.</p>\n<p>Second"))
    #expect(html.contains("Partial: 2 of 4 runs are stored"))
    #expect(
        !FileManager.default.fileExists(
            atPath: program.folder.appending(path: "results/r/report.ipynb").path))
    let wrong = try await program.run("plan", "wrong.yaml")
    #expect(wrong.status == .exited(2))
    for message in [
        "report.sections: there is no answers: did you mean answer?",
        "report.sections: answer is given twice",
        "report.formats: there is no pdf", "report: there is no key colour",
        "report.template: there is no file none.mustache",
        "report.template: broken.mustache is not a valid Mustache template",
    ] { #expect(wrong.errors.contains(message), "\(message)\n\(wrong.errors)") }
}

@Test func twoStudiesAreCompared() async throws {
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny)
    _ = try await program.run("sweep", Program.tiny, "dropout=0.5", "--results", "other")
    let text = try await program.run("report", "results/tiny", "other/tiny")
    #expect(text.status == .exited(0), "\(text.errors)")
    #expect(text.output.contains("| `dropout` | `0.2` | `0.5` |"), "\(text.output)")
    #expect(text.output.contains("| `lr=0.001` | 0."), "\(text.output)")
    _ = try await program.run("report", "results/tiny", "results/tiny", "-o", "same.html")
    let same = try program.text("same.html")
    #expect(
        same.hasPrefix("<!DOCTYPE html>")
            && same.contains("4 of them have the same content, to the bit"))
    #expect(same.contains("None that all runs share."))
}

@Test func aReportFollowsASweepAtWork() async throws {
    let program = try Program([
        "t.sh":
            "while [ ! -e \"$GO\" ]; do sleep 0.05; done; echo '{\"epoch\": 1, \"val_accuracy\": 0.5}' >> \"$VISEME_METRICS\"",
        "r.yaml": "trainer: {command: [sh, t.sh]}\nrecord_env: [GO]\nsweep: {seed: [1, 2]}\n",
    ])
    defer { program.close() }
    let script = """
        export GO=$PWD/go; "$0" sweep r.yaml -j1 > sweep.txt 2>&1 & sweep=$!
        for i in {1..300}; do [ -e results/r/plan.json ] && ls results/r/running/* >/dev/null 2>&1 && break; sleep 0.1; done
        "$0" report results/r --watch > watch.txt & watch=$!
        for i in {1..300}; do grep -q "0 of 2" watch.txt && break; sleep 0.1; done
        touch go; wait $sweep; wait $watch; echo "status $?"
        """
    let ending = try await program.run(command: ["bash", "-c", script, Program.url.path])
    #expect(ending.output.contains("status 0"), "\(ending.output) \(ending.errors)")
    let told = try program.text("watch.txt")
    #expect(
        told.hasPrefix("0 of 2 runs: results/r/report.md\n") && told.contains("2 of 2 runs"),
        "\(told)")
    #expect(try program.text("results/r/report.md").contains("is **0.5000 ± 0.0000**"))
}
