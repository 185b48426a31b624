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
}

/// The script that sbatch receives: one array, whose tasks work on their share of the runs.
package struct SlurmScript {
    package let study: StudyFolder
    package let batch: SlurmBatch
    package let site: SiteFile.Slurm
    package let resources: Resources
    /// The path of this program.
    package let program: String

    package init(
        study: StudyFolder, batch: SlurmBatch, site: SiteFile.Slurm, resources: Resources,
        program: String
    ) {
        (self.study, self.batch, self.site) = (study, batch, site)
        (self.resources, self.program) = (resources, program)
    }

    private var folder: String { study.url.standardizedFileURL.path }

    package var text: String {
        let last = batch.tasks.count - 1
        let limit = site.arrayLimit.map { "%\($0)" } ?? ""
        let runs = Double(batch.tasks.map(\.count).max() ?? 1)
        var options = [
            "--job-name=viseme-\(study.url.lastPathComponent)", "--array=0-\(last)\(limit)",
            "--output=\(folder)/slurm/%A_%a.log", "--open-mode=append", "--requeue",
            "--signal=B:USR1@60", "--nodes=1", "--ntasks=1",
        ]
        if let threads = resources.threads { options.append("--cpus-per-task=\(threads)") }
        if let memory = resources.memory {
            options.append("--mem=\((memory + 999_999) / 1_000_000)M")
        }
        if let gpus = resources.gpus, gpus > 0, site.gres == nil {
            options.append("--gres=gpu:\(gpus)")
        }
        if let time = resources.time {
            // Each run may take its time; whole minutes, as Slurm counts.
            options.append("--time=\(Int((time * runs / 60).rounded(.up)) + 2)")
        }
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
        // Slurm sends USR1 before wall time to the shell alone, and TERM to all its processes. The
        // shell waits for the worker's checkpoint.
        return
            (["#!/bin/bash"] + options.map { "#SBATCH \($0)" } + site.setup + [
                work.joined(separator: " ") + " &", "worker=$!",
                "trap 'kill -TERM $worker' USR1", "trap : TERM", "wait $worker", "status=$?",
                "while kill -0 $worker 2>/dev/null; do wait $worker; status=$?; done",
                "exit $status",
            ]).joined(separator: "\n") + "\n"
    }

    private func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
