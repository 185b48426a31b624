import Files
import Foundation
import Studies

extension RunFile {
    /// Publishes a completed run in a study's folder. The first to have it wins; one that is equal
    /// to it is evidence that the run is reproducible, one that was trained from other files is set
    /// aside.
    /// - Throws: `NotReproduced` if another file of the run holds other results: both stay.
    package static func publish(_ contents: RunFileContents, in folder: StudyFolder) throws {
        let file = folder.runFile(contents.identity.id)
        let image = try HDF5File.image { try write(contents, $0) }
        // What is in the way may be damaged, or go in between.
        for _ in 0..<3 {
            if try SealedFile.publish(image, to: file) { return }
            guard let other = try? read(file) else {
                try folder.setAside(file)
                continue
            }
            guard other.contentDigest != contents.contentDigest else { return }
            // Trained from other files: that is another result, and no alarm.
            guard other.provenance.trace?.digest == contents.provenance.trace?.digest else {
                try folder.setAside(file)
                continue
            }
            let aside = folder.setAside.appending(
                path: "\(contents.identity.id).\(randomName()).h5")
            FileManager.default.ensureFolder(folder.setAside)
            try SealedFile.write(image, to: aside)
            throw NotReproduced(
                file: file.path, aside: aside.path, stored: other.contentDigest,
                own: contents.contentDigest)
        }
        throw StoreError.unwritable(path: file.path, reason: "other files keep taking its place")
    }

    /// A run was trained twice, and gave two results.
    package struct NotReproduced: UserError {
        let file, aside, stored, own: String

        package var place: String { file }
        package var rule: String {
            "this run was trained twice with different results: stored is \(stored.prefix(16))…, and this training gave \(own.prefix(16))…, kept as \(aside)"
        }
        package var remedy: String {
            "a machine that took part does not reproduce the bits of the other: `viseme compare` shows where they part"
        }
    }
}
