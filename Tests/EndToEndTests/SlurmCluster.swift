import Foundation
import Subprocess
import Testing

/// A Slurm of two nodes on this machine, and a folder to work in (`scripts/slurm_cluster.sh`).
struct SlurmCluster {
    let program: Program

    private static let script = Program.package.appending(path: "scripts/slurm_cluster.sh").path

    static var isThere: Bool {
        geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/sbin/slurmctld")
    }

    /// Starts one for `body`, and ends it.
    /// - Parameters:
    ///   - files: in the folder.
    ///   - site: keys of the site file besides the partition.
    static func with(
        _ files: [String: String] = [:], site: String = "",
        _ body: (SlurmCluster) async throws -> Void
    ) async throws {
        // The site file lies beside the recipes and in the user's configuration.
        let text = "slurm: {partition: debug, poll: 1s, visibility_wait: 2s\(site)}\n"
        let program = try Program(
            files.merging(["viseme.yaml": text, "config/viseme/viseme.yaml": text]) { own, _ in own
            })
        defer { program.close() }
        let cluster = SlurmCluster(program: program)
        let started = try await program.run(command: [script, "start", cluster.folder])
        try #require(started.status == .exited(0), "\(started.errors)")
        do { try await body(cluster) } catch {
            try await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    var folder: String { program.folder.path + "/cluster" }

    private func stop() async throws {
        _ = try await shell("scancel --user=root; sleep 0.2", seconds: 20)
        _ = try await program.run(command: [SlurmCluster.script, "stop", folder])
    }

    /// Runs lines of bash; `$0` is the program, `$cluster` the cluster's folder. A shell that waits
    /// for ever is ended.
    @discardableResult
    func shell(_ lines: String, seconds: Int = 300) async throws -> Program.Ending {
        try await program.run(command: [
            "timeout", "--kill-after=5", "\(seconds)", "bash", "-c",
            """
            export SLURM_CONF='\(folder)/slurm.conf' PATH=$PATH:/usr/sbin XDG_CONFIG_HOME=$PWD/config
            cluster='\(folder)'
            # Waits until a task that was put back may start: Slurm itself fails one that starts while
            # its node still clears up, and lets it wait for two minutes.
            begin() {
                until [ "$(squeue --noheader --format=%T)" = PENDING ]; do sleep 0.1; done
                until [ "$(sinfo --noheader --format=%T | sort -u)" = idle ]; do sleep 0.1; done
                sleep 3
                scontrol update JobId=$1 StartTime=now
            }
            \(lines)
            """,
            Program.url.path,
        ])
    }

    /// A recipe whose command appends its label to `started`, does `work`, and reports one epoch.
    static func recipe(_ work: String, seeds: Int, _ more: String = "") -> String {
        """
        trainer:
          command: [sh, -c, 'echo {seed} >> $VISEME_RECIPE_FOLDER/started; \(work); echo "{\\"epoch\\": 1, \\"acc\\": 0.{seed}}" >> $VISEME_METRICS']
        metric: acc
        sweep: {seed: \(Array(1...seeds))}
        \(more)
        """
    }

    /// How often each run was started, by seed.
    func starts() throws -> [String: Int] {
        Dictionary(grouping: try program.text("started").split(separator: "\n")) { String($0) }
            .mapValues(\.count)
    }
}
