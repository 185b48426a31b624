/// How a completed run ended.
package enum Outcome: String, Sendable, Codable {
    /// All epochs, or stopped early.
    case trained
    /// The loss was not a finite number: training stopped there.
    case diverged
}

/// Loss, accuracy and confusion of the best weights on the test clips, by which nothing was chosen.
package struct TestResult: Sendable, Equatable {
    package var loss: Double
    /// 0…1.
    package var accuracy: Double
    /// `[true class][predicted class]`, counts of clips.
    package var confusion: [[Int]]

    package init(loss: Double, accuracy: Double, confusion: [[Int]]) {
        self.loss = loss
        self.accuracy = accuracy
        self.confusion = confusion
    }
}
