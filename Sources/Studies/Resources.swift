/// What one run needs of a machine: the recipe's `resources`. Nothing of it is identity.
package struct Resources: Sendable, Equatable, Codable {
    /// Nil: as the machine has them.
    package var threads: Int?
    /// Bytes of resident memory; more fails the run.
    package var memory: Int?
    package var gpus: Int?
    /// Seconds of one attempt; more fails the run.
    package var time: Double?
    /// Attempts after the first for runs that fail.
    package var retries: Int?
    /// Factor of `memory` for the attempt after one that used too much; nil: the same memory.
    package var memoryFactor: Double?

    package init(
        threads: Int? = nil, memory: Int? = nil, gpus: Int? = nil, time: Double? = nil
    ) {
        (self.threads, self.memory, self.gpus, self.time) = (threads, memory, gpus, time)
    }
}

/// Amounts as people write them.
package enum Quantity {
    /// Seconds of 90, 90s, 10m, 2h, 3d; nil for anything else.
    package static func seconds(_ text: String) -> Double? {
        parse(text, units: ["s": 1, "m": 60, "h": 3600, "d": 86_400])
    }

    /// Bytes of 500M, 4G, 1.5GB; nil for anything else, and below a megabyte: no program has so
    /// little, and 8 means gigabytes to one reader and megabytes to another.
    package static func bytes(_ text: String) -> Int? {
        let text = text.uppercased().hasSuffix("B") ? String(text.dropLast()) : text
        let bytes = parse(text.uppercased(), units: ["K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12])
        return bytes.flatMap { $0 >= 1e6 ? Int($0) : nil }
    }

    /// A positive number, with a unit or without one.
    private static func parse(_ text: String, units: [Character: Double]) -> Double? {
        let unit = text.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? text : String(text.dropLast())), number > 0 else {
            return nil
        }
        let value = number * (unit ?? 1)
        return value < 1e15 ? value : nil
    }
}
