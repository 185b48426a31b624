import Expressions
import Files
import Foundation
import Studies

/// Runs a script once, for a short time, and finds out where its metrics are.
package struct ScriptProbe: Sendable {
    /// Where metrics were found.
    package enum Found: Sendable, Equatable {
        /// It writes to `$VISEME_METRICS` itself.
        case reported
        /// A named format of its output; `step` where it has no epochs.
        case output(String, axis: MetricAxis)
        /// A file, as a pattern from its working folder; `step` where it has no epochs.
        case file(String, axis: MetricAxis)
    }

    package let found: Found?
    /// Why something that looks like metrics can't be read; empty if nothing is in the way.
    package let problem: String
    /// Names of metrics, the one that judges best first.
    package let metrics: [String]
    /// How the script ended, in words, where that matters.
    package let ending: String
    /// The last lines of what it printed.
    package let output: String

    /// - Parameters:
    ///   - words: the command; relative files lie in `folder`.
    ///   - seconds: after which it is ended.
    package static func run(_ words: [String], in folder: URL, seconds: Double) async throws
        -> ScriptProbe
    {
        let scratch = FileManager.default.temporaryDirectory.appending(
            path: "viseme-probe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { FileManager.default.discard(scratch) }
        let reported = scratch.appending(path: ".metrics.jsonl")
        let absolute = absolute(words, in: folder)
        var environment = CommandTrainer.deterministic(threads: 1)
        environment["VISEME_METRICS"] = reported.path
        environment["VISEME_CONFIG"] = "{}"
        environment["VISEME_SEED"] = "1"
        environment["VISEME_CHECKPOINTS"] = scratch.appending(path: ".checkpoints").path
        environment["VISEME_WEIGHTS"] = scratch.appending(path: ".weights").path
        var child = ChildProcess(
            program: absolute[0], arguments: Array(absolute.dropFirst()),
            environment: environment, folder: scratch.path, timeout: .seconds(seconds))
        child.grace = .seconds(2)
        let printed = Locked<[UInt8]>([])
        let tail = OutputTail(
            tap: OutputTap { chunk in
                printed.withLock { if $0.count < ScriptProbe.outputLimit { $0 += chunk } }
            })
        let ended = await child.run(output: tail)
        let text = await tail.text
        if case .unstartable(let reason) = ended { throw Unstartable(rule: reason) }
        let (found, metrics, problem) = recognise(printed.withLock { $0 }, scratch, reported)
        return ScriptProbe(
            found: found, problem: found == nil ? problem : "", metrics: metrics,
            ending: ScriptProbe.words(of: ended, seconds), output: text)
    }

    /// The command is no program that could be tried.
    package struct Unstartable: UserError {
        package let rule: String
        package var place: String { "--command" }
        package var remedy: String { "give the command as you start it in this folder" }
    }

    /// Long options that the script's `--help` lists, without dashes; none where it has no help.
    package static func options(_ words: [String], in folder: URL) async -> [String] {
        // A program and its script; what follows are their options.
        let scratch = FileManager.default.temporaryDirectory.appending(
            path: "viseme-probe-\(UUID().uuidString)")
        // Without a folder of its own the script is not started.
        guard
            (try? FileManager.default.createDirectory(
                at: scratch, withIntermediateDirectories: true)) != nil
        else { return [] }
        defer { FileManager.default.discard(scratch) }
        let head = absolute(words, in: folder).prefix {
            !$0.hasPrefix("-") && !$0.contains("=") && Double($0) == nil
        }
        let child = ChildProcess(
            program: head.first ?? "", arguments: Array(head.dropFirst()) + ["--help"],
            environment: [:], folder: scratch.path, timeout: .seconds(30))
        let printed = Locked<[UInt8]>([])
        let tail = OutputTail(
            tap: OutputTap { chunk in
                printed.withLock { if $0.count < 1 << 20 { $0 += chunk } }
            })
        guard case .exited(let status, _) = await child.run(output: tail), status.isSuccess else {
            return []
        }
        let text = String(decoding: printed.withLock { $0 }, as: UTF8.self)
        var seen: Set<String> = []
        return text.matches(of: /--([a-z][\w-]*)/).map { String($0.1) }.filter {
            seen.insert($0).inserted
        }
    }

    /// Files of the folder by their whole paths: the script is started elsewhere.
    private static func absolute(_ words: [String], in folder: URL) -> [String] {
        words.map { word in
            let file = folder.appending(path: word)
            let isFile = !word.hasPrefix("/") && FileManager.default.fileExists(atPath: file.path)
            return isFile ? file.standardizedFileURL.path : word
        }
    }

    private static let outputLimit = 64 << 20

    private static func words(of ending: JobEnding, _ seconds: Double) -> String {
        switch ending {
        case .exited(let status, _): status.isSuccess ? "" : Execution.words(status)
        case .ended: "it was ended after \(Int(seconds)) s"
        case .stopped: "it was stopped"
        case .unstartable(let reason): reason
        }
    }

    /// What has most rows with most metrics; files before output, which is made for people.
    private static func recognise(_ output: [UInt8], _ folder: URL, _ reported: URL) -> (
        Found?, [String], problem: String
    ) {
        if let size = FileFacts(reported)?.size, size > 0 {
            let content = try? TableFiles.jsonLines(
                String(decoding: DurableFile.read(reported), as: UTF8.self))
            let names = Set(content?.records.flatMap(\.values.keys) ?? [])
            return (.reported, ranked(names), "")
        }
        var problem = ""
        for pattern in [
            "**/trainer_state.json", "**/metrics.csv", "**/results.csv", "**/*.csv",
            "**/*.jsonl", "**/history.json", "**/*tfevents*",
        ] {
            var files = FileMetrics(pattern, nil, in: OutputFiles(folder), axis: nil)
            do { try files.poll(isLast: true) } catch {
                // A file of another kind is none of metrics; one of folds is, and people want to know.
                problem = "\(error)"
                continue
            }
            let names = files.named.reduce(into: Set<String>()) { $0.formUnion($1.names) }
            guard !names.isEmpty else { continue }
            let isBySteps = files.named.contains(where: \.table.hasOnlySteps)
            return (.file(pattern, axis: isBySteps ? .step : .epoch), ranked(names), "")
        }
        var best: (format: String, rows: Int, table: MetricTable)?
        for format in OutputFormat.all {
            let table: MetricTable
            do {
                var metrics = try OutputMetrics(
                    format: format, patterns: [], table: MetricTable("its output", axis: nil))
                try metrics.take(output)
                try metrics.end()
                table = metrics.table
                try table.check()
            } catch {
                problem = "\(error)"
                continue
            }
            // What is printed once is a setting or a result rather than a history.
            let count = table.keys.count
            guard count > 1, !table.names.isEmpty, count > best?.rows ?? 0 else { continue }
            best = (format.name, count, table)
        }
        guard let best else { return (nil, [], problem) }
        let axis: MetricAxis = best.table.hasOnlySteps ? .step : .epoch
        return (.output(best.format, axis: axis), ranked(best.table.names), "")
    }

    /// Metrics of validation before others, accuracies and losses before the rest; times never.
    private static func ranked(_ names: Set<String>) -> [String] {
        func rank(_ name: String) -> Int {
            let plain = name.lowercased()
            let isHeldOut = ["val", "eval", "test", "dev"].contains { plain.contains($0) }
            let isJudge = ["acc", "loss", "rmse", "mae", "error", "f1", "auc", "l2"].contains {
                plain.contains($0)
            }
            return (isHeldOut ? 0 : 2) + (isJudge ? 0 : 1)
        }
        return names.filter { $0 != "step" && !OutputFormat.timings.contains($0) }
            .sorted { (rank($0), $0) < (rank($1), $1) }
    }

    /// Whether less of a metric is better, by its name.
    package static func isMinimized(_ name: String) -> Bool {
        let plain = name.lowercased()
        return ["loss", "rmse", "mse", "mae", "error", "err", "l1", "l2", "perplexity", "nll"]
            .contains { plain.contains($0) }
    }
}
