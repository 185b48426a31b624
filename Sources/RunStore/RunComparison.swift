import Foundation
import Studies
import Tensors

/// Two runs side by side: what differs, and by how much.
package struct RunComparison: Sendable {
    /// Values of one key; nil where a run has no such key.
    package struct SettingDifference: Sendable, Equatable {
        package var key: String
        package var first, second: Value?
    }

    /// One metric at its run's best epoch, and where the histories part.
    package struct MetricDifference: Sendable, Equatable {
        package var name: String
        /// At the best epochs of the two runs.
        package var first, second: Double
        /// `epoch 3`, `step 1200`; nil where the histories are the same to the bit.
        package var place: String?
    }

    /// Weights of one name.
    package enum WeightDifference: Sendable, Equatable {
        /// The largest and the root mean square difference of single numbers.
        case values(name: String, largest: Double, rootMeanSquare: Double)
        case shapes(name: String, first: [Int], second: [Int])
        case onlyFirst(name: String)
        case onlySecond(name: String)
    }

    package let settings: [SettingDifference]
    package let metrics: [MetricDifference]
    /// Nil where the weights of one are not there to be compared.
    package let weights: [WeightDifference]?
    /// Whether each stored weights, kept or not.
    package let hasWeights: (first: Bool, second: Bool)
    package let hasSameWeights: Bool
    package let hasSameContent: Bool

    package init(_ first: RunFileContents, _ second: RunFileContents) {
        let (a, b) = (RunComparison.settings(first), RunComparison.settings(second))
        settings = Set(a.keys).union(b.keys).sorted().filter { a[$0] != b[$0] }.map {
            SettingDifference(key: $0, first: a[$0], second: b[$0])
        }
        let names = first.histories.map(\.name)
        let others = second.histories.map(\.name).filter { !names.contains($0) }
        metrics = (names + others).compactMap { RunComparison.difference($0, first, second) }
        hasWeights = (first.weightsDigest != nil, second.weightsDigest != nil)
        hasSameWeights = hasWeights.first && first.weightsDigest == second.weightsDigest
        hasSameContent = first.contentDigest == second.contentDigest
        let isThere = !first.weights.isEmpty && !second.weights.isEmpty
        weights = isThere ? RunComparison.differences(first.weights, second.weights) : nil
    }

    /// Weights to start from are what they are, not where they lay.
    private static func settings(_ run: RunFileContents) -> [String: Value] {
        struct Identity: Decodable {
            struct Start: Decodable { var init_from: String? }
            var configuration: Start
        }
        var values = run.configuration
        // Identities without weights to start from have no such member.
        let start = try? JSONDecoder().decode(Identity.self, from: Data(run.identity.json.utf8))
            .configuration.init_from
        values["init_from"] = start.map { .text("weights \($0.prefix(16))…") }
        return values
    }

    private static func difference(
        _ name: String, _ first: RunFileContents, _ second: RunFileContents
    )
        -> MetricDifference?
    {
        func values(_ run: RunFileContents) -> [Double] {
            run.histories.first { $0.name == name }?.values ?? []
        }
        func atBest(_ run: RunFileContents) -> Double {
            let values = values(run)
            guard let best = run.best, values.indices.contains(best.epoch - 1) else {
                return values.last ?? .nan
            }
            return values[best.epoch - 1]
        }
        let (a, b) = (values(first), values(second))
        let parting = zip(a, b).enumerated().first { !isSame($1.0, $1.1) }?.offset
        let epoch = parting ?? (a.count == b.count ? nil : min(a.count, b.count))
        guard let epoch else { return nil }
        let steps = [first.steps, second.steps].compactMap { $0 }.max { $0.count < $1.count }
        return MetricDifference(
            name: name, first: atBest(first), second: atBest(second),
            place: first.axis.place(steps.map { $0[epoch] } ?? epoch + 1))
    }

    private static func isSame(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) }

    private static func differences(_ first: [Tensor], _ second: [Tensor]) -> [WeightDifference] {
        let others = Dictionary(second.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(first.map(\.name))
        let compared: [WeightDifference] = first.compactMap { a in
            guard let b = others[a.name] else { return .onlyFirst(name: a.name) }
            guard a.shape == b.shape else {
                return .shapes(name: a.name, first: a.shape, second: b.shape)
            }
            guard a.elements != b.elements else { return nil }
            let gaps = zip(a.doubles, b.doubles).map { abs($0 - $1) }
            let squares = gaps.reduce(0) { $0 + $1 * $1 }
            return .values(
                name: a.name, largest: gaps.max() ?? 0,
                rootMeanSquare: (squares / Double(max(gaps.count, 1))).squareRoot())
        }
        return compared
            + second.filter { !names.contains($0.name) }.map { .onlySecond(name: $0.name) }
    }
}

extension Tensor {
    fileprivate var doubles: [Double] {
        switch elements {
        case .float32(let values): values.map(Double.init)
        case .float64(let values): values
        case .integer(let values): values.map(Double.init)
        }
    }
}
