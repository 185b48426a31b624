import ArgumentParser
import Execution
import Foundation
import Recipes
import RunStore
import Studies

/// How many runs at once, and how many threads each.
struct WorkerOptions: ParsableArguments {
    @Option(
        name: [.customShort("j", allowingJoined: true), .long],
        help: "Runs at the same time (default: the number of cores, or of GPUs).")
    var jobs: Int?

    @Option(
        help:
            "Threads of each run (default: cores divided by runs; for a command, `threads` of the recipe, else 1)."
    )
    var threads: Int?

    @Option(help: ArgumentHelp("GPUs to use, as 0,1 (default: all).", valueName: "0,1"))
    var gpus: String?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): at least 1 run at once") }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): 1…1024")
        }
        guard let gpus else { return }
        let names = gpus.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let isSound = names.allSatisfy {
            Int($0).map { $0 >= 0 } ?? ($0.hasPrefix("GPU-") || $0.hasPrefix("MIG-"))
        }
        guard isSound, Set(names).count == names.count else {
            throw ValidationError("--gpus \(gpus): numbers of GPUs, each once, as 0,1")
        }
    }

    private var pool: GPUPool {
        guard let gpus else { return GPUPool.ofThisMachine() }
        return GPUPool(gpus.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    }

    /// What of this machine a study's runs get.
    /// - Throws: `ValidationError` if a run needs more graphics processors than there are.
    func allotment(_ study: ResolvedStudy) throws -> Allotment {
        try allotment(study.trainer.needs, study.plan.resources)
    }

    func allotment(_ needs: ResourceNeeds, _ resources: Resources) throws -> Allotment {
        let wanted = threads ?? needs.threads ?? resources.threads
        let cores = ProcessInfo.processInfo.activeProcessorCount
        guard needs.gpus > 0 else {
            return Allotment(
                most: jobs ?? cores, threads: wanted, cores: cores,
                gpus: GPUPool([]))
        }
        let pool = pool
        guard pool.count >= needs.gpus else {
            throw ValidationError(
                "resources: a run needs \(needs.gpus) GPUs, and this machine has \(pool.count): name "
                    + "them with --gpus or CUDA_VISIBLE_DEVICES, or set gpus to 0")
        }
        let atOnce = max(1, pool.count / needs.gpus)
        return Allotment(
            most: min(jobs ?? atOnce, atOnce), threads: wanted, cores: cores,
            gpus: pool)
    }
}

/// How many runs at once, with how many threads each.
struct Allotment {
    fileprivate let most: Int
    /// Nil: the cores are shared out.
    fileprivate let threads: Int?
    fileprivate let cores: Int
    fileprivate let gpus: GPUPool

    /// For so many runs.
    /// - Parameter isEchoed: whether what they print is printed here too.
    func `for`(_ runs: Int, isEchoed: Bool = false) -> MachineShare {
        let jobs = min(most, max(runs, 1))
        return MachineShare(
            launcher: LocalLauncher(capacity: jobs, gpus: gpus, isEchoed: isEchoed),
            threads: threads ?? max(1, cores / jobs))
    }

    /// Runs at once.
    func jobs(for runs: Int) -> Int { min(most, max(runs, 1)) }
}

struct MachineShare {
    let launcher: any Launcher
    /// Of each run.
    let threads: Int
}

/// A time as a person writes it: 90, 90s, 10m, 2h.
struct TimeSpan: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let seconds = Quantity.seconds(argument) else { return nil }
        duration = .milliseconds(Int(seconds * 1000))
    }
}

/// A size as a person writes it: 500M, 4G, 1.5GB.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        guard let bytes = Quantity.bytes(argument) else { return nil }
        self.bytes = bytes
    }
}
