import Foundation
import RunStore
import Studies

/// The trainers there are.
package enum TrainerCatalog {
    package static let declarations = TrainerDeclarations(
        builtIn: VisualSpeechTrainer.declaration, command: CommandTrainer.declaration)

    /// Keys by trainer, for reading run files.
    package static let schemas = Dictionary(
        uniqueKeysWithValues: [declarations.builtIn, declarations.command].map {
            ($0.name, $0.schema)
        })

    /// The trainer of a plan.
    package static func trainer(_ record: TrainerRecord) -> any Trainer {
        record.command.map { CommandTrainer($0) } ?? VisualSpeechTrainer()
    }

    /// Reads a run file; its configuration is compared with its identity.
    /// - Throws: `StoreError`.
    package static func read(_ file: URL) throws -> RunFileContents {
        try RunFile.read(file, schemas: schemas)
    }
}
