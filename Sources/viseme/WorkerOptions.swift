import ArgumentParser
import Foundation
import Recipes
import RunStore
import Execution

/// How many runs at once, and how many threads each.
struct WorkerOptions: ParsableArguments {
    @Option(
        name: [.customShort("j", allowingJoined: true), .long],
        help: "Runs at once (default: as many as there are cores, or graphics processors).")
    var jobs: Int?

    @Option(help: "Threads of each run (default: the cores shared out; for a command, what the recipe says, else 1).")
    var threads: Int?

    @Option(help: ArgumentHelp("Graphics processors to hand out (default: all).", valueName: "0,1"))
    var gpus: String?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs \(jobs): at least 1 run at once") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads \(threads): 1…1024") }
        guard let gpus else { return }
        let names = gpus.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let isSound = names.allSatisfy { Int($0).map { $0 >= 0 } ?? ($0.hasPrefix("GPU-") || $0.hasPrefix("MIG-")) }
        guard isSound, Set(names).count == names.count else {
            throw ValidationError("--gpus \(gpus): numbers of graphics processors, each once, as 0,1")
        }
    }

    private var pool: GPUPool {
        guard let gpus else { return GPUPool.ofThisMachine() }
        return GPUPool(gpus.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    }

    /// The graphics processors, of which each run gets as many as the recipe says.
    func checkedGPUs(_ plan: StoredPlan) throws -> GPUPool {
        guard case .command(let trainer) = plan.trainer, trainer.gpus > 0 else { return GPUPool([]) }
        let pool = pool
        guard pool.count >= trainer.gpus else {
            throw ValidationError(
                "resources: a run takes \(trainer.gpus) graphics processors, and this machine shows \(pool.count): name "
                    + "them with --gpus or CUDA_VISIBLE_DEVICES, or set gpus to 0")
        }
        return pool
    }

    func jobs(for runs: Int, _ plan: StoredPlan) -> Int {
        var most = jobs ?? ProcessInfo.processInfo.activeProcessorCount
        if case .command(let trainer) = plan.trainer, trainer.gpus > 0 {
            let atOnce = max(1, pool.count / trainer.gpus)
            most = min(jobs ?? atOnce, atOnce)
        }
        return min(most, max(runs, 1))
    }

    func threads(jobs: Int, _ plan: StoredPlan) -> Int {
        if case .command(let trainer) = plan.trainer { return threads ?? trainer.threads }
        return threads ?? max(1, ProcessInfo.processInfo.activeProcessorCount / jobs)
    }
}

/// A time as a person writes it: 90, 90s, 10m, 2h.
struct TimeSpan: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let seconds = Quantity.parse(argument, units: ["s": 1, "m": 60, "h": 3600]) else { return nil }
        duration = .milliseconds(Int(seconds * 1000))
    }
}

/// A size as a person writes it: 500M, 4G, 1.5GB.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let text = argument.uppercased().hasSuffix("B") ? String(argument.dropLast()) : argument
        guard let bytes = Quantity.parse(text.uppercased(), units: ["K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12]) else {
            return nil
        }
        self.bytes = Int(bytes)
    }
}

private enum Quantity {
    /// A positive number, with a unit or without one.
    static func parse(_ text: String, units: [Character: Double]) -> Double? {
        let unit = text.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? text : String(text.dropLast())), number > 0 else { return nil }
        let value = number * (unit ?? 1)
        return value < 1e15 ? value : nil
    }
}
