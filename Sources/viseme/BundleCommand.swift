import ArgumentParser
import Execution
import Foundation
import RunStore
import Studies

struct BundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Make one file of a finished study, which others can check and repeat.",
        discussion: """
            The file is a ZIP archive and a research object (RO-Crate 1.1): plan, runs, report, recipe, the code that the runs have \
            read, the lists of packages, and all digests. The same study gives the same bytes. `viseme check`, `verify` and \
            `report` read it as it is.
            """)

    @Argument(help: "The study: its folder, results/<name>, or its recipe.")
    var study: String
    @Option(
        name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file.zip"))
    var output: String
    @Flag(help: "Leave the weights out; their digests stay.")
    var withoutWeights = false
    @Flag(help: "Leave out host, user, paths and commits, for double-blind review.")
    var anonymous = false
    @Option(
        help: ArgumentHelp(
            "The licence of the study, as an address or an SPDX name (default: that of the repository).",
            valueName: "name"))
    var license = ""

    func validate() throws {
        guard BundleReader.isBundle(output) else {
            throw ValidationError("-o: \(output) has to end in .zip")
        }
    }

    func run() async throws {
        try OutputFile.refuseStudies(output)
        let folder = StudyFolder(named: study)
        let plan = try folder.readPlan()
        let stored = StudyResults(folder, plan)
        guard stored.problems.isEmpty else {
            for problem in stored.problems { complain(problem.reason) }
            throw ValidationError(
                "\(study): has damaged runs: `viseme check \(study)` names them; nothing is written"
            )
        }
        guard !stored.runs.isEmpty else {
            throw ValidationError("\(study): has no stored runs: there is nothing to bundle")
        }
        let stale = StaleRuns(folder, plan, stored).stale
        if let change = stale.values.min() {
            complain(
                "\(counted(stale.count, "run")) of it \(stale.count == 1 ? "is" : "are") stale: \(change): the bundle holds the code that was read, as far as it was kept"
            )
        }
        var options = BundleWriter.Options()
        (options.isAnonymous, options.hasWeights) = (anonymous, !withoutWeights)
        options.licence = license
        let bundle = try BundleWriter(folder, plan, options)
        try derive(bundle, stored)
        guard let file = try OutputFile.replaceable(output) else {
            throw ValidationError("-o: \(output) is not a regular file")
        }
        let (manifest, leaks) = try await bundle.write(
            to: file, program: Program.nameAndVersion)
        let size = manifest.files.values.reduce(0) { $0 + $1.size }
        print(
            "written: \(output): \(counted(manifest.files.count, "file")), \(byteCount(size))")
        if !manifest.missing.isEmpty {
            print("not in it:")
            for line in manifest.missing { print("  \(line)") }
        }
        guard !leaks.isEmpty else { return }
        complain(
            "it still names a folder, a host or a person: change the recipe or the program, and sweep again:"
        )
        for line in leaks.prefix(20) { complain("  \(line)") }
        throw ExitStatus.difference
    }

    /// The report of what is stored; of a copy that leaves things out, its own.
    private func derive(_ bundle: BundleWriter, _ stored: StudyResults) throws {
        guard bundle.study == StudyFolder(named: study) else {
            return try writeDerived(
                bundle.study, bundle.plan, StudyResults(bundle.study, bundle.plan), forms: nil,
                isSilent: true)
        }
        do {
            let claim = try Claim(bundle.study)
            try writeDerived(bundle.study, bundle.plan, stored, forms: nil, isSilent: true)
            withExtendedLifetime(claim) {}
        } catch is Claim.Taken {
            throw ValidationError("\(study): a sweep is running: bundle it when it has ended")
        }
    }
}

/// A study as a person names it: its folder, its recipe, or a bundle, which is unpacked.
struct StudySource {
    let folder: StudyFolder
    /// Keeps what was unpacked.
    let bundle: BundleReader?

    init(_ name: String) throws {
        bundle = BundleReader.isBundle(name) ? try BundleReader(name) : nil
        folder = bundle?.study ?? StudyFolder(named: name)
    }
}
