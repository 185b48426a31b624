import Studies

/// What a trial can be called in a figure.
package struct TrialName: Sendable {
    /// `lr=0.01,batch_size=8`.
    package let label: String
    /// The values alone: `0.01 · 8`.
    package let values: String
    /// In the table of trials.
    package let number: Int

    package init(label: String, values: String = "", number: Int) {
        (self.label, self.values, self.number) = (label, values, number)
    }
}

/// Names of some trials that fit, and stay distinct.
struct TrialNames {
    let names: [String]
    /// What the names are made of, where they do not say it themselves.
    let heading: String?

    /// Labels; else values alone, under the names of the keys; else `trial 3`.
    /// - Parameters:
    ///   - keys: the names of the keys: `lr · batch_size`.
    ///   - room: in pixels.
    init(_ trials: [TrialName], keys: String, room: Double) {
        let labels = trials.map { $0.label.map { $0.isNewline ? " " : String($0) }.joined() }
        let values = trials.map(\.values)
        if labels.allSatisfy({ TextSize.width($0) <= room }) {
            (names, heading) = (labels, nil)
        } else if Set(values).count == Set(labels).count, TextSize.width(keys) <= room,
            values.allSatisfy({ TextSize.width($0) <= room })
        {
            (names, heading) = (values, keys)
        } else if labels.allSatisfy({ TextSize.width($0) <= 1.6 * room }),
            let short = labels.shortened(to: room, width: { TextSize.width($0) })
        {
            (names, heading) = (short, nil)
        } else {
            (names, heading) = (trials.map { "trial \($0.number)" }, nil)
        }
    }

    /// Pixels of the widest.
    var width: Double { (names + [heading ?? ""]).map { TextSize.width($0) }.max() ?? 0 }
}
