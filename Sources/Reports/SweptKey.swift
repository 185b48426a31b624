import Studies

/// One swept key (not the seed) with the values of the trials that have a value of the metric.
struct SweptKey {
    /// How its values are compared.
    enum Kind { case category, levels, continuous }

    let name: String
    let kind: Kind
    /// All values, in the order of the plan.
    let values: [Value]
    /// Sets of values that are compared as one: each value by itself, or the quarters of a
    /// continuous key, from its lowest values to its highest.
    let groups: [[Value]]

    /// With more values than this, a key is not tested value by value.
    private static let levelLimit = 12
    private static let quarters = 4

    /// Keys of one value have no effect to speak of.
    static func all(_ trials: [TrialSummary], _ keys: [String]) -> [SweptKey] {
        let measured = trials.filter { $0.mean != nil }.sorted { $0.trial < $1.trial }
        let own = keys.filter { $0 != "seed" }
        return own.compactMap { key in
            SweptKey(key, measured.compactMap { $0.setting[key] }, isAlone: own.count == 1)
        }
    }

    /// - Parameter all: one for each trial.
    private init?(_ name: String, _ all: [Value], isAlone: Bool) {
        var seen: Set<Value> = []
        let values = all.filter { seen.insert($0).inserted }
        guard values.count > 1 else { return nil }
        (self.name, self.values) = (name, values)
        let isNumeric = values.allSatisfy { $0.double != nil }
        // Nearly as many values as trials: they were drawn.
        let isDrawn = !isAlone && values.count >= 6 && values.count * 5 >= all.count * 4
        let isContinuous = isNumeric && (values.count > SweptKey.levelLimit || isDrawn)
        kind = isContinuous ? .continuous : isNumeric ? .levels : .category
        guard isContinuous else {
            groups = values.map { [$0] }
            return
        }
        let sorted = all.sorted { ($0.double ?? 0) < ($1.double ?? 0) }
        var groups: [[Value]] = []
        var quarter = -1
        for (place, value) in sorted.enumerated() {
            if groups.last?.last == value { continue }
            let own = place * SweptKey.quarters / sorted.count
            if own > quarter {
                groups.append([])
                quarter = own
            }
            groups[groups.count - 1].append(value)
        }
        self.groups = groups
    }

    /// The group of each value.
    var groupOfValue: [Value: Int] {
        var places: [Value: Int] = [:]
        for (place, group) in groups.enumerated() { for value in group { places[value] = place } }
        return places
    }

    /// `0.01`, or `0.0012 … 0.013`.
    func label(_ group: [Value]) -> String {
        guard kind == .continuous, let low = group.first, let high = group.last, low != high else {
            return group.first.map { SweptKey.short($0, digits: 17) } ?? ""
        }
        return "\(SweptKey.short(low, digits: 3)) … \(SweptKey.short(high, digits: 3))"
    }

    /// Drawn numbers have more digits than people read.
    static func short(_ value: Value, digits: Int = 6) -> String {
        guard case .number(let number) = value, value.label.count > digits + 2 else {
            return value.label.isEmpty ? "\"\"" : value.label
        }
        return String(format: "%.\(digits)g", number)
    }
}
