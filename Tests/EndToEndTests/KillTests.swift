import Foundation
import Subprocess
import Testing

#if os(Linux)
    /// A sweep that is started to be killed: SIGKILL, which nobody can answer.
    struct Victim {
        let process = Process()

        init(_ program: Program, _ arguments: [String]) throws {
            process.executableURL = Program.url
            process.arguments = arguments
            process.currentDirectoryURL = program.folder
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        var workers: [Int32] {
            let tasks = "/proc/\(process.processIdentifier)/task"
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
            return threads.flatMap { thread in
                let text =
                    (try? String(contentsOfFile: "\(tasks)/\(thread)/children", encoding: .utf8))
                    ?? ""
                return text.split(separator: " ").compactMap { Int32($0) }
            }
        }

        func kill() {
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    /// Who trains the toy study that is killed.
    enum Toy: String, CaseIterable {
        /// A run keeps a checkpoint after every batch, so that kills hit the writing as often as
        /// the training.
        case builtIn
        /// A command that goes on from what it kept itself.
        case command

        var arguments: [String] {
            switch self {
            case .builtIn:
                ["sweep", Program.tiny, "checkpoint_every=0", "--jobs", "2", "--threads", "1"]
            case .command: ["sweep", "r.yaml", "--jobs", "2"]
            }
        }

        var name: String { self == .builtIn ? "tiny" : "r" }

        func program() throws -> Program { try study(["kept"], seeds: "1, 2, 3, 4") }

        /// The digests of a sweep that nobody disturbs.
        func golden() async throws -> String {
            if case .builtIn = self {
                return try String(
                    contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"),
                    encoding: .utf8)
            }
            let program = try program()
            defer { program.close() }
            _ = try await program.run(command: [Program.url.path] + arguments)
            return try program.text("results/r/digests.txt")
        }
    }

    /// The bounded sample of `make soak`'s thousand kills; `VISEME_KILLS` asks for more.
    @Test(arguments: Toy.allCases)
    func whateverIsKilledTheSweepEndsWithTheSameDigests(toy: Toy) async throws {
        let kills = Int(ProcessInfo.processInfo.environment["VISEME_KILLS"] ?? "") ?? 20
        let golden = try await toy.golden()
        #expect(golden.split(separator: "\n").count == 4)
        let arguments = toy.arguments
        var random = SystemRandomNumberGenerator()
        var killed = 0
        while killed < kills {
            let program = try toy.program()
            defer { program.close() }
            var isFinished = false
            while !isFinished && killed < kills {
                let victim = try Victim(program, arguments)
                try await Task.sleep(for: .milliseconds(Int.random(in: 20...500, using: &random)))
                isFinished = !victim.process.isRunning
                if isFinished { break }
                let workers = victim.workers
                // The parent, a worker, or all of them; workers of a killed parent end by
                // themselves.
                switch killed % 3 {
                case 0: victim.kill()
                case 1:
                    if let worker = workers.randomElement() { kill(worker, SIGKILL) }
                    victim.process.waitUntilExit()
                default:
                    for worker in workers { kill(worker, SIGKILL) }
                    victim.kill()
                }
                killed += 1
            }
            let ending = try await program.run(command: [Program.url.path] + arguments)
            #expect(ending.status == .exited(0), "\(ending.errors)")
            let results = "results/\(toy.name)"
            #expect(try program.text("\(results)/digests.txt") == golden)
            let check = try await program.run("check", results)
            #expect(check.status == .exited(0), "\(check.output)\(check.errors)")
            for folder in ["checkpoints", "running"] {
                let left = try? FileManager.default.contentsOfDirectory(
                    atPath: program.folder.appending(path: "\(results)/\(folder)").path)
                #expect(left?.isEmpty != false, "\(left ?? [])")
            }
        }
    }

    @Test func anInterruptedRunGoesOnFromItsCheckpoint() async throws {
        let program = try Program()
        defer { program.close() }
        let long = [Program.tiny, "lr=[0.01]", "seed=[1]", "epoch=600", "--jobs", "1"]
        let checkpoints = program.folder.appending(path: "results/tiny/checkpoints")
        // A shell waits: it is awake in time, however busy the tests are.
        let script = """
            "$0" sweep "$@" > /dev/null & sweep=$!
            until [ "$(cat results/tiny/running/*.journal 2> /dev/null | wc -l)" -ge 20 ]; do sleep 0.01; done
            kill -TERM $sweep; wait $sweep; echo "status $?"
            """
        let stopped = try await program.run(
            command: ["bash", "-c", script, Program.url.path] + long)
        #expect(stopped.output.contains("status 130"), "\(stopped.output)\(stopped.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).count == 1)
        let again = try await program.run(command: [Program.url.path, "sweep"] + long)
        #expect(again.status == .exited(0), "\(again.errors)")
        #expect(
            again.output.contains("lr=0.01,seed=1  resumes at its last checkpoint"),
            "\(again.output)")
        let whole = try Program()
        defer { whole.close() }
        _ = try await whole.run(command: [Program.url.path, "sweep"] + long)
        #expect(
            try program.text("results/tiny/digests.txt") == whole.text("results/tiny/digests.txt"))
    }

    /// Batches of this take longer than the half second after which a worker tells its sweep of
    /// them: the first thing it does after a batch would be to write into a pipe that nobody reads.
    private let slow = """
        path_to_dataset: builtin:visemes
        len_video: 12
        size_lips: {width: 48, height: 48}
        filters: 40
        batch_size: 20
        epoch: 100
        builtin: {words: 2, train_speakers: 30, val_speakers: 1, test_speakers: 0, takes: 2}
        """

    private func waitForCheckpoint(_ program: Program, _ study: @autoclosure () throws -> String)
        async throws -> Bool
    {
        for _ in 0..<600 {
            let folder = program.folder.appending(path: "results/\(try study())/checkpoints")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            if names.contains(where: { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }) { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    @Test func aWorkerWhoseSweepIsKilledKeepsACheckpoint() async throws {
        let program = try Program(["slow.yaml": slow])
        defer { program.close() }
        let victim = try Victim(program, ["sweep", "slow.yaml"])
        while victim.workers.isEmpty && victim.process.isRunning {
            try await Task.sleep(for: .milliseconds(50))
        }
        try await Task.sleep(for: .seconds(3))
        victim.kill()
        #expect(try await waitForCheckpoint(program, "slow"))
    }

    @Test func trainKeepsACheckpointWhenItIsAskedToEnd() async throws {
        let program = try Program(["slow.yaml": slow])
        defer { program.close() }
        let victim = try Victim(program, ["train", "--config", "slow.yaml"])
        try await Task.sleep(for: .seconds(3))
        kill(victim.process.processIdentifier, SIGINT)
        victim.process.waitUntilExit()
        #expect(victim.process.terminationStatus == 130)
        #expect(try await waitForCheckpoint(program, "train/\(program.trainedRun())"))
        let again = try Victim(program, ["train", "slow.yaml"])
        try await Task.sleep(for: .seconds(1))
        again.kill()
    }

    @Test func aCheckpointThatCanNotBeWrittenDoesNotCostTheRun() async throws {
        let program = try Program(["results/tiny/checkpoints": "a file where the folder should be"])
        defer { program.close() }
        let golden = try String(
            contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"), encoding: .utf8)
        let ending = try await program.run("sweep", Program.tiny, "checkpoint_every=0")
        #expect(ending.status == .exited(0), "\(ending.errors)\(ending.output)")
        #expect(try program.text("results/tiny/digests.txt") == golden)
    }

    @Test func checkpointsOfStoredRunsAreRemoved() async throws {
        let program = try Program()
        defer { program.close() }
        _ = try await program.run("sweep", Program.tiny)
        let runs = program.folder.appending(path: "results/tiny/runs")
        let checkpoints = program.folder.appending(path: "results/tiny/checkpoints")
        try FileManager.default.createDirectory(at: checkpoints, withIntermediateDirectories: true)
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: runs.path).first)
        try Data("left".utf8).write(to: checkpoints.appending(path: name))
        _ = try await program.run("sweep", Program.tiny)
        #expect(try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).isEmpty)
    }

    @Test func aDamagedCheckpointIsSetAsideAndTheRunStartsAfresh() async throws {
        let program = try Program()
        defer { program.close() }
        let golden = try String(
            contentsOfFile: Program.tiny.replacing(".yaml", with: ".digests"), encoding: .utf8)
        _ = try await program.run("plan", Program.tiny)
        let checkpoints = program.folder.appending(path: "results/tiny/checkpoints")
        try FileManager.default.createDirectory(at: checkpoints, withIntermediateDirectories: true)
        for line in golden.split(separator: "\n") {
            let id = line.split(separator: " ")[1]
            try Data("not a checkpoint".utf8).write(to: checkpoints.appending(path: "\(id).h5"))
        }
        let ending = try await program.run("sweep", Program.tiny)
        #expect(ending.status == .exited(0), "\(ending.errors)")
        #expect(try program.text("results/tiny/digests.txt") == golden)
        let aside = program.folder.appending(path: "results/tiny/set-aside").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: aside).count == 4)
    }
#endif
