import ArgumentParser
import Execution
import Foundation
import Recipes
import RunStore
import Studies

struct GCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "List what can be deleted from a study's folder, and delete it.",
        discussion: """
            Without --yes nothing goes. With it, weights beyond what is kept and leftovers go, and what else is named. \
            Digests, histories and results stay, whatever goes of the weights.
            """)

    @Argument(help: "The study: its folder, results/<name>, or its recipe.")
    var study: String
    @Option(help: "Weights to keep: best, last or none (default: `keep` of the recipe).")
    var keep: KeptWeights?
    @Flag(help: "Also the working folders of command trainers.")
    var work = false
    @Flag(help: "Also damaged and replaced files that were set aside.")
    var setAside = false
    @Flag(help: "Also runs that are not in the plan.")
    var otherRuns = false
    @Flag(help: "Delete.")
    var yes = false

    func run() throws {
        let folder = StudyFolder(named: study)
        let plan = try folder.readPlan()
        let lock = try Claim(folder)
        defer { withExtendedLifetime(lock) {} }
        let stored = StudyResults(folder, plan)
        let kept = keep ?? plan.keep
        let garbage = Garbage(folder, plan, stored, keep: kept)
        let chosen = chosen
        let rows: [[String]] = Garbage.Kind.allCases.map { kind in
            let option = kind == .weights || kind == .leftovers ? "" : "--\(kind.rawValue)"
            return [
                words(kind, kept), "\(garbage.count(kind))", byteCount(garbage.bytes(kind)),
                chosen.contains(kind) ? "goes" : "kept without \(option)",
            ]
        }
        if otherRuns, !garbage.foreign.isEmpty {
            complain(
                "\(garbage.foreign.count) files in \(folder.runs.relativePath) are no runs and stay: "
                    + garbage.foreign.prefix(5).joined(separator: ", ")
                    + (garbage.foreign.count > 5 ? ", …" : ""))
        }
        print(table(["what", "items", "size", yes ? "" : "with --yes"], rows))
        let bytes = chosen.reduce(0) { $0 + garbage.bytes($1) }
        guard yes else {
            return print("\(byteCount(bytes)) would be freed; nothing is deleted without --yes")
        }
        try garbage.remove(chosen)
        try writeDerived(folder, plan, StudyResults(folder, plan))
        print("\(byteCount(bytes)) freed")
    }

    private var chosen: Set<Garbage.Kind> {
        var kinds: Set<Garbage.Kind> = [.weights, .leftovers]
        if work { kinds.insert(.work) }
        if setAside { kinds.insert(.setAside) }
        if otherRuns { kinds.insert(.otherRuns) }
        return kinds
    }

    private func words(_ kind: Garbage.Kind, _ kept: KeptWeights) -> String {
        switch kind {
        case .weights: "weights of stored runs, beyond \(kept.label)"
        case .leftovers: "checkpoints and journals that are no longer needed"
        case .work: "working folders of stored runs"
        case .setAside: "files that were set aside"
        case .otherRuns: "runs that are not in the plan"
        }
    }
}

extension KeptWeights: ExpressibleByArgument {
    package init?(argument: String) { self.init(name: argument) }
    package var defaultValueDescription: String { label }
}
