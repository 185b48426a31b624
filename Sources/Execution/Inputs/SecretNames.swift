import Foundation

/// Files whose names say that they hold a secret: they are named, and never stored.
enum SecretNames {
    private static let parts = ["key", "token", "secret", "password", "passwd", "credential"]
    private static let endings = [
        ".pem", ".p12", ".pfx", ".jks", ".kdbx", ".netrc", ".htpasswd", ".npmrc", ".pypirc",
        ".pgpass", ".ssh", ".gnupg", ".aws", "kubeconfig", "service-account.json",
    ]
    /// Words of the field that contain one of these parts.
    private static let others = [
        "tokeniz", "keypoint", "keyframe", "keyword", "keyboard", "monkey", "secretar",
    ]

    /// By the names of the file and of its folders.
    static func contains(_ path: String) -> Bool {
        path.split(separator: "/").contains { isSecret($0.lowercased()) }
    }

    private static func isSecret(_ part: String) -> Bool {
        var name = part
        if name == ".env" || name.hasPrefix(".env.") || name.hasSuffix(".env") { return true }
        if name.hasPrefix("id_rsa") || name.hasPrefix("id_ed25519") { return true }
        if endings.contains(where: name.hasSuffix) { return true }
        for word in others { name = name.replacing(word, with: "") }
        return parts.contains { name.contains($0) }
    }
}
