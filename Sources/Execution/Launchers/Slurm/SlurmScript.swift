import Files
import Foundation
import Recipes
import RunStore
import Studies

/// The runs of one submission, in tasks: `slurm/<name>.json` of a study.
package struct SlurmBatch: Codable, Sendable, Equatable {
    package var name: String
    /// Ids of the runs of each task of the array.
    package var tasks: [[String]]
    package var retries: Int
    /// Name and version of the program that submitted it.
    package var program: String?
    /// Limits of each run: bytes, and seconds of an attempt.
    package var memory: Int?
    package var timeout: Double?
    /// So many runs that fail for one reason, with none that succeeds, end the study; nil: none do.
    package var alikeFailures: Int?
    /// Seconds of each task, as asked for; nil if the site decides.
    package var seconds: Double?
    /// Seconds before that at which a task is asked to stop.
    package var notice: Double?

    /// - Parameter runsPerTask: in the order of the plan.
    package init(name: String, runs: [Run], runsPerTask: Int, retries: Int) {
        (self.name, self.retries) = (name, retries)
        tasks = stride(from: 0, to: runs.count, by: runsPerTask).map { start in
            runs[start..<min(start + runsPerTask, runs.count)].map(\.id)
        }
    }

    package static func read(_ file: URL) throws -> SlurmBatch {
        do { return try JSONDecoder().decode(SlurmBatch.self, from: Data(contentsOf: file)) } catch
        {
            throw StoreError.unreadable(path: file.path, reason: "it is no batch of this program")
        }
    }

    /// The task that a run is in.
    package func task(of run: String) -> Int? { tasks.firstIndex { $0.contains(run) } }
}

/// The script that sbatch receives: one array, whose tasks work on their share of the runs.
package struct SlurmScript {
    package let study: StudyFolder
    package let batch: SlurmBatch
    package let site: SiteFile.Slurm
    package let resources: Resources
    /// The path of this program.
    package let program: String
    /// Where the work starts: relative paths of the recipe are from there.
    package let place: String

    package init(
        study: StudyFolder, batch: SlurmBatch, site: SiteFile.Slurm, resources: Resources,
        program: String, place: String = FileManager.default.currentDirectoryPath
    ) {
        self.place = place
        (self.study, self.batch, self.site) = (study, batch, site)
        (self.resources, self.program) = (resources, program)
    }

    private var folder: String { study.url.standardizedFileURL.path }

    /// Whole minutes, as Slurm counts: each run may take its time.
    package static func minutes(_ resources: Resources, runsPerTask: Int) -> Int? {
        resources.time.map { Int(($0 * Double(runsPerTask) / 60).rounded(.up)) + 2 }
    }

    /// The jobs of a study; squeue takes commas between names.
    package static func jobName(_ study: StudyFolder) -> String {
        "viseme-"
            + study.url.lastPathComponent.map {
                $0.isLetter || $0.isNumber || "._-".contains($0) ? String($0) : "_"
            }.joined()
    }

    package var text: String {
        let last = batch.tasks.count - 1
        let limit = site.arrayLimit.map { "%\($0)" } ?? ""
        var options = [
            "--job-name=\(SlurmScript.jobName(study))", "--array=0-\(last)\(limit)",
            "--output=slurm/%A_%a.log", "--open-mode=append", "--requeue",
            "--signal=B:USR1@\(Int(site.notice))", "--nodes=1", "--ntasks=1",
        ]
        if let threads = resources.threads { options.append("--cpus-per-task=\(threads)") }
        if let memory = batch.memory ?? resources.memory {
            options.append("--mem=\((memory + 999_999) / 1_000_000)M")
        }
        if let gpus = resources.gpus, gpus > 0, site.gres == nil {
            options.append("--gres=gpu:\(gpus)")
        }
        if let seconds = batch.seconds { options.append("--time=\(Int(seconds / 60))") }
        let named = [
            ("partition", site.partition), ("account", site.account), ("qos", site.qos),
            ("constraint", site.constraint), ("gres", site.gres),
        ]
        options += named.compactMap { name, value in value.map { "--\(name)=\($0)" } }
        options += site.options
        let work = [
            quoted(program), "work", quoted(folder), "--jobs", "1", "--batch",
            quoted(batch.name), "--task", "\"$SLURM_ARRAY_TASK_ID\"",
        ]
        // A line of the setup that fails ends the task with its status: training in a wrong
        // environment would be worse.
        let setup = site.setup.isEmpty ? [] : ["set -e"] + site.setup + ["set +e"]
        // Slurm sends USR1 before wall time to the shell alone, and TERM to all its processes. The
        // shell waits for the worker's checkpoint.
        return
            (["#!/bin/bash"] + options.map { "#SBATCH \($0)" } + ["cd \(quoted(place))"]
            + setup + [
                work.joined(separator: " ") + " &", "worker=$!",
                "trap 'kill -USR1 $worker' USR1", "trap : TERM", "wait $worker", "status=$?",
                "while kill -0 $worker 2>/dev/null; do wait $worker; status=$?; done",
                "exit $status",
            ]).joined(separator: "\n") + "\n"
    }

    private func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
