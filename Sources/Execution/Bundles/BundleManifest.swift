/// What a bundle holds: `manifest.json`. A bundle is a ZIP archive of stored entries with one
/// finished study, which others can check and repeat.
package struct BundleManifest: Sendable, Equatable, Codable {
    package struct File: Sendable, Equatable, Codable {
        /// Hexadecimal SHA-256.
        package var sha256: String
        package var size: Int
    }

    package static let name = "manifest.json"
    package static let format = "viseme-bundle"
    package static let version = 1

    package var format = BundleManifest.format
    package var version = BundleManifest.version
    /// The study's name.
    package var study: String
    /// The recipe, below `tree/`; empty if its text was not kept.
    package var recipe: String
    /// The program that wrote it.
    package var program: String
    package var isAnonymous = false
    package var hasWeights = true
    /// All files but this one, by path.
    package var files: [String: File] = [:]
    /// What belongs to the study and is not in the bundle, in words.
    package var missing: [String] = []

    package init(study: String, recipe: String, program: String) {
        (self.study, self.recipe, self.program) = (study, recipe, program)
    }
}
