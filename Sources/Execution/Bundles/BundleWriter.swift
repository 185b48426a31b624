import Digests
import Files
import Foundation
import RunStore
import Studies

/// Makes one file of a finished study.
package struct BundleWriter: Sendable {
    package struct Options: Sendable {
        package var isAnonymous = false
        package var hasWeights = true
        /// An address or name, as `CC-BY-4.0`; empty: not stated.
        package var licence = ""

        package init() {}
    }

    /// The study as it goes into the bundle: its own folder, or a copy without what is left out.
    package let study: StudyFolder
    package let plan: Plan
    let options: Options
    /// The study that was trained.
    let original: StudyFolder
    let originalPlan: Plan
    private let scratch: ScratchFolder?
    let snapshot: CodeSnapshot?

    /// All code in a bundle, beyond what the recipe and its bases are.
    static let byteLimit = 10 << 20

    /// - Throws: `StoreError`.
    package init(_ study: StudyFolder, _ plan: Plan, _ options: Options) throws {
        (original, originalPlan, self.options) = (study, plan, options)
        let newest = StudyResults(study, plan).runs.values.max {
            ($0.provenance.started, $0.id) < ($1.provenance.started, $1.id)
        }
        snapshot = try newest.flatMap {
            try CodeSnapshot.read(
                CodeSnapshot.id(
                    commit: $0.provenance.commit, difference: $0.provenance.diffDigest), in: study)
        }
        guard options.isAnonymous || !options.hasWeights else {
            (self.study, self.plan, scratch) = (study, plan, nil)
            return
        }
        let scratch = try ScratchFolder(
            in: FileManager.default.temporaryDirectory, prefix: ".viseme-bundle-")
        self.scratch = scratch
        let copy = StudyFolder(scratch.url.appending(path: "results/\(plan.name)"))
        try copy.create()
        self.study = copy
        let results = StudyResults(study, plan)
        let anonymizer =
            options.isAnonymous
            ? Anonymizer(plan, study, hosts: Set(results.runs.values.map(\.provenance.host))) : nil
        let recipe = URL(filePath: plan.recipe).lastPathComponent
        self.plan = anonymizer?.plan(plan, recipe: recipe) ?? plan
        try copy.write(self.plan)
        for (run, _) in results.inOrder(plan) {
            var contents = try RunFile.read(study.runFile(run.id))
            if !options.hasWeights { contents.dropWeights(keeping: []) }
            if let anonymizer { contents = anonymizer.run(contents, recipe: recipe) }
            let file = copy.runFile(run.id)
            try RunFile.write(contents, to: file)
            // The sweep file remembers times of change: the same study gives the same bytes.
            var times = [timespec(tv_sec: 315_532_800, tv_nsec: 0)]
            times.append(times[0])
            utimensat(AT_FDCWD, file.path, times, 0)
        }
    }

    /// Files that say who made the study, in spite of `--anonymous`.
    private func leaks(_ sources: [String: ZipArchive.Entry.Source]) -> [String] {
        guard options.isAnonymous else { return [] }
        let hosts = Set(
            StudyResults(original, originalPlan).runs.values.map(\.provenance.host))
        let names = Anonymizer(originalPlan, original, hosts: hosts).names
        return sources.sorted { $0.key < $1.key }.compactMap { name, source in
            let data: Data
            switch source {
            case .bytes(let bytes): data = Data(bytes)
            // A file that can't be read is reported where it is packed.
            case .file(let file):
                data = (try? Data(contentsOf: file, options: .alwaysMapped)) ?? Data()
            }
            let found = names.filter { data.range(of: Data($0.utf8)) != nil }
            return found.isEmpty ? nil : "\(name): \(found.joined(separator: ", "))"
        }
    }

    /// Writes the bundle.
    /// - Returns: what it holds, and what names somebody in it.
    /// - Throws: `StoreError`.
    package func write(to file: URL, program: String) async throws -> (
        manifest: BundleManifest, leaks: [String]
    ) {
        var missing: [String] = []
        let tree = try await tree(&missing)
        let recipe = snapshot?.recipe.first.map { inTree($0.path) } ?? ""
        var manifest = BundleManifest(
            study: plan.name, recipe: tree[recipe] == nil ? "" : recipe, program: program)
        (manifest.isAnonymous, manifest.hasWeights) = (options.isAnonymous, options.hasWeights)
        let results = StudyResults(study, plan)
        let left = plan.runs.count - results.runs.count
        if left > 0 { missing.append("\(counted(left, "planned run")): not stored") }
        if !options.hasWeights { missing.append("weights: left out (--without-weights)") }
        missing += dataNotes(results)
        let anonymizer =
            options.isAnonymous ? Anonymizer(originalPlan, original, hosts: []) : nil
        manifest.missing = missing.map { anonymizer?.text($0) ?? $0 }.sorted()

        var sources: [String: ZipArchive.Entry.Source] = [:]
        for (name, url) in studyFiles(results) { sources["study/" + name] = .file(url) }
        var programs: Set<String> = []
        for (path, file) in tree {
            sources["tree/" + path] = .bytes(Array(file.contents))
            if file.isExecutable { programs.insert("tree/" + path) }
        }
        for (name, contents) in try environment() { sources[name] = .bytes(Array(contents)) }
        if !options.isAnonymous {
            for (name, url) in licences { sources[name] = .file(url) }
        }
        sources["README.md"] = .bytes(Array(readMe(manifest).utf8))
        let crate = ResearchCrate(
            plan: plan, results: results, manifest: manifest, names: sources.keys.sorted(),
            licence: options.licence,
            licenceFile: licences.first.flatMap { sources[$0.name] == nil ? nil : $0.name })
        sources["ro-crate-metadata.json"] = .bytes(Array(try crate.json().utf8))
        for (name, source) in sources { manifest.files[name] = try describe(source) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        sources[BundleManifest.name] = .bytes(Array(try encoder.encode(manifest)))
        // The description comes first, as readers of research objects look for it.
        let first = ["ro-crate-metadata.json", "README.md", BundleManifest.name]
        let names = first + sources.keys.filter { !first.contains($0) }.sorted()
        try ZipArchive.write(
            names.compactMap { name in
                sources[name].map {
                    ZipArchive.Entry(name, $0, isExecutable: programs.contains(name))
                }
            }, to: file)
        return (manifest, leaks(sources))
    }

    private func describe(_ source: ZipArchive.Entry.Source) throws -> BundleManifest.File {
        switch source {
        case .bytes(let bytes):
            return .init(sha256: hexadecimal(SHA256.hash(bytes)), size: bytes.count)
        case .file(let url):
            guard let found = InputDigests.shared.digest(url.path) else {
                throw StoreError.unreadable(path: url.path, reason: "it is gone, or changes")
            }
            return .init(sha256: found.digest, size: found.facts.size)
        }
    }

    // MARK: What goes in

    private func studyFiles(_ results: StudyResults) -> [(name: String, file: URL)] {
        var names = ["plan.json", "sweep.h5", "digests.txt", "trials.csv", "runs.csv"]
        names += plan.report.formats.map { "report.\($0.rawValue)" }
        names += results.inOrder(plan).map { "runs/\($0.0.id).h5" }
        names += FileManager.default.names(in: study.figures).map { "figures/\($0)" }
        names += FileManager.default.names(in: study.failed).map { "failed/\($0)" }
        if !options.isAnonymous {
            names += ["accepted.json", "notes.json"]
            // What runs have left may name people.
            names += results.inOrder(plan).flatMap { run, result in
                (result.provenance.artifacts ?? []).map { "artifacts/\(run.id)/\($0.path)" }
            }
            names += FileManager.default.names(in: original.code).filter { $0.hasSuffix(".json") }
                .map { "code/\($0)" }
            names += FileManager.default.names(in: original.code.appending(path: "objects"))
                .filter { !$0.hasPrefix(".") }.map { "code/objects/\($0)" }
        }
        return names.compactMap { name in
            let folder = name.hasPrefix("code/") ? original.url : study.url
            let file = folder.appending(path: name)
            return FileFacts(path: file.path) == nil ? nil : (name, file)
        }
    }

    private func environment() throws -> [(String, Data)] {
        guard let digest = snapshot?.environment else { return [] }
        let json = try CodeObjects(original).read(digest)
        var record = try JSONDecoder().decode(EnvironmentRecord.self, from: json)
        if options.isAnonymous {
            for place in record.python.indices {
                record.python[place].path =
                    URL(filePath: record.python[place].path).lastPathComponent
                for package in record.python[place].packages.indices
                where record.python[place].packages[package].url != nil {
                    record.python[place].packages[package].url = nil
                }
            }
            for place in record.r.indices {
                record.r[place].path = URL(filePath: record.r[place].path).lastPathComponent
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var files = [("environment.json", try encoder.encode(record))]
        if let python = record.python.first {
            files.append(
                ("requirements.txt", Data(EnvironmentRecord.requirements(python).text.utf8)))
        }
        return files
    }

    /// Of the repository: its licence first.
    private var licences: [(name: String, file: URL)] {
        let place = URL(filePath: originalPlan.recipe).standardizedFileURL
            .deletingLastPathComponent()
        let root = Repository.root(of: place) ?? place
        let names = FileManager.default.names(in: root).sorted()
        let known = ["license", "licence", "copying"]
        let licences = names.filter { name in
            known.contains { name.lowercased().hasPrefix($0) }
        }
        return (licences + names.filter { $0 == "CITATION.cff" }).compactMap { name in
            let file = root.appending(path: name)
            return FileFacts(path: file.path) == nil ? nil : (name, file)
        }
    }

    /// Data are named by their digests, and how they are had.
    private func dataNotes(_ results: StudyResults) -> [String] {
        var seen: Set<String> = []
        return results.inOrder(plan).compactMap { _, result in
            let provenance = result.provenance
            guard !provenance.dataDigest.isEmpty, seen.insert(provenance.dataDigest).inserted else {
                return nil
            }
            return provenance.data.hasPrefix("builtin:")
                ? nil
                : "the data \(provenance.data): their digest is \(provenance.dataDigest); `viseme data info` prints that of a folder"
        }
    }

    private func readMe(_ manifest: BundleManifest) -> String {
        """
        # \(plan.name)

        \(plan.question ?? "A study made with Viseme.")

        - `study/report.md` is the report, `study/runs/` holds the runs, `study/sweep.h5` all of them side by side (HDF5).
        - `tree/` holds the recipe and the code that the runs have read.
        - `manifest.json` has the SHA-256 of each file and says what is missing.
        - `ro-crate-metadata.json` describes the bundle for other tools (RO-Crate 1.1, Process Run Crate 0.5).

        With the program `viseme`:

            viseme check \(plan.name).zip                # every digest; nothing is trained
            viseme verify \(plan.name).zip --sample 2    # two runs are trained again and compared
            viseme report \(plan.name).zip --section answer

        Not in the bundle:

        \(manifest.missing.isEmpty ? "- nothing that is known" : manifest.missing.map { "- \($0)" }.joined(separator: "\n"))

        """
    }
}
