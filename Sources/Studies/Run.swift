/// A trial with a seed: the unit that is trained, stored, resumed and verified.
package struct Run: Sendable, Equatable {
    /// The first 12 hexadecimal digits of its identity.
    package var id: String
    /// From 1, in the order of the plan.
    package var number: Int
    /// The number of its trial, from 0.
    package var trial: Int
    /// The swept keys and their values, the seed last.
    package var setting: Setting
    package var data: RunData

    package init(id: String, number: Int, trial: Int, setting: Setting, data: RunData = RunData()) {
        self.id = id
        self.number = number
        self.trial = trial
        self.setting = setting
        self.data = data
    }

    /// `lr=0.01,batch_size=8,seed=3`.
    package var label: String { setting.label }
    /// The label without the seed; `base` if nothing else is swept.
    package var trialLabel: String { Trial(number: trial, setting: setting.withoutSeed).label }
}

/// The prepared data of a run.
package struct RunData: Sendable, Hashable, Codable {
    /// Hexadecimal SHA-256; empty if the trainer reads its data itself.
    package var digest: String
    /// Which clips of which file, if there is one.
    package var file: String?
    /// Clips that could not be read and are left out: the first of them, and how many there are.
    package var skipped: [SkippedClip]?
    package var skippedCount: Int?

    private static let listed = 50

    package init(digest: String = "", file: String? = nil, skipped: [SkippedClip] = []) {
        self.digest = digest
        self.file = file
        guard !skipped.isEmpty else { return }
        self.skipped = Array(skipped.prefix(RunData.listed))
        skippedCount = skipped.count
    }
}

/// A clip that could not be read and is left out (`on_error: skip`).
package struct SkippedClip: Sendable, Hashable, Codable {
    package var name: String
    package var reason: String

    package init(name: String, reason: String) {
        (self.name, self.reason) = (name, reason)
    }
}
