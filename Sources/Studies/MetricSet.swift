/// The metrics that a trainer reports.
package struct MetricSet: Sendable, Equatable, Codable {
    /// In the order of reports and files; empty if each run reports what it likes.
    package var names: [String]
    /// Those of `names` that a study can't be judged by.
    package var unjudged: [String]
    /// What a study is judged by if its recipe does not say.
    package var standard: Metric
    /// Unit of every metric, as UDUNITS writes it ("1": none); nil if it is not known.
    package var unit: String?
    /// Where values can be, by metric, as far as that is known.
    package var ranges: [String: MetricRange]?

    package init(
        names: [String] = [], unjudged: [String] = [], standard: Metric, unit: String? = nil,
        ranges: [String: MetricRange]? = nil
    ) {
        self.names = names
        self.unjudged = unjudged
        self.standard = standard
        self.unit = unit
        self.ranges = ranges
    }

    /// Whether runs may report metrics of any name.
    package var isOpen: Bool { names.isEmpty }

    /// Those that a study can be judged by.
    package var judging: [String] { names.filter { !unjudged.contains($0) } }

    /// All metrics of some runs: declared ones in their order, others sorted by their UTF-8 bytes.
    package func ordered(_ reported: some Sequence<String>) -> [String] {
        guard isOpen else { return names }
        return Set(reported).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
