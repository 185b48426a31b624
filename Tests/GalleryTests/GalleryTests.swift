import Files
import Foundation
import Reports
import RunStore
import Studies
import Subprocess
import Testing

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Reports of all sorts of studies, rendered in Chromium: no text may overlap another, leave its
/// figure or be hard to read, on a phone, on a page, by day and by night.
struct GalleryTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// Writes the pages of the gallery to a folder: `make gallery`.
    @Test(.enabled(if: environment["VISEME_GALLERY"] != nil, "make gallery writes it"))
    func theGalleryIsWritten() throws {
        let folder = URL(filePath: GalleryTests.environment["VISEME_GALLERY"] ?? "")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for study in GalleryStudy.all { _ = try GalleryTests.write(study, to: folder) }
    }

    /// A few of them; `make soak` measures all.
    @Test(.enabled(if: chromium != nil, "needs Chromium"))
    func noTextOverlapsOrIsHardToRead() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "viseme-gallery-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { FileManager.default.discard(folder) }
        let isWhole = GalleryTests.environment["VISEME_GALLERY_ALL"] != nil
        let few = ["05-random", "07-long-names", "10-not-finite", "17-speakers"]
        for study in GalleryStudy.all where isWhole || few.contains(study.name) {
            let page = try GalleryTests.write(study, to: folder)
            for (width, isDark) in [(390, false), (1200, false), (1200, true)] {
                let found = try await GalleryTests.measure(page, width: width, isDark: isDark)
                #expect(found == "", "\(study.name) at \(width)\(isDark ? ", dark" : "")")
            }
        }
    }

    private static let chromium = ["/usr/bin/chromium", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private static func write(_ study: GalleryStudy, to folder: URL) throws -> URL {
        let made = try study.made(in: folder)
        let notebook = StudyReport(
            plan: made.plan, stored: made.results, failures: made.failures,
            readRun: { made.runs[$0] }
        ).notebook
        let page = folder.appending(path: study.name + ".html")
        try Data(HTMLForm().text(notebook).utf8).write(to: page)
        try Data(MarkdownForm().text(notebook).utf8).write(
            to: folder.appending(path: study.name + ".md"))
        for figure in notebook.figures {
            let figures = folder.appending(path: study.name + "-figures")
            try FileManager.default.createDirectory(
                at: figures, withIntermediateDirectories: true)
            try Data(figure.svg.utf8).write(to: figures.appending(path: figure.name + ".svg"))
        }
        return page
    }

    /// What a page does wrong, in words; empty if nothing.
    private static func measure(_ page: URL, width: Int, isDark: Bool) async throws -> String {
        let script = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
                path: "measure.js"), encoding: .utf8)
        let text = try String(contentsOf: page, encoding: .utf8)
        let probe = page.deletingLastPathComponent().appending(path: "probe.html")
        try text.replacing("</body>", with: "<script>\(script)</script></body>")
            .write(to: probe, atomically: true, encoding: .utf8)
        let profile = probe.deletingLastPathComponent().path + "/profile"
        let arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--window-size=\(width),1000", "--dump-dom", "--virtual-time-budget=2000",
                "--user-data-dir=\(profile)",
            ] + (isDark ? ["--blink-settings=preferredColorScheme=0"] : [])
            + [probe.absoluteString]
        let dom = try await Subprocess.run(
            .path(FilePath(chromium ?? "")), arguments: Arguments(arguments), input: .none,
            output: .string(limit: 1 << 26), error: .discarded
        ).standardOutput
        guard let found = dom.firstMatch(of: /<pre id="measured">([\s\S]*?)<\/pre>/) else {
            return "Chromium gave no answer"
        }
        return String(found.1)
    }
}
