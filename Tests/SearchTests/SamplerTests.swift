import Search
import Studies
import Testing

/// What every sampler promises, over all there are.
@Suite struct SamplerContract {
    private static let space = SearchSpace(
        dimensions: [
            [Axis(key: "a", domain: .values([.integer(1), .integer(2), .integer(3)]))],
            [
                Axis(key: "b", domain: .values([.text("x"), .text("y")])),
                Axis(key: "c", domain: .values([.bool(true), .bool(false)])),
            ],
        ])
    private static let drawn = SearchSpace(
        dimensions: [
            [
                Axis(
                    key: "lr",
                    domain: .distribution(.log(1e-4, 1e-1), Parameter("lr", .any, nil, "")))
            ],
            [
                Axis(
                    key: "n",
                    domain: .distribution(.wholeNumbers(1, 9), Parameter("n", .any, nil, "")))
            ],
        ])

    private static func proposals(_ method: SweepMethod, _ order: [Int]) throws -> [Int: Proposal] {
        let sampler = method.sampler(samples: 6, seed: 3)
        let space = method == .grid ? space : drawn
        return try Dictionary(
            uniqueKeysWithValues: order.map {
                ($0, try sampler.propose($0, in: space, given: [], pending: []))
            })
    }

    @Test(arguments: SweepMethod.allCases)
    func proposalsDependOnTheTrialAlone(method: SweepMethod) throws {
        let forwards = try SamplerContract.proposals(method, Array(0..<8))
        #expect(try SamplerContract.proposals(method, Array((0..<8).reversed())) == forwards)
        #expect(forwards[5] != .exhausted && forwards[6] == .exhausted && forwards[7] == .exhausted)
    }

    @Test(arguments: SweepMethod.allCases)
    func everyKeyHasAValueInItsDomain(method: SweepMethod) throws {
        for (_, proposal) in try SamplerContract.proposals(method, Array(0..<6)) {
            guard case .setting(let setting) = proposal else { continue }
            #expect(setting.map(\.key) == (method == .grid ? ["a", "b", "c"] : ["lr", "n"]))
            guard method != .grid else { continue }
            #expect(
                (1e-4...1e-1).contains(setting["lr"]?.double ?? 0)
                    && (1...9).contains(setting["n"]?.double ?? 0))
        }
    }
}

@Test func aGridWalksTheFirstAxisSlowest() {
    let space = SearchSpace(
        dimensions: [
            [Axis(key: "a", domain: .values([.integer(1), .integer(2)]))],
            [Axis(key: "b", domain: .values([.integer(1), .integer(2), .integer(3)]))],
        ])
    let labels = (0..<7).map { trial -> String in
        if case .setting(let setting) = GridSampler().propose(trial, in: space) {
            setting.label
        } else {
            ""
        }
    }
    #expect(labels == ["a=1,b=1", "a=1,b=2", "a=1,b=3", "a=2,b=1", "a=2,b=2", "a=2,b=3", ""])
}

@Test func anAxisThatDoesNotExistHasOneValue() {
    let space = SearchSpace(
        dimensions: [
            [Axis(key: "optimizer", domain: .values([.text("adam"), .text("sgd")]))],
            [Axis(key: "momentum", domain: .values([.number(0), .number(0.9)]))],
        ]) { key, before in key != "momentum" || before["optimizer"] == .text("sgd") }
    let proposals = (0..<5).map { GridSampler().propose($0, in: space) }
    #expect(proposals[0] == .setting([Assignment(key: "optimizer", value: .text("adam"))]))
    #expect(proposals[1] == .duplicate && proposals[4] == .exhausted)
    guard case .setting(let last) = proposals[3] else { return #expect(Bool(false)) }
    #expect(last.label == "optimizer=sgd,momentum=0.9")
}

@Test func aStreamMoreLeavesTheOthersAsTheyAre() throws {
    let lr = Axis(key: "lr", domain: .distribution(.uniform(0, 1), Parameter("lr", .any, nil, "")))
    let other = Axis(key: "x", domain: .distribution(.uniform(0, 1), Parameter("x", .any, nil, "")))
    for method in SweepMethod.allCases where method != .grid {
        let sampler = method.sampler(samples: 8, seed: 1)
        for trial in 0..<8 {
            let one = try sampler.propose(
                trial, in: SearchSpace(dimensions: [[lr]]), given: [], pending: [])
            let two = try sampler.propose(
                trial, in: SearchSpace(dimensions: [[lr], [other]]), given: [], pending: [])
            guard case .setting(let a) = one, case .setting(let b) = two else {
                return #expect(Bool(false))
            }
            #expect(a["lr"] == b["lr"], "\(method)")
        }
    }
}

@Test func aValueThatItsKeyDoesNotTakeIsAnError() {
    let axis = Axis(
        key: "batch_size",
        domain: .distribution(
            .normal(mean: 8, deviation: 4), Parameter("batch_size", .integer(1...4), nil, "")))
    #expect(throws: UnsuitableValue.self) {
        try RandomSampler(samples: 4, seed: 0).propose(0, in: SearchSpace(dimensions: [[axis]]))
    }
}
