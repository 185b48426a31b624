import Files
import Foundation
import Studies

/// `plan.json`: the plan of a study. The runs are columns, so that a plan of ten thousand is
/// written and read quickly.
package enum PlanFile {
    /// Written by this program. Format 2, which has no `trainer` and no `types`, is read too.
    static let format = 3

    private struct Head: Codable {
        var format = PlanFile.format
        var name, recipe: String
        var overrides: [String]
        var recipeText: String
        var question: String?
        var metric: Metric
        /// Nil in format 2.
        var trainer: TrainerHead?
        var command: TrainerCommand?
        var keep: KeptWeights
        var recordedEnvironment: [String]
        var report: ReportSettings?
        /// Both nil in plans of earlier programs.
        var resources: Resources?
        var requiresMetrics: Bool?
        var initialWeights: String?
        var numerics: Int
        var settings: [String: Value]
        /// Types of the values of `settings`, where JSON does not show them.
        var types: [String: String]?
        var axes: [String]
        var results: String
        var data: [RunData]
    }

    private struct TrainerHead: Codable {
        var name: String
        var metrics: MetricSet
        var bestEpoch: BestEpochRule
    }

    private struct Columns: Decodable {
        var id: [String]
        var trial: [Int]
        /// Places in `data`; nil if all runs have the first.
        var data: [Int]?
        /// Values by key; null where the axis does not exist.
        var point: [String: Column]
        /// Types of the values of each key: one for all, or one for each run.
        var types: [String: String]?
    }

    private struct Column: Decodable {
        let values: [Value?]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // Columns of one type are decoded at once: ten times as fast as value by value.
            if let whole = try? container.decode([Int].self) {
                values = whole.map { .integer($0) }
            } else if let texts = try? container.decode([String].self) {
                values = texts.map { .text($0) }
            } else {
                values = try container.decode([Value?].self)
            }
        }
    }

    // MARK: Writing

    /// - Throws: never in practice: all that a plan holds can be encoded.
    package static func json(_ plan: Plan) throws -> String {
        var data: [RunData] = []
        var indices: [RunData: Int] = [:]
        let dataOfRuns = plan.runs.map { run in
            if let known = indices[run.data] { return known }
            indices[run.data] = data.count
            data.append(run.data)
            return data.count - 1
        }
        let types = plan.settings.mapValues(ValueType.code).filter { $0.value != "" }
        let trainer = TrainerHead(
            name: plan.trainer.name, metrics: plan.trainer.metrics,
            bestEpoch: plan.trainer.bestEpoch)
        let head = Head(
            name: plan.name, recipe: plan.recipe, overrides: plan.overrides,
            recipeText: plan.recipeText,
            question: plan.question, metric: plan.metric, trainer: trainer,
            command: plan.trainer.command,
            keep: plan.keep, recordedEnvironment: plan.recordedEnvironment,
            report: plan.report == ReportSettings() ? nil : plan.report,
            resources: plan.resources == Resources() ? nil : plan.resources,
            requiresMetrics: plan.requiresMetrics ? true : nil,
            initialWeights: plan.initialWeights,
            numerics: plan.numerics, settings: plan.settings, types: types.isEmpty ? nil : types,
            axes: plan.axes,
            results: plan.results, data: data)
        var columns = ["\"id\":[\(plan.runs.map { "\"\($0.id)\"" }.joined(separator: ","))]"]
        columns.append("\"trial\":[\(plan.runs.map { String($0.trial) }.joined(separator: ","))]")
        if data.count > 1 {
            columns.append("\"data\":[\(dataOfRuns.map { String($0) }.joined(separator: ","))]")
        }
        let values = plan.axes.indices.map { index in
            plan.runs.map { value(plan.axes[index], at: index, $0) }
        }
        let points = zip(plan.axes, values).map { key, values in
            jsonString(key) + ":[" + values.map { $0?.json ?? "null" }.joined(separator: ",") + "]"
        }
        columns.append("\"point\":{\(points.joined(separator: ","))}")
        let codes = zip(plan.axes, values).map { ($0, ValueType.code(column: $1)) }.filter {
            $0.1 != ""
        }
        if !codes.isEmpty {
            columns.append(
                "\"types\":{\(codes.map { "\(jsonString($0)):\(jsonString($1))" }.joined(separator: ","))}"
            )
        }
        return "\(try encoded(head).dropLast()),\n\"runs\":{\(columns.joined(separator: ",\n"))}}\n"
    }

    /// Of a key at a run's setting, where it most likely is at `index`.
    private static func value(_ key: String, at index: Int, _ run: Run) -> Value? {
        if run.setting.indices.contains(index), run.setting[index].key == key {
            return run.setting[index].value
        }
        return run.setting[key]
    }

    // MARK: Reading

    /// - Throws: `DecodingError` if the text is not such a plan; `NewerPlan`.
    package static func plan(json: Data) throws -> Plan {
        struct Runs: Decodable { var runs: Columns }
        struct Version: Decodable { var format: Int }
        let version = try JSONDecoder().decode(Version.self, from: json).format
        guard version <= format else { throw NewerPlan(format: version) }
        let head = try JSONDecoder().decode(Head.self, from: json)
        let columns = try JSONDecoder().decode(Runs.self, from: json).runs
        let count = columns.id.count
        let sizes =
            [columns.trial.count, columns.data?.count ?? count]
            + columns.point.values.map(\.values.count)
        let places = columns.data ?? []
        guard (2...format).contains(head.format), sizes.allSatisfy({ $0 == count }),
            head.axes.allSatisfy({ columns.point[$0] != nil }),
            places.allSatisfy({ head.data.indices.contains($0) })
        else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "not a plan of this format"))
        }
        let axes = try head.axes.map { key in
            (
                key: key,
                values: try ValueType.restored(
                    columns.point[key]?.values ?? [], columns.types?[key] ?? "")
            )
        }
        let settings = try Dictionary(
            uniqueKeysWithValues: head.settings.map {
                ($0, try ValueType.restored($1, head.types?[$0] ?? ""))
            })
        var plan = Plan(
            name: head.name, recipe: head.recipe, overrides: head.overrides,
            recipeText: head.recipeText,
            question: head.question, metric: head.metric, trainer: trainer(head), keep: head.keep,
            recordedEnvironment: head.recordedEnvironment, report: head.report ?? ReportSettings(),
            initialWeights: head.initialWeights, numerics: head.numerics, settings: settings,
            axes: head.axes,
            runs: (0..<count).map { index in
                Run(
                    id: columns.id[index], number: index + 1, trial: columns.trial[index],
                    setting: Setting(
                        axes.compactMap { axis in
                            axis.values[index].map { Assignment(key: axis.key, value: $0) }
                        }),
                    data: head.data.isEmpty
                        ? RunData() : head.data[places.isEmpty ? 0 : places[index]])
            }, results: head.results)
        plan.resources = head.resources ?? Resources()
        plan.requiresMetrics = head.requiresMetrics ?? false
        return plan
    }

    /// A later program wrote it.
    struct NewerPlan: Error { let format: Int }

    private static func trainer(_ head: Head) -> TrainerRecord {
        if let trainer = head.trainer {
            return TrainerRecord(
                name: trainer.name, metrics: trainer.metrics, bestEpoch: trainer.bestEpoch,
                command: head.command)
        }
        return head.command.map(TrainerRecord.ofFormat2) ?? .ofFormat2
    }

    private static func encoded(_ value: some Encodable) throws -> String {
        try RunFile.json(value)
    }
}

