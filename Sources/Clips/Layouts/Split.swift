/// The parts of a data set.
public enum Split: String, CaseIterable, Sendable, Codable {
    case train, val, test

    /// Train, then validation, then test.
    public var order: Int { self == .train ? 0 : self == .val ? 1 : 2 }
}
