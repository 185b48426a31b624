import CHDF5

/// What libhdf5 refused, with its own words.
package struct HDF5Error: Error, CustomStringConvertible, Equatable {
    /// What was tried, on what.
    package let action: String
    package let reason: String

    package init(action: String, reason: String) {
        self.action = action
        self.reason = reason
    }

    package var description: String { "HDF5: can't \(action): \(reason)" }
}

/// Turns a negative answer of the library into an error, in the same synchronous call in which it
/// was given.
@discardableResult
func check<Answer: SignedInteger>(_ answer: Answer, _ action: @autoclosure () -> String) throws
    -> Answer
{
    guard answer < 0 else { return answer }
    let reason = viseme_h5_message().map { String(cString: $0) } ?? "the library gives no reason"
    throw HDF5Error(action: action(), reason: reason)
}