extension TrainerRecord {
    /// Of plans of format 2 without a command: they do not say what that version's built-in trainer
    /// reported.
    fileprivate static let ofFormat2 = TrainerRecord(
        name: "visual_speech",
        metrics: MetricSet(
            names: ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr"],
            unjudged: ["lr"],
            standard: .valAccuracy, unit: "1"), bestEpoch: .whileTraining)

    fileprivate static func ofFormat2(_ command: TrainerCommand) -> TrainerRecord {
        TrainerRecord(
            name: "command", metrics: MetricSet(standard: .valAccuracy), bestEpoch: .fromHistories,
            command: command)
    }
}

/// The types of values that JSON does not distinguish: 7 and 7.0 are one number there.
private enum ValueType {
    /// `n` for a number that JSON shows as a whole one, `[…]` for a list with such numbers; empty
    /// for all else.
    static func code(_ value: Value) -> String {
        switch value {
        case .number(let number) where number == number.rounded(): return "n"
        case .list(let values):
            let codes = values.map(code)
            return codes.allSatisfy { $0 == "" }
                ? "" : "[" + codes.map { $0 == "" ? "." : $0 }.joined() + "]"
        default: return ""
        }
    }

    /// One code for all values of a column, or one for each (`.`: none); empty if there is none.
    static func code(column values: [Value?]) -> String {
        let codes = values.map { $0.map(code) ?? "" }
        guard codes.contains(where: { $0 != "" }) else { return "" }
        if codes.allSatisfy({ $0 == "n" }) { return "n" }
        return codes.map { $0 == "" ? "." : $0 }.joined()
    }

    /// - Throws: `DecodingError` if the code does not fit the values.
    static func restored(_ values: [Value?], _ code: String) throws -> [Value?] {
        if code == "" { return values }
        if code == "n" { return try values.map { try $0.map { try restored($0, "n") } } }
        var rest = code[...]
        let result = try values.map { value -> Value? in
            let next = try take(&rest)
            return try value.map { try ValueType.restored($0, next) }
        }
        guard rest.isEmpty else { throw misfit }
        return result
    }

    static func restored(_ value: Value, _ code: String) throws -> Value {
        switch (value, code.first) {
        case (_, nil), (_, "."): return value
        case (.integer, "n"), (.unsigned, "n"): return .number(value.double ?? .nan)
        case (.number, "n"): return value
        case (.list(let values), "["):
            var rest = code.dropFirst().dropLast()
            let restored = try values.map { try ValueType.restored($0, take(&rest)) }
            guard rest.isEmpty else { throw misfit }
            return .list(restored)
        default: throw misfit
        }
    }

    /// The next code of a row of them.
    private static func take(_ rest: inout Substring) throws -> String {
        guard let first = rest.first else { throw misfit }
        guard first == "[" else {
            rest = rest.dropFirst()
            return String(first)
        }
        var depth = 0
        for index in rest.indices {
            if rest[index] == "[" { depth += 1 }
            if rest[index] == "]" { depth -= 1 }
            guard depth == 0 else { continue }
            let code = String(rest[...index])
            rest = rest[rest.index(after: index)...]
            return code
        }
        throw misfit
    }

    private static var misfit: DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "the types do not fit the values"))
    }
}
