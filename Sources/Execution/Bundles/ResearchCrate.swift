import Foundation
import RunStore
import Studies

/// Describes a bundle for other tools: RO-Crate 1.1 (Sefton et al. 2022) with the Process Run Crate
/// profile 0.5 (Leo et al. 2024): every run is an action, with its program, its setting and its
/// result.
struct ResearchCrate {
    let plan: Plan
    let results: StudyResults
    let manifest: BundleManifest
    /// Of all other files in the bundle.
    let names: [String]
    /// As a person gave it; empty: not stated.
    let licence: String
    let licenceFile: String?

    private static let profile = "https://w3id.org/ro/wfrun/process/0.5"

    /// JSON-LD.
    func json() throws -> String {
        let graph: [[String: Any]] =
            [descriptor, root, profile] + licences + programs + files + actions
        let document: [String: Any] = [
            "@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph,
        ]
        let data = try JSONSerialization.data(
            withJSONObject: document,
            options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private func reference(_ id: String) -> [String: Any] { ["@id": id] }

    /// A path as an identifier (RFC 3986).
    private func address(_ path: String) -> String {
        path.addingPercentEncoding(
            withAllowedCharacters: CharacterSet(
                charactersIn:
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")) ?? path
    }

    private var descriptor: [String: Any] {
        [
            "@id": "ro-crate-metadata.json", "@type": "CreativeWork",
            "conformsTo": reference("https://w3id.org/ro/crate/1.1"), "about": reference("./"),
        ]
    }

    private var profile: [String: Any] {
        [
            "@id": ResearchCrate.profile, "@type": "CreativeWork", "name": "Process Run Crate",
            "version": "0.5",
        ]
    }

    private var root: [String: Any] {
        [
            "@id": "./", "@type": "Dataset", "name": plan.name,
            "description": plan.question ?? "A study of \(plan.runs.count) runs",
            "datePublished": String(lastEnd.prefix(10)),
            "license": reference(licenceID),
            "conformsTo": [reference(ResearchCrate.profile)],
            "hasPart": names.map { reference(address($0)) },
            "mentions": runs.map { reference("#run-\($0.0.id)") },
        ]
    }

    private var runs: [(Run, RunResult)] { results.inOrder(plan) }

    private var licenceID: String {
        if !licence.isEmpty {
            return licence.contains("://") ? licence : "https://spdx.org/licenses/\(licence)"
        }
        return licenceFile.map(address) ?? "#license"
    }

    private var licences: [[String: Any]] {
        guard licence.isEmpty else {
            return [["@id": licenceID, "@type": "CreativeWork", "name": licence]]
        }
        guard licenceFile == nil else { return [] }
        return [
            [
                "@id": "#license", "@type": "CreativeWork", "name": "No license is stated",
                "description":
                    "Ask the authors before you use this study for more than checking it.",
            ]
        ]
    }

    private var programs: [[String: Any]] {
        let words = manifest.program.split(separator: " ")
        let viseme: [String: Any] = [
            "@id": "#viseme", "@type": "SoftwareApplication",
            "name": String(words.first ?? "Viseme"),
            "softwareVersion": String(words.last ?? ""),
        ]
        guard let command = plan.trainer.command else { return [viseme] }
        return [
            viseme,
            [
                "@id": "#trainer", "@type": "SoftwareApplication",
                "name": command.command.joined(separator: " "),
            ],
        ]
    }

    private static let formats = [
        "h5": "application/x-hdf5", "json": "application/json", "md": "text/markdown",
        "html": "text/html", "ipynb": "application/x-ipynb+json", "csv": "text/csv",
        "svg": "image/svg+xml", "txt": "text/plain", "yaml": "application/yaml",
        "yml": "application/yaml", "py": "text/x-python", "R": "text/x-r",
    ]

    private var files: [[String: Any]] {
        names.map { name in
            var file: [String: Any] = ["@id": address(name), "@type": "File", "name": name]
            file["encodingFormat"] =
                ResearchCrate.formats[(name as NSString).pathExtension]
                ?? "application/octet-stream"
            if name == licenceFile { file["@type"] = ["File", "CreativeWork"] }
            return file
        }
    }

    private var actions: [[String: Any]] {
        let code = names.filter { $0.hasPrefix("tree/") }.map { reference(address($0)) }
        return runs.flatMap { run, result -> [[String: Any]] in
            let id = "#run-\(run.id)"
            let provenance = result.provenance
            let values: [[String: Any]] = run.setting.map {
                [
                    "@id": "\(id)-\(address($0.key))", "@type": "PropertyValue", "name": $0.key,
                    "value": $0.value.label,
                ]
            }
            var action: [String: Any] = [
                "@id": id, "@type": "CreateAction", "name": run.label,
                "instrument": reference(plan.trainer.command == nil ? "#viseme" : "#trainer"),
                "object": code + values.map { reference($0["@id"] as? String ?? "") },
                "result": [reference("study/runs/\(run.id).h5")],
                "actionStatus": reference("http://schema.org/CompletedActionStatus"),
            ]
            if !provenance.started.isEmpty {
                action["startTime"] = provenance.started
                action["endTime"] = end(result)
            }
            return [action] + values
        }
    }

    private func end(_ result: RunResult) -> String {
        let provenance = result.provenance
        guard let start = Date(timestamp: provenance.started) else { return provenance.started }
        return start.addingTimeInterval(provenance.seconds).formatted(.iso8601)
    }

    /// Of all runs: a study is as old as its last run.
    private var lastEnd: String { runs.map { end($0.1) }.max() ?? "1980-01-01" }
}
