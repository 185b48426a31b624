import Digests
import Files
import Foundation
import Kernels
import RunStore
import Studies

/// That a golden study was repeated on some machine, and what came of it: a small file in
/// `evidence/` beside the recipe. Nothing in it says whose machine it was.
package struct Evidence: Sendable, Equatable, Codable {
    package var format = 1
    /// The recipe's name.
    package var recipe: String
    package var program, compiler, hdf5: String
    package var numericsRevision: Int
    /// What the processor calls itself; an emulated one is named by the emulator.
    package var processor: String
    package var vectorWidth: String
    package var system: String
    /// Of each run that was trained again, by label.
    package var digests: [String: String]
    /// How many of them were compared with the recorded digests, and how many differ.
    package var compared, differing: Int

    /// - Parameters:
    ///   - results: of the runs that were trained again.
    package init(_ recipe: String, _ results: [Verification], _ provenance: Provenance) {
        self.recipe = recipe
        (program, compiler) = (provenance.program, provenance.compiler)
        (hdf5, numericsRevision) = (provenance.hdf5, provenance.numericsRevision)
        processor = Processor.name.isEmpty ? "unknown" : Processor.name
        (vectorWidth, system) = (provenance.vectorWidth, provenance.system)
        digests = Dictionary(results.map { ($0.label, $0.digest ?? "failed") }) { first, _ in first
        }
        compared = results.count { $0.golden != .absent }
        differing = results.count { $0.golden == .differs }
    }

    /// `tiny-avx2-1f2e3d4c.json`: one file for each recipe, machine and program.
    package var fileName: String {
        let machine = "\(processor) \(vectorWidth) \(system) \(program) \(numericsRevision)"
        let id = hexadecimal(SHA256.hash(machine)).prefix(8)
        return "\(recipe)-\(vectorWidth)-\(id).json"
    }

    /// Writes it beside the recipe.
    /// - Returns: the file.
    /// - Throws: `StoreError`.
    package func write(beside recipe: String) throws -> URL {
        let folder = URL(filePath: recipe).deletingLastPathComponent().appending(path: "evidence")
        FileManager.default.ensureFolder(folder)
        let file = folder.appending(path: fileName)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try DurableFile.write(Array(try encoder.encode(self) + Data("\n".utf8)), to: file)
        return file
    }
}
