import Execution
import Foundation
import Studies
import Subprocess
import Synchronization
import Testing

/// What every launcher promises, over all there are.
@Suite struct LauncherContract {
    enum Kind: String, CaseIterable {
        case local, inProcess
    }

    /// A launcher whose jobs do what their argument says: `succeed`, `fail`, `wait`.
    private static func launcher(_ kind: Kind, capacity: Int = 4) -> any Launcher {
        switch kind {
        case .local: LocalLauncher(capacity: capacity)
        case .inProcess:
            InProcessLauncher(capacity: capacity) { job in
                switch job.arguments.last {
                case "exit 0": return .exited(.exited(0))
                case "exit 3": return .exited(.exited(3))
                default:
                    try? await Task.sleep(for: .seconds(600))
                    return .stopped
                }
            }
        }
    }

    private static func job(_ name: String, _ script: String) -> Job {
        var job = Job(
            run: name, attempt: 1, program: "sh", arguments: ["-c", script], environment: [:],
            folder: FileManager.default.temporaryDirectory.path)
        job.grace = 1
        return job
    }

    /// The ends of so many jobs, in the order in which they come.
    private static func ends(_ launcher: any Launcher, _ count: Int) async -> [EndedJob] {
        var ends: [EndedJob] = []
        for await event in launcher.events {
            if case .ended(let ended) = event { ends.append(ended) }
            if ends.count == count { break }
        }
        return ends
    }

    @Test(arguments: Kind.allCases)
    func everyJobEndsOnceWithItsStatus(kind: Kind) async throws {
        let launcher = LauncherContract.launcher(kind)
        let handles = try await launcher.submit([
            LauncherContract.job("a", "exit 0"), LauncherContract.job("b", "exit 3"),
        ])
        #expect(
            handles.map(\.run) == ["a", "b"] && Set(handles).count == 2
                && handles[0].launcher == launcher.name)
        let ends = await LauncherContract.ends(launcher, 2)
        #expect(Set(ends.map(\.handle)) == Set(handles))
        let byRun = Dictionary(ends.map { ($0.handle.run, $0.ending) }) { first, _ in first }
        #expect(byRun["a"] == .exited(.exited(0)) && byRun["b"] == .exited(.exited(3)))
        let states = try await launcher.states(handles)
        #expect(states == [handles[0]: .gone, handles[1]: .gone])
    }

    @Test(arguments: Kind.allCases)
    func aCancelledJobStopsAndTheOthersGoOn(kind: Kind) async throws {
        let launcher = LauncherContract.launcher(kind)
        let handles = try await launcher.submit([
            LauncherContract.job("long", "sleep 600"), LauncherContract.job("other", "sleep 601"),
        ])
        #expect(try await launcher.states(handles).values.allSatisfy { $0 == .running })
        await launcher.cancel([handles[0]], grace: nil)
        let first = await LauncherContract.ends(launcher, 1)
        #expect(first.map(\.handle) == [handles[0]] && first[0].ending == .stopped)
        #expect(try await launcher.states(handles)[handles[1]] == .running)
        await launcher.cancel([handles[1]], grace: nil)
    }

    @Test func handlesAndJobsAreFiles() throws {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "viseme-test-\(UUID().uuidString)/a.job.json")
        defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
        var job = LauncherContract.job("a", "exit 0")
        (job.gpus, job.timeout, job.memory) = (2, 1.5, 1 << 40)
        job.order = WorkOrder(
            study: "s", cache: "c", plan: "{}", provenance: Provenance(), threads: 2, claim: "t")
        try job.write(to: file)
        let read = try Job.read(file)
        #expect(
            read.gpus == 2 && read.timeout == 1.5 && read.memory == 1 << 40
                && read.order?.claim == "t")
        let handle = JobHandle(launcher: "x", run: "a", attempt: 1, id: "7", devices: ["0"])
        #expect(
            try JSONDecoder().decode(JobHandle.self, from: JSONEncoder().encode(handle)) == handle)
    }
}
