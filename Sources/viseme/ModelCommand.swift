import ArgumentParser
import Clips
import Execution
import Foundation
import Networks
import Recipes
import Reports
import RunStore
import Studies
import Training

/// Shows the networks of a recipe, layer by layer.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "List the layers of a recipe's network: shapes, parameters, multiply-adds.",
        discussion:
            "A study that sweeps the network has a table for each. Multiply-adds are those of one clip, forward."
    )

    @OptionGroup var options: StudyOptions

    /// Tables at most.
    private static let most = 6

    func run() throws {
        let recipe = try options.read()
        guard recipe.trainer.command == nil else {
            throw ValidationError(
                "\(options.recipe): its trainer is a program; only that knows the network")
        }
        var seen: Set<String> = []
        var networks: [(labels: [String], model: String, plan: NetworkPlan)] = []
        var isKnown = true
        for run in try recipe.expand() {
            let configuration = run.configuration
            let known = try classes(configuration)
            isKnown = isKnown && known != nil
            let model = configuration.text("model")
            let shape = NetworkShape(configuration, classes: known ?? 10)
            let key = "\(model) \(shape)"
            guard seen.insert(key).inserted else { continue }
            networks.append(
                ([run.label], model, NetworkRegistry.plan(model, shape)))
        }
        for network in networks.prefix(ModelCommand.most) {
            if networks.count > 1 { print("\(network.labels[0]):") }
            show(network.model, network.plan)
        }
        if networks.count > ModelCommand.most {
            print("… and \(networks.count - ModelCommand.most) more networks")
        }
        if !isKnown {
            print("10 classes are assumed: the data is not prepared yet (`viseme data info`)")
        }
    }

    private func classes(_ configuration: Configuration) throws -> Int? {
        let cache = options.results.appending(path: ".cache")
        return try DataSource(configuration).known(cache: cache)?.classCount
    }

    private func show(_ model: String, _ plan: NetworkPlan) {
        let columns: [FittedTable.Column] = [
            .init(model), .init("output"), .init("parameters", isNumber: true),
            .init("multiply-adds", isNumber: true),
        ]
        let rows = plan.rows.map { row in
            [
                row.name, row.shape.map(String.init).joined(separator: "×"),
                row.parameters == 0 ? "" : grouped(row.parameters),
                row.multiplyAdds == 0 ? "" : grouped(row.multiplyAdds),
            ]
        }
        let total = [
            "all", "", grouped(plan.rows.reduce(0) { $0 + $1.parameters }),
            grouped(plan.rows.reduce(0) { $0 + $1.multiplyAdds }),
        ]
        Terminal.print(
            FittedTable(columns, rows + [total]).text(room: Terminal.columns) { row, _, text in
                row == nil || row == rows.count ? Terminal.styled(text, .bold) : text
            })
        print("")
    }

    /// `11,689,512`.
    private func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
