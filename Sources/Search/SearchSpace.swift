import Studies

/// Where the values of one swept key come from.
package enum Domain: Sendable, Equatable {
    case values([Value])
    /// Drawn; `as` makes a key's value of the number, nil if the key does not take it.
    case distribution(Distribution, Parameter)

    package static func == (a: Domain, b: Domain) -> Bool {
        switch (a, b) {
        case (.values(let x), .values(let y)): x == y
        case (.distribution(let x, let p), .distribution(let y, let q)): x == y && p.name == q.name
        default: false
        }
    }

    /// The values of a list; empty for a distribution.
    package var values: [Value] {
        if case .values(let values) = self { values } else { [] }
    }

    /// The value at `share` of the domain, 0 ≤ share < 1.
    /// - Parameter count: how many shares there are in all: a normal distribution's tails reach as
    ///   far as so many points do.
    /// - Throws: `UnsuitableValue` if the key does not take what is drawn.
    func value(at share: Double, of count: Int) throws -> Value {
        switch self {
        case .values(let values):
            return values[min(Int(share * Double(values.count)), values.count - 1)]
        case .distribution(let distribution, let parameter):
            let edge = 0.5 / Double(max(count, 1))
            let isNormal = if case .normal = distribution { true } else { false }
            let number = distribution.value(at: isNormal ? min(max(share, edge), 1 - edge) : share)
            guard let value = parameter.value(number, isWhole: distribution.isWhole) else {
                throw UnsuitableValue(key: parameter.name, number: number, rule: parameter.rule)
            }
            return value
        }
    }
}

/// A value was drawn that its key does not take.
package struct UnsuitableValue: Error {
    package let key: String
    package let number: Double
    package let rule: String
}

/// One swept key.
package struct Axis: Sendable, Equatable {
    package var key: String
    package var domain: Domain

    package init(key: String, domain: Domain) {
        self.key = key
        self.domain = domain
    }
}

/// What a sweep chooses settings from: the swept keys but the seed.
package struct SearchSpace: Sendable {
    /// In the order of the recipe, the first slowest; the axes of one dimension move together.
    package var dimensions: [[Axis]]
    /// Whether an axis exists where the axes before it have these values (`when`).
    package var exists: @Sendable (_ key: String, _ before: Setting) -> Bool
    /// The number of each dimension's stream of random numbers: it stays when the command line
    /// changes other axes.
    package var streams: [Int]

    package init(
        dimensions: [[Axis]], streams: [Int]? = nil,
        exists: @escaping @Sendable (_ key: String, _ before: Setting) -> Bool = { _, _ in true }
    ) {
        self.dimensions = dimensions
        self.exists = exists
        self.streams = streams ?? Array(dimensions.indices)
    }

    package var axes: [Axis] { dimensions.flatMap { $0 } }
}
