import Studies

/// How a task of Slurm ended.
package struct SlurmEnding: Sendable, Equatable {
    /// `COMPLETED`, `FAILED`, `TIMEOUT`, `OUT_OF_MEMORY`, `NODE_FAIL`, `PREEMPTED`, `CANCELLED`, …
    package var state: String
    package var node: String
    /// `1:0`: the exit status and the signal.
    package var exit: String

    package init(state: String, node: String, exit: String) {
        (self.state, self.node, self.exit) = (state, node, exit)
    }

    /// What a person can do about it, or what happened; empty where the state says it.
    private var remark: String {
        switch state {
        case "OUT_OF_MEMORY": ": resources: memory is too small"
        case "TIMEOUT": ": resources: time is too short"
        case "NODE_FAIL", "BOOT_FAIL": ": the node failed"
        case "CANCELLED": ": somebody cancelled it"
        case "COMPLETED": ", but its result is not in the folder"
        default: ""
        }
    }

    /// `TIMEOUT on n1: resources: time is too short`.
    package var words: String {
        let isNamed = !["", "(null)", "None assigned"].contains(node)
        return state + (isNamed ? " on \(node)" : "")
            + (state == "FAILED" ? ", exit code \(exit)" : "") + remark
    }

    /// Whether the job ended for a reason that is neither the run's nor a person's: the run goes on
    /// in another job.
    package var isOfMachine: Bool {
        ["NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "RESIZING", "REVOKED"].contains(state)
    }

    /// Whether it has not ended at all.
    package var isUnderWay: Bool {
        [
            "PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING",
            "STAGE_OUT", "REQUEUE_FED", "REQUEUE_HOLD", "REQUEUED", "SPECIAL_EXIT",
        ].contains(state)
    }

    /// Slurm says FAILED of a job that it has ended for its memory, where memory is not kept by
    /// cgroups; the node's daemon writes the reason into the job's log.
    /// - Parameter lines: of slurmstepd.
    package mutating func take(stepd lines: [String]) {
        let signs = ["Exceeded job memory limit", "oom-kill", "oom_kill", "OOM Killed"]
        guard ["FAILED", "CANCELLED"].contains(state),
            lines.contains(where: { line in signs.contains { line.contains($0) } })
        else { return }
        state = "OUT_OF_MEMORY"
    }

    // MARK: Reading what Slurm's programs print

    /// - Parameters:
    ///   - text: of `sacct --parsable2 --noheader --format=JobID,State,ExitCode,NodeList`.
    ///   - task: `12_3`.
    package init?(sacct text: String, task: String) {
        // A requeued task has several lines: the last counts. Steps have a point in their names.
        let fields = text.split(separator: "\n").map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
        guard let found = fields.last(where: { $0.count == 4 && $0[0] == task }) else {
            return nil
        }
        self.init(state: SlurmEnding.state(found[1]), node: found[3], exit: found[2])
    }

    /// - Parameter text: a line of `scontrol --oneliner show job`.
    package init?(scontrol text: String) {
        let values = SlurmEnding.pairs(text)
        guard let state = values["JobState"] else { return nil }
        self.init(state: state, node: values["NodeList"] ?? "", exit: values["ExitCode"] ?? "")
    }

    /// - Parameters:
    ///   - text: the file of the plugin jobcomp/filetxt: a line for each end of a job.
    ///   - task: the job of the array, and the number in it.
    package init?(jobCompletions text: String, job: String, task: Int) {
        for line in text.split(separator: "\n").reversed() {
            guard line.contains("ArrayJobId=\(job) ") else { continue }
            let values = SlurmEnding.pairs(String(line))
            guard values["ArrayTaskId"] == String(task), let state = values["JobState"] else {
                continue
            }
            self.init(
                state: state, node: values["NodeList"] ?? "", exit: values["ExitCode"] ?? "")
            return
        }
        return nil
    }

    /// `CANCELLED by 1000` and `CANCELLED+` are cancelled.
    private static func state(_ text: String) -> String {
        String(text.prefix { $0 != " " && $0 != "+" })
    }

    private static func pairs(_ line: String) -> [String: String] {
        let pairs = line.split(whereSeparator: { " \n".contains($0) }).map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        }
        return Dictionary(
            pairs.filter { $0.count == 2 }.map { (String($0[0]), String($0[1])) }
        ) { first, _ in first }
    }
}
