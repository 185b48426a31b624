import Foundation
import Recipes
import Training

/// `results/<name>/`: everything stored of one study, and where.
public struct StudyFolder: Sendable, Equatable {
    public let url: URL

    public init(_ url: URL) {
        self.url = url
    }

    public var plan: URL { url.appending(path: "plan.json") }
    public var runs: URL { url.appending(path: "runs") }
    public var sweepFile: URL { url.appending(path: "sweep.h5") }
    public var digests: URL { url.appending(path: "digests.txt") }
    public var report: URL { url.appending(path: "report.md") }
    public var figures: URL { url.appending(path: "figures") }
    public var checkpoints: URL { url.appending(path: "checkpoints") }
    public var failed: URL { url.appending(path: "failed") }
    public var setAside: URL { url.appending(path: "set-aside") }

    /// What all studies beside this one share: decoded and framed clips.
    public var cache: URL { url.deletingLastPathComponent().appending(path: ".cache") }

    public func runFile(_ id: String) -> URL { runs.appending(path: "\(id).h5") }
    /// Where an unfinished run goes on.
    public func checkpointFile(_ id: String) -> URL { checkpoints.appending(path: "\(id).h5") }
    public func failureFile(_ id: String) -> URL { failed.appending(path: "\(id).json") }

    public func create() throws {
        for folder in [url, runs] {
            do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
                throw StoreError.unwritable(path: folder.path, reason: "the folder can't be made")
            }
        }
    }

    /// Removes what writers that were killed left behind: temporary files, and checkpoints of runs that are stored. Only
    /// while the study is locked.
    public func removeLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: checkpoints.path)) ?? []
        where FileManager.default.fileExists(atPath: runs.appending(path: name).path) {
            try? FileManager.default.removeItem(at: checkpoints.appending(path: name))
        }
        for folder in [url, runs, checkpoints, failed, figures] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") {
                try? FileManager.default.removeItem(at: folder.appending(path: name))
            }
        }
    }

    /// Moves a damaged or replaced file out of the way, never over another.
    /// - Returns: where it is now.
    @discardableResult
    public func setAside(_ file: URL) throws -> URL {
        try FileManager.default.createDirectory(at: setAside, withIntermediateDirectories: true)
        var target = setAside.appending(path: file.lastPathComponent)
        var number = 1
        while FileManager.default.fileExists(atPath: target.path) {
            number += 1
            target = setAside.appending(path: "\(file.lastPathComponent).\(number)")
        }
        try FileManager.default.moveItem(at: file, to: target)
        return target
    }

    // MARK: The plan

    public func write(_ plan: StoredPlan) throws {
        try DurableFile.write(Array((try RunFile.json(plan) + "\n").utf8), to: self.plan)
    }

    public func readPlan() throws -> StoredPlan {
        guard FileManager.default.fileExists(atPath: plan.path) else { throw StoreError.noStudy(path: url.path) }
        do {
            return try JSONDecoder().decode(StoredPlan.self, from: Data(DurableFile.read(plan)))
        } catch is DecodingError {
            throw StoreError.unreadable(path: plan.path, reason: "it is not the plan of a study")
        }
    }

    // MARK: Failures

    public func write(_ failure: FailureRecord) throws {
        try FileManager.default.createDirectory(at: failed, withIntermediateDirectories: true)
        try DurableFile.write(Array((try RunFile.json(failure) + "\n").utf8), to: failureFile(failure.id))
    }

    public func readFailure(_ id: String) -> FailureRecord? {
        guard let bytes = try? DurableFile.read(failureFile(id)) else { return nil }
        return try? JSONDecoder().decode(FailureRecord.self, from: Data(bytes))
    }

    public func removeFailure(_ id: String) {
        try? FileManager.default.removeItem(at: failureFile(id))
    }

    /// Writes any derived file: whole or not at all.
    public func write(_ text: String, to file: URL) throws {
        let folder = file.deletingLastPathComponent()
        do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
            throw StoreError.unwritable(path: folder.path, reason: "the folder can't be made")
        }
        try DurableFile.write(Array(text.utf8), to: file)
    }
}

/// A study's runs as they were resolved before the first one started.
public struct StoredPlan: Codable, Sendable, Equatable {
    public struct Run: Codable, Sendable, Equatable {
        public var id: String
        public var identity: String
        public var number: Int
        public var trial: Int
        public var label: String
        public var trialLabel: String
        public var point: [Axis.Point]
        public var configuration: [String: Value]
        public var dataDigest: String
        public var dataFile: String?

        public init(
            id: String, identity: String, number: Int, trial: Int, label: String, trialLabel: String,
            point: [Axis.Point],
            configuration: [String: Value], dataDigest: String, dataFile: String?
        ) {
            self.id = id
            self.identity = identity
            self.number = number
            self.trial = trial
            self.label = label
            self.trialLabel = trialLabel
            self.point = point
            self.configuration = configuration
            self.dataDigest = dataDigest
            self.dataFile = dataFile
        }
    }

    public var format = 1
    public var name: String
    /// As it was given on the command line.
    public var recipe: String
    public var overrides: [String]
    public var recipeText: String
    public var question: String?
    public var metric: Metric
    /// Swept keys, in order; the seed last.
    public var axes: [String]
    public var runs: [Run]
    /// The folder of all studies, as it was given.
    public var results: String

    public init(
        name: String, recipe: String, overrides: [String], recipeText: String, question: String?, metric: Metric,
        axes: [String], runs: [Run], results: String = "results"
    ) {
        self.results = results
        self.name = name
        self.recipe = recipe
        self.overrides = overrides
        self.recipeText = recipeText
        self.question = question
        self.metric = metric
        self.axes = axes
        self.runs = runs
    }
}

extension StoredPlan.Run {
    /// - Parameters:
    ///   - dataDigest: of the prepared data.
    ///   - dataFile: of decoded clips, where there is one.
    public init(_ run: PlannedRun, identity: RunIdentity, dataDigest: String, dataFile: String?) {
        self.init(
            id: identity.id, identity: identity.json, number: run.number, trial: run.trial, label: run.label,
            trialLabel: run.trialLabel, point: run.point, configuration: run.configuration.values,
            dataDigest: dataDigest, dataFile: dataFile)
    }
}

/// A run that failed for a reason outside it.
public struct FailureRecord: Codable, Sendable, Equatable {
    public var id: String
    public var label: String
    /// As a person would say it: `killed by signal 9 (SIGKILL)`.
    public var reason: String
    /// The last lines it printed.
    public var output: String
    /// Why each try failed, the last included; nil in records of earlier programs.
    public var tries: [String]?

    public init(id: String, label: String, reason: String, output: String, tries: [String]? = nil) {
        self.id = id
        self.label = label
        self.reason = reason
        self.output = output
        self.tries = tries
    }
}

extension StoredPlan {
    /// The plan with this run only: what a worker needs of it, however many runs there are.
    public func alone(_ run: Run) -> StoredPlan {
        var plan = self
        plan.runs = [run]
        return plan
    }
}
