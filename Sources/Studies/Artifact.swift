/// A file that a run has left and that is kept with it.
package struct Artifact: Sendable, Equatable, Codable {
    /// From the working folder.
    package var path: String
    /// Bytes.
    package var size: Int
    /// Hexadecimal SHA-256.
    package var digest: String

    package init(path: String, size: Int, digest: String) {
        (self.path, self.size, self.digest) = (path, size, digest)
    }

    /// Whether browsers show it as a picture.
    package var isPicture: Bool {
        ["png", "jpg", "jpeg", "gif", "svg", "webp"].contains(
            path.split(separator: ".").last?.lowercased() ?? "")
    }
}
