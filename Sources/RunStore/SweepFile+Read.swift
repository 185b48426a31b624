import Files
import Foundation
import Studies

extension SweepFile {
    /// All runs of a sweep file, by id.
    /// - Parameter excluded: the metrics that digests leave out; runs of a file with other ones are
    ///   none of it.
    /// - Throws: `StoreError` where it is damaged or of another format; it can be rebuilt then.
    package static func read(_ file: URL, excluding excluded: [String] = []) throws -> [String:
        RunResult]
    {
        try SealedFile.read(file) { try read($0, excluded, path: file.path) }
    }

    private static func read(_ root: HDF5Group, _ excluded: [String], path: String) throws
        -> [String: RunResult]
    {
        let found = "\(try root.text("format")) \(try root.integer("format_version"))"
        guard found == "\(format) \(formatVersion)" else {
            throw StoreError.otherFormat(path: path, found: found, known: formatVersion)
        }
        guard try names("excluded_metrics", root) == excluded else { return [:] }
        let ids = try root.dataset("run_id").texts()
        let axis: MetricAxis = root.has("point") ? .step : .epoch
        let isByStep = axis == .step
        let width = try root.dataset(rows(axis)).shape().first ?? 0
        let points = try root.dataset(isByStep ? "points" : "epochs").integers()
        let bestSteps = isByStep ? try root.dataset("best_step").integers() : []
        let elapsed = isByStep ? try root.dataset("elapsed").doubles() : []
        let metrics = try zip(names("metrics", root), names("variables", root)).map {
            ($0, try root.dataset($1).doubles())
        }
        let bestEpochs = try root.dataset(isByStep ? "best_point" : "best_epoch").integers()
        let bestValues = try root.dataset("best_value").doubles()
        let none = [Double](repeating: .nan, count: ids.count)
        let losses = root.has("test_loss") ? try root.dataset("test_loss").doubles() : none
        let accuracies =
            root.has("test_accuracy") ? try root.dataset("test_accuracy").doubles() : none
        let outcomes = try root.dataset("outcome").texts()
        let early = try root.dataset("stopped_early").integers()
        let seconds = try root.dataset("seconds").doubles()
        let files = try root.group("files")
        let digests = try files.dataset("content_digest").texts()
        let provenances = try files.dataset("provenance").texts()
        let reported =
            try files.has("reported_metrics") ? files.dataset("reported_metrics").texts() : []
        let weightBytes = try files.dataset("weight_bytes").integers()
        let sizes = try files.dataset("file_size").integers()
        let times = try files.dataset("file_modified").integers()
        let counts = [
            points.count, bestEpochs.count, bestValues.count, losses.count, accuracies.count,
            outcomes.count,
            early.count, seconds.count, digests.count, provenances.count, weightBytes.count,
            sizes.count, times.count,
        ]
        guard counts.allSatisfy({ $0 == ids.count }),
            reported.isEmpty || reported.count == ids.count,
            metrics.allSatisfy({ $0.1.count == ids.count * width }),
            !isByStep || bestSteps.count == ids.count && elapsed.count == ids.count * width,
            isByStep || points.allSatisfy({ (0...width).contains($0) })
        else { throw StoreError.unreadable(path: path, reason: "its parts are inconsistent") }
        let steps = metrics.first { $0.0 == MetricAxis.steps }?.1 ?? []
        /// How many rows a run has here.
        func held(_ run: Int) -> Int {
            guard isByStep else { return points[run] }
            let own = steps.dropFirst(run * width).prefix(width)
            return own.firstIndex(where: \.isNaN).map { $0 - own.startIndex } ?? own.count
        }
        var runs: [String: RunResult] = [:]
        for (index, id) in ids.enumerated() {
            guard let outcome = Outcome(rawValue: outcomes[index]) else {
                throw StoreError.unreadable(path: path, reason: "its parts are inconsistent")
            }
            let own = index * width..<index * width + held(index)
            var run = RunResult(
                id: id, outcome: outcome, stoppedEarly: early[index] == 1,
                best: bestEpochs[index] == 0
                    ? nil
                    : BestEpoch(
                        epoch: bestEpochs[index], step: isByStep ? bestSteps[index] : nil,
                        value: bestValues[index]),
                histories: metrics.filter {
                    reported.isEmpty || reported[index].contains(jsonString($0.0))
                }.map {
                    History(name: $0, values: Array($1[own]))
                },
                seconds: seconds[index],
                test: accuracies[index].isNaN ? nil : (losses[index], accuracies[index]),
                contentDigest: digests[index], weightBytes: weightBytes[index],
                file: FileFacts(size: sizes[index], modified: times[index]),
                provenanceText: provenances[index])
            if isByStep {
                (run.axis, run.reportedRows) = (.step, points[index])
                run.elapsed = Array(elapsed[own])
            }
            runs[id] = run
        }
        return runs
    }

    private static func names(_ attribute: String, _ root: HDF5Group) throws -> [String] {
        // Names that can't be decoded do not fit the variables, which is found next.
        (try? JSONDecoder().decode([String].self, from: Data(try root.text(attribute).utf8))) ?? []
    }
}
