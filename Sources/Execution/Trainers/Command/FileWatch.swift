import Recipes
import Studies
import Synchronization

/// Looks whether the files that decide a command's outcome are still what they were. A file whose
/// size and time of change stay is not read again.
package final class FileWatch: Sendable {
    private let trainer: TrainerCommand
    private let files: RecipeFiles
    private let facts = Mutex<[String: RecipeFiles.Facts]>([:])

    package init(_ trainer: TrainerCommand) {
        self.trainer = trainer
        files = RecipeFiles(folder: trainer.folder)
    }

    /// The first file that is no longer what it was when the plan was made.
    package func changedFile() -> String? {
        trainer.files.first { file in
            let now = files.facts(file.path)
            if let now, facts.withLock({ $0[file.path] }) == now { return false }
            guard files.digest(file.path) == file.digest else { return true }
            facts.withLock { $0[file.path] = now }
            return false
        }?.path
    }
}
