/// What is kept of a run's weights. The digest of the best is always kept.
package struct KeptWeights: OptionSet, Sendable, Codable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Of the best epoch.
    package static let best = KeptWeights(rawValue: 1)
    /// Of the last epoch.
    package static let last = KeptWeights(rawValue: 2)

    private static let names: [(String, KeptWeights)] = [
        ("best", .best), ("last", .last), ("none", []),
    ]

    /// `best`, `last` or `none`.
    package init?(name: String) {
        guard let known = KeptWeights.names.first(where: { $0.0 == name }) else { return nil }
        self = known.1
    }

    /// `best, last`, or `none`.
    package var label: String {
        let names = KeptWeights.names.filter { !$0.1.isEmpty && contains($0.1) }.map(\.0)
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
