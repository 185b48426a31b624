/// A part of a data set.
package enum Split: String, CaseIterable, Sendable, Codable {
    case train, val, test

    /// Training, then validation, then test clips.
    package var order: Int { self == .train ? 0 : self == .val ? 1 : 2 }
}
