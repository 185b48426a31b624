import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The interpreters that a command used, and what is installed for them.
package struct EnvironmentRecord: Sendable, Equatable, Codable {
    package struct Package: Sendable, Equatable, Codable {
        package var name, version: String
        /// Where it was installed from, if not from an index of packages.
        package var url: String?
    }

    package struct Python: Sendable, Equatable, Codable {
        package var path, version, implementation: String
        package var packages: [Package]
        /// What frameworks say of themselves: versions of CUDA and of their own sources.
        package var frameworks: [String: [String: String]]?
    }

    package struct R: Sendable, Equatable, Codable {
        package var path: String
        /// What `sessionInfo()` prints.
        package var session: String
        package var packages: [Package]
    }

    package var python: [Python] = []
    package var r: [R] = []
    /// Of NVIDIA's driver; nil: none.
    package var driver: String?

    package init() {}

    package var isEmpty: Bool { python.isEmpty && r.isEmpty }

    /// Asks each interpreter.
    /// - Parameters:
    ///   - interpreters: their paths, as they were called.
    ///   - environment: changes to this process's own.
    static func gather(_ interpreters: [String], environment: [String: String]) async
        -> EnvironmentRecord
    {
        var record = EnvironmentRecord()
        for path in interpreters.prefix(8) {
            if isPython(path) {
                guard let text = await output(path, ["-c", pythonScript], environment),
                    var found = try? JSONDecoder().decode(Python.self, from: Data(text.utf8))
                else { continue }
                found.path = path
                if !record.python.contains(found) { record.python.append(found) }
            } else if let text = await output(
                // The program behind the script `R` is not to be called by itself.
                "Rscript", ["--vanilla", "-e", rScript], environment)
            {
                let parts = text.components(separatedBy: rDivider)
                let packages = (parts.count > 1 ? parts[1] : "").split(separator: "\n").compactMap {
                    line -> Package? in
                    let words = line.split(separator: " ")
                    guard words.count == 2 else { return nil }
                    return Package(name: String(words[0]), version: String(words[1]))
                }
                let found = R(
                    path: path,
                    session: parts[0].trimmingCharacters(in: .whitespacesAndNewlines),
                    packages: packages)
                if !record.r.contains(where: { $0.session == found.session }) {
                    record.r.append(found)
                }
            }
        }
        // Only where such a driver is installed.
        record.driver =
            (try? String(contentsOfFile: "/proc/driver/nvidia/version", encoding: .utf8))?
            .split(separator: "\n").first.map(String.init)
        return record
    }

    static func isPython(_ path: String) -> Bool {
        URL(filePath: path).lastPathComponent.hasPrefix("python")
    }

    private static func output(
        _ program: String, _ arguments: [String], _ environment: [String: String]
    ) async -> String? {
        let updates = environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }.map {
            (Environment.Key(stringLiteral: $0.key), Optional($0.value))
        }
        return await withTaskGroup(of: String?.self) { group in
            group.addTask {
                // An interpreter that can't be asked is not recorded.
                let result = try? await Subprocess.run(
                    program.contains("/") ? .path(FilePath(program)) : .name(program),
                    arguments: Arguments(arguments),
                    environment: .inherit.updating(Dictionary(updates) { $1 }), input: .none,
                    output: .string(limit: 1 << 24), error: .discarded)
                guard let result, result.terminationStatus.isSuccess else { return nil }
                return result.standardOutput
            }
            group.addTask {
                // Sleep throws only when it is cancelled.
                try? await Task.sleep(for: .seconds(30))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Nothing is imported: what a framework says of itself is a small file.
    private static let pythonScript = """
        import importlib.metadata as m, importlib.util as u, json, os, platform, sys
        packages = {}
        for d in m.distributions():
            name = d.metadata["Name"]
            if not name or name.lower() in packages:
                continue
            url = None
            try:
                text = d.read_text("direct_url.json")
                if text:
                    direct = json.loads(text)
                    url = direct.get("url")
                    vcs = direct.get("vcs_info")
                    if vcs:
                        url = vcs["vcs"] + "+" + url + "@" + vcs["commit_id"]
                    if direct.get("dir_info", {}).get("editable"):
                        url = "editable " + url
            except Exception:
                pass
            packages[name.lower()] = {"name": name, "version": d.version, "url": url}
        frameworks = {}
        for name in ("torch", "jax", "jaxlib", "tensorflow", "cupy"):
            try:
                spec = u.find_spec(name)
                place = os.path.join(os.path.dirname(spec.origin), "version.py")
                facts = {}
                exec(open(place).read(), facts)
                frameworks[name] = {k.strip("_"): str(v) for k, v in facts.items()
                                    if k in ("__version__", "cuda", "git_version", "hip") and v}
            except Exception:
                pass
        print(json.dumps({
            "path": sys.executable, "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "packages": sorted(packages.values(), key=lambda p: p["name"].lower()),
            "frameworks": frameworks or None}))
        """

    private static let rDivider = "--- packages ---\n"
    private static let rScript = """
        print(sessionInfo()); cat("\(rDivider.replacing("\n", with: "\\n"))"); \
        p <- installed.packages()[, c("Package", "Version")]; \
        cat(paste(p[, 1], p[, 2], collapse = "\\n"), "\\n")
        """

    /// What `pip install -r` reads, and what it can't install, in words.
    package static func requirements(_ python: Python) -> (text: String, problems: [String]) {
        var lines = ["# Python \(python.version) (\(python.implementation))"]
        var problems: [String] = []
        for package in python.packages {
            guard let url = package.url else {
                lines.append("\(package.name)==\(package.version)")
                continue
            }
            if url.hasPrefix("editable ") || url.hasPrefix("file:") {
                lines.append("# \(package.name)==\(package.version) from \(url)")
                problems.append(
                    "the Python package \(package.name) \(package.version) was installed from a folder, \(url.replacing("editable ", with: ""))"
                )
            } else {
                lines.append("\(package.name) @ \(url)")
            }
        }
        return (lines.joined(separator: "\n") + "\n", problems)
    }
}
