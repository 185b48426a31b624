import Foundation
import Studies
import Yams

/// How a site provides what recipes ask for: `viseme.yaml`, looked for beside the recipe and
/// upwards, then in `~/.config/viseme`. Nothing of it is identity.
package struct SiteFile: Sendable, Equatable {
    /// Of `slurm:`.
    package struct Slurm: Sendable, Equatable {
        package var partition, account, qos, constraint, gres: String?
        /// Lines of the job script before the work: modules, containers.
        package var setup: [String] = []
        /// Further options of sbatch, as they are.
        package var options: [String] = []
        /// Tasks of one array at a time; nil: no limit.
        package var arrayLimit: Int?
        package var runsPerTask: Int?
        /// Seconds between two questions to the scheduler.
        package var poll = 60.0
        /// Seconds for which a run's file may be unseen after its task has ended.
        package var visibilityWait = 60.0
        /// Seconds before wall time at which a task is asked to stop.
        package var notice = 60.0

        package init() {}
    }

    package var slurm = Slurm()
    /// The file; nil if there is none.
    package var path: String?

    /// - Parameters:
    ///   - recipe: the recipe's path.
    ///   - home: the folder that holds the user's own file.
    /// - Throws: `RecipeMistakes`.
    package init(beside recipe: String, home: URL?) throws {
        guard let file = SiteFile.find(beside: recipe, home: home) else { return }
        path = file.path
        let source = try SourceText(file: file, name: file.relativePath)
        let mistakes = MistakeList()
        if let node = source.parse(mistakes) {
            let reader = SettingsReader(
                source: source, mistakes: mistakes, schema: ParameterSchema([], isOpen: true))
            reader.forEachKey(node) { name, key, value in
                guard name == "slurm" else {
                    return mistakes.add(
                        reader.place(key), "there is no such key: \(name); a site file has slurm",
                        in: source)
                }
                slurm = SiteFile.slurm(value, reader)
            }
        }
        try mistakes.throwIfAny()
    }

    private static func find(beside recipe: String, home: URL?) -> URL? {
        var folder = URL(filePath: recipe).standardizedFileURL.deletingLastPathComponent()
        while true {
            let file = folder.appending(path: "viseme.yaml")
            if FileManager.default.fileExists(atPath: file.path) { return file }
            guard folder.path != "/" else { break }
            folder.deleteLastPathComponent()
        }
        let own = home?.appending(path: "viseme/viseme.yaml")
        return own.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
    }

    private static let keys = [
        "partition", "account", "qos", "constraint", "gres", "setup", "options", "array_limit",
        "runs_per_task", "poll", "visibility_wait", "notice",
    ]

    /// Options of sbatch by which this program finds its jobs and logs again.
    private static let ownOptions = [
        "--array": "-a", "--job-name": "-J", "--output": "-o", "--error": "-e", "--chdir": "-D",
        "--open-mode": "", "--signal": "", "--nodes": "-N", "--ntasks": "-n", "--wrap": "",
        "--parsable": "", "--wait": "-W", "--test-only": "",
    ]

    /// The name of such an option; nil if it is another.
    private static func ownOption(_ text: String) -> String? {
        let name = String(text.prefix { $0 != "=" && $0 != " " })
        return ownOptions.keys.first { long in
            let short = ownOptions[long] ?? ""
            return name == long || (!short.isEmpty && name.hasPrefix(short))
        }
    }

    private static func slurm(_ node: Node, _ reader: SettingsReader) -> Slurm {
        var slurm = Slurm()
        func add(_ node: Node, _ text: String) {
            reader.mistakes.add(reader.place(node), text, in: reader.source)
        }
        func text(_ node: Node, _ name: String) -> String? {
            guard let text = node.string, !text.isEmpty, !text.contains(where: \.isNewline) else {
                add(node, "slurm: \(name): found \(reader.described(node)); expected a name")
                return nil
            }
            return text
        }
        func whole(_ node: Node, _ name: String) -> Int? {
            guard let number = node.string.flatMap({ Int($0) }), number > 0 else {
                add(
                    node,
                    "slurm: \(name): found \(reader.described(node)); expected a whole number, 1 or more"
                )
                return nil
            }
            return number
        }
        func seconds(_ node: Node, _ name: String) -> Double? {
            let seconds = node.string.flatMap(Quantity.seconds)
            if seconds == nil {
                add(
                    node, "slurm: \(name): found \(reader.described(node)); expected a time, as 60s"
                )
            }
            return seconds
        }
        reader.forEachKey(node) { name, key, value in
            switch name {
            case "partition": slurm.partition = text(value, name)
            case "account": slurm.account = text(value, name)
            case "qos": slurm.qos = text(value, name)
            case "constraint": slurm.constraint = text(value, name)
            case "gres": slurm.gres = text(value, name)
            case "setup": slurm.setup = reader.texts(value, "slurm: setup")
            case "options":
                slurm.options = reader.texts(value, "slurm: options")
                for option in slurm.options {
                    guard let name = ownOption(option) else { continue }
                    add(value, "slurm: options: \(name) is set by this program: leave it out")
                }
            case "array_limit": slurm.arrayLimit = whole(value, name)
            case "runs_per_task": slurm.runsPerTask = whole(value, name)
            case "poll": slurm.poll = seconds(value, name) ?? slurm.poll
            case "visibility_wait":
                slurm.visibilityWait = seconds(value, name) ?? slurm.visibilityWait
            case "notice": slurm.notice = seconds(value, name) ?? slurm.notice
            default:
                let hint =
                    nearest(name, in: keys).map { ": did you mean \($0)?" }
                    ?? "; it has \(keys.joined(separator: ", "))"
                add(key, "slurm: there is no such key: \(name)\(hint)")
            }
        }
        return slurm
    }
}
