import Foundation

/// Which of the files that a command opened are inputs: not what belongs to git, to an environment
/// of installed packages, to caches, or to results.
struct InputRules {
    /// Of the repository.
    let root: String
    /// Folders of results and caches.
    let excluded: [String]

    private static let folders: Set<String> = [
        ".git", ".hg", ".svn", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache",
        ".tox", ".nox", ".eggs", "node_modules", "site-packages", "dist-packages",
    ]
    private static let endings = ["~", ".swp", ".swo", ".tmp", ".pyc"]
    /// A folder that holds one of these is an environment, whose packages are recorded by name.
    private static let environments = ["pyvenv.cfg", "conda-meta"]

    /// The path of an input; nil for a file that is none.
    /// - Parameter environment: whether a folder is that of an environment.
    func input(_ path: String, isEnvironment: (String) -> Bool) -> String? {
        guard path.hasPrefix(root + "/") else { return nil }
        if excluded.contains(where: { path == $0 || path.hasPrefix($0 + "/") }) { return nil }
        let path = InputRules.source(ofBytecode: path) ?? path
        let parts = path.dropFirst(root.count + 1).split(separator: "/").map(String.init)
        guard let name = parts.last, !InputRules.endings.contains(where: name.hasSuffix) else {
            return nil
        }
        var folder = root
        for part in parts.dropLast() {
            folder += "/" + part
            if InputRules.folders.contains(part) || part == "__pycache__" || isEnvironment(folder) {
                return nil
            }
        }
        return path
    }

    /// Python reads the bytecode of a module, and asks no more of its source than size and time:
    /// `pkg/__pycache__/model.cpython-312.pyc` counts as `pkg/model.py`.
    static func source(ofBytecode path: String) -> String? {
        guard path.hasSuffix(".pyc") else { return nil }
        let file = URL(filePath: path)
        let folder = file.deletingLastPathComponent()
        guard folder.lastPathComponent == "__pycache__",
            let module = file.lastPathComponent.split(separator: ".").first
        else { return nil }
        let source = folder.deletingLastPathComponent().appending(path: "\(module).py").path
        return access(source, F_OK) == 0 ? source : nil
    }

    static func isEnvironment(_ folder: String) -> Bool {
        environments.contains { access(folder + "/" + $0, F_OK) == 0 }
    }
}
