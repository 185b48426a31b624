import Files
import Foundation
import RunStore
import Studies

/// The first point at which two runs differ, and what may be the reason.
package struct FirstDifference: Sendable, Equatable {
    /// Nil where the two have the same content.
    package var point: String?
    /// What differs of their surroundings, in words.
    package var causes: [String]

    /// A run, with what is known of its environment.
    package struct Side: Sendable {
        package var contents: RunFileContents
        package var environment: EnvironmentRecord?

        package init(_ contents: RunFileContents, in study: StudyFolder?) {
            self.contents = contents
            let provenance = contents.provenance
            let id = CodeSnapshot.id(commit: provenance.commit, difference: provenance.diffDigest)
            // Without a snapshot nothing is known of the environment.
            guard let study, let snapshot = try? CodeSnapshot.read(id, in: study),
                let digest = snapshot.environment,
                let json = try? CodeObjects(study).read(digest)
            else { return }
            environment = try? JSONDecoder().decode(EnvironmentRecord.self, from: json)
        }
    }

    package init(_ a: Side, _ b: Side) {
        causes = FirstDifference.causes(a, b)
        guard a.contents.contentDigest != b.contents.contentDigest else {
            point = nil
            return
        }
        point =
            FirstDifference.identity(a.contents, b.contents)
            ?? FirstDifference.course(a.contents, b.contents)
    }

    // MARK: Where

    /// What is not the same before any run starts.
    private static func identity(_ a: RunFileContents, _ b: RunFileContents) -> String? {
        guard a.identity.json != b.identity.json else { return nil }
        func members(_ run: RunFileContents) -> [String: Any] {
            // Every identity is a JSON object.
            (try? JSONSerialization.jsonObject(with: Data(run.identity.json.utf8)))
                as? [String: Any] ?? [:]
        }
        var found: [String] = []
        collect(members(a), members(b), path: [], &found)
        return "they are different runs: \(found.prefix(8).joined(separator: "; "))"
            + (found.count > 8 ? "; and \(found.count - 8) more" : "")
    }

    private static func collect(
        _ a: [String: Any], _ b: [String: Any], path: [String], _ found: inout [String]
    ) {
        for key in Set(a.keys).union(b.keys).sorted() {
            let (x, y) = (a[key], b[key])
            if let x = x as? [String: Any], let y = y as? [String: Any] {
                collect(x, y, path: path + [key], &found)
                continue
            }
            func shown(_ value: Any?) -> String {
                guard let value else { return "not set" }
                let text = "\(value)"
                return text.count > 40 ? text.prefix(16) + "…" : text
            }
            guard shown(x) != shown(y) || "\(x as Any)" != "\(y as Any)" else { continue }
            found.append(
                "\((path + [key]).joined(separator: ".")) is \(shown(x)) in a and \(shown(y)) in b")
        }
    }

    /// Where the course of training parts.
    private static func course(_ a: RunFileContents, _ b: RunFileContents) -> String {
        let metric = firstMetric(a, b)
        let (x, y) = (a.epochDigests, b.epochDigests)
        if !x.isEmpty, !y.isEmpty {
            if x[0] != y[0] {
                return
                    "the start: the parameters differ before the first step (\(x[0].prefix(16))… in a, \(y[0].prefix(16))… in b)"
            }
            if let epoch = zip(x, y).enumerated().first(where: { $1.0 != $1.1 })?.offset {
                let seen = metric.map { "; of the metrics first \($0.words)" } ?? ""
                return
                    "epoch \(epoch): the parameters after it differ (\(x[epoch].prefix(16))… in a, \(y[epoch].prefix(16))… in b)\(seen)"
            }
        }
        if let metric { return metric.words }
        if a.weightsDigest != b.weightsDigest {
            return "the weights differ, and all metrics are the same"
        }
        return "the outcome or the test results differ, and all metrics are the same"
    }

    private static func firstMetric(_ a: RunFileContents, _ b: RunFileContents) -> (
        epoch: Int, words: String
    )? {
        let excluded = Set(a.excludedMetrics).union(b.excludedMetrics)
        let others = Dictionary(b.histories.map { ($0.name, $0.values) }) { first, _ in first }
        let steps = [a.steps, b.steps].compactMap { $0 }.max { $0.count < $1.count }
        var first: (epoch: Int, words: String)?
        for history in a.histories where !excluded.contains(history.name) {
            guard let other = others[history.name] else {
                return (0, "\(history.name) is reported in a alone")
            }
            let parting = zip(history.values, other).enumerated().first {
                $1.0 != $1.1 && !($1.0.isNaN && $1.1.isNaN)
            }
            let epoch =
                parting.map { $0.offset + 1 }
                ?? (history.values.count == other.count
                    ? nil : min(history.values.count, other.count) + 1)
            guard let epoch, epoch < first?.epoch ?? .max else { continue }
            func shown(_ values: [Double]) -> String {
                epoch <= values.count ? "\(values[epoch - 1])" : "nothing"
            }
            first = (
                epoch,
                "\(a.axis.place(steps?[epoch - 1] ?? epoch)), \(history.name): \(shown(history.values)) in a, \(shown(other)) in b"
            )
        }
        return first
    }

    // MARK: Why

    private static func causes(_ a: Side, _ b: Side) -> [String] {
        let (x, y) = (a.contents.provenance, b.contents.provenance)
        var causes: [String] = []
        func compare(_ name: String, _ p: String, _ q: String) {
            guard p != q else { return }
            causes.append(
                "\(name): \(p.isEmpty ? "not known" : p) in a, \(q.isEmpty ? "not known" : q) in b")
        }
        causes += inputs(a.contents, b.contents)
        compare("commit", x.commit, y.commit)
        if x.commit == y.commit, x.diffDigest != y.diffDigest {
            causes.append("uncommitted changes differ")
        }
        compare("data digest", x.dataDigest, y.dataDigest)
        compare("program", x.program, y.program)
        compare(
            "numerics revision", String(x.numericsRevision), String(y.numericsRevision))
        compare("built with", x.compiler, y.compiler)
        compare("HDF5", x.hdf5, y.hdf5)
        compare("processor", x.processor, y.processor)
        compare("vectors", x.vectorWidth, y.vectorWidth)
        compare("threads", String(x.threads), String(y.threads))
        compare("graphics processors", x.gpus, y.gpus)
        compare("system", x.system, y.system)
        if let p = a.environment, let q = b.environment { causes += packages(p, q) }
        return causes
    }

    private static func inputs(_ a: RunFileContents, _ b: RunFileContents) -> [String] {
        guard let x = a.inputs, let y = b.inputs, x.digest != y.digest else { return [] }
        let others = Dictionary(y.files.map { ($0.path, $0.digest) }) { first, _ in first }
        let names = Set(x.files.map(\.path))
        return
            x.files.compactMap { file in
                guard let other = others[file.path] else { return "\(file.path): read in a alone" }
                return other == file.digest ? nil : "\(file.path): has other contents"
            } + y.files.filter { !names.contains($0.path) }.map { "\($0.path): read in b alone" }
    }

    private static func packages(_ a: EnvironmentRecord, _ b: EnvironmentRecord) -> [String] {
        var found: [String] = []
        if let p = a.python.first, let q = b.python.first {
            if p.version != q.version {
                found.append("Python: \(p.version) in a, \(q.version) in b")
            }
            found += packages("Python", p.packages, q.packages)
            for (name, facts) in p.frameworks ?? [:] {
                for (key, value) in facts.sorted(by: { $0.key < $1.key }) {
                    let other = q.frameworks?[name]?[key] ?? "not known"
                    if other != value {
                        found.append("\(name) \(key): \(value) in a, \(other) in b")
                    }
                }
            }
        }
        if let p = a.r.first, let q = b.r.first { found += packages("R", p.packages, q.packages) }
        if a.driver != b.driver {
            found.append("driver: \(a.driver ?? "none") in a, \(b.driver ?? "none") in b")
        }
        return found
    }

    private static func packages(
        _ language: String, _ a: [EnvironmentRecord.Package], _ b: [EnvironmentRecord.Package]
    ) -> [String] {
        let others = Dictionary(b.map { ($0.name, $0.version) }) { first, _ in first }
        let own = Dictionary(a.map { ($0.name, $0.version) }) { first, _ in first }
        return Set(own.keys).union(others.keys).sorted().compactMap { name in
            let (x, y) = (own[name] ?? "absent", others[name] ?? "absent")
            return x == y ? nil : "\(language) package \(name): \(x) in a, \(y) in b"
        }
    }

    // MARK: Traces

    /// The first line at which two files of `--trace-digests` differ.
    /// - Throws: `StoreError`.
    package init(traces a: URL, _ b: URL) throws {
        let (x, y) = (try DigestTracer.read(a), try DigestTracer.read(b))
        causes = []
        if let (p, q) = zip(x, y).first(where: { $0 != $1 }) {
            func place(_ line: DigestTracer.Line) -> String {
                "batch \(line.batch), "
                    + (line.layer.map { "layer \($0) (\(line.name))" }
                        ?? (line.name == "parameters"
                            ? "the parameters after the step" : "the \(line.name)"))
            }
            point =
                place(p) == place(q)
                ? "\(place(p)): sum \(p.sum), first number \(p.first) in a; sum \(q.sum), first number \(q.first) in b"
                : "\(place(p)) in a, \(place(q)) in b: they are not the same training"
        } else if x.count != y.count {
            point = "a has \(x.count) lines, b has \(y.count): one training went on for longer"
        } else {
            point = nil
        }
    }
}
