import Digests
import Files
import Foundation
import RunStore
import Studies

/// A bundle, unpacked for as long as this object lives.
package final class BundleReader: Sendable {
    /// Why it is not read.
    package struct Refusal: UserError {
        package let place, rule: String

        package init(place: String, rule: String) { (self.place, self.rule) = (place, rule) }

        package var exitStatus: ExitStatus { .difference }
    }

    package let manifest: BundleManifest
    /// The study in it.
    package let study: StudyFolder
    private let scratch: ScratchFolder

    /// Whether a person names a bundle rather than a folder.
    package static func isBundle(_ path: String) -> Bool {
        path.lowercased().hasSuffix(".zip")
    }

    /// Unpacks a bundle into a folder of its own. Nothing is written before all of it was verified.
    /// - Throws: `Refusal`, `StoreError`.
    package init(_ path: String) throws {
        func refuse(_ rule: String) -> Refusal { Refusal(place: path, rule: rule) }
        let archive: ZipReader
        do { archive = try ZipReader(URL(filePath: path)) } catch {
            throw refuse(error.description)
        }
        manifest = try BundleReader.manifest(archive, path)
        try BundleReader.verify(archive, manifest, path)
        scratch = try ScratchFolder(
            in: FileManager.default.temporaryDirectory, prefix: ".viseme-bundle-")
        let tree = scratch.url.appending(path: "tree")
        let place = tree.appending(path: "results/\(manifest.study)")
        // Paths of inputs begin at the repository's folder.
        FileManager.default.ensureFolder(tree.appending(path: ".git"))
        for entry in archive.entries {
            let target: URL
            if entry.name.hasPrefix("study/") {
                target = place.appending(path: String(entry.name.dropFirst("study/".count)))
            } else if entry.name.hasPrefix("tree/") {
                target = tree.appending(path: String(entry.name.dropFirst("tree/".count)))
            } else {
                continue
            }
            do {
                FileManager.default.ensureFolder(target.deletingLastPathComponent())
                try archive.contents(entry).write(to: target)
                if entry.isExecutable { chmod(target.path, 0o755) }
            } catch let problem as ZipArchive.Problem {
                throw refuse(problem.description)
            } catch {
                throw StoreError.unwritable(path: target.path, reason: error.localizedDescription)
            }
        }
        study = StudyFolder(place)
        var plan = try study.readPlan()
        if plan.trainer.command != nil, !manifest.recipe.isEmpty {
            plan.trainer.command?.folder =
                tree.appending(path: manifest.recipe).deletingLastPathComponent().path
            try study.write(plan)
        }
    }

    /// Lets the recipe be found where it was unpacked: the study can be trained again then.
    /// - Throws: `Refusal` if the recipe is not in the bundle; `StoreError`.
    package func prepareForTraining(as path: String) throws {
        guard !manifest.recipe.isEmpty else {
            throw Refusal(
                place: path,
                rule: "the recipe is not in it: \(manifest.missing.joined(separator: "; "))")
        }
        var plan = try study.readPlan()
        (plan.recipe, plan.results) = (manifest.recipe, "results")
        try study.write(plan)
    }

    private static func manifest(_ archive: ZipReader, _ path: String) throws -> BundleManifest {
        func refuse(_ rule: String) -> Refusal { Refusal(place: path, rule: rule) }
        guard let entry = archive.entries.first(where: { $0.name == BundleManifest.name }) else {
            throw refuse("is no bundle of a study: it has no \(BundleManifest.name)")
        }
        let text: Data
        do { text = try archive.contents(entry) } catch { throw refuse(error.description) }
        struct Version: Decodable { var format: String, version: Int }
        guard let version = try? JSONDecoder().decode(Version.self, from: text),
            version.format == BundleManifest.format
        else { throw refuse("is no bundle of a study: its \(BundleManifest.name) is another one") }
        guard version.version <= BundleManifest.version else {
            throw refuse(
                "is of a newer format, \(version.version); this program reads up to \(BundleManifest.version): use a newer one"
            )
        }
        do {
            let manifest = try JSONDecoder().decode(BundleManifest.self, from: text)
            let isPlain =
                !manifest.study.isEmpty && !manifest.study.hasPrefix(".")
                && !manifest.study.contains("/")
                && !manifest.recipe.split(separator: "/").contains("..")
                && !manifest.recipe.hasPrefix("/")
            guard isPlain else {
                throw refuse("its \(BundleManifest.name) names a path outside of it")
            }
            return manifest
        } catch let error as DecodingError {
            throw refuse("its \(BundleManifest.name) can't be read: \(error)")
        }
    }

    private static func verify(_ archive: ZipReader, _ manifest: BundleManifest, _ path: String)
        throws
    {
        func refuse(_ rule: String) -> Refusal { Refusal(place: path, rule: rule) }
        var missing = Set(manifest.files.keys)
        for entry in archive.entries where entry.name != BundleManifest.name {
            guard let file = manifest.files[entry.name] else {
                throw refuse("\(entry.name) is in it, and not in its \(BundleManifest.name)")
            }
            missing.remove(entry.name)
            let contents: Data
            do { contents = try archive.contents(entry) } catch { throw refuse(error.description) }
            let digest = contents.withUnsafeBytes { hexadecimal(SHA256.hash($0)) }
            guard digest == file.sha256 else {
                throw refuse(
                    "\(entry.name) is not what the bundle was made with: its SHA-256 differs")
            }
        }
        if let first = missing.min() {
            throw refuse(
                "\(first) is missing" + (missing.count > 1 ? ", and \(missing.count - 1) more" : "")
            )
        }
    }
}
