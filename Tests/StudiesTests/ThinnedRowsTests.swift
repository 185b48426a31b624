import Studies
import Testing

@Suite struct ThinnedRowsTests {
    @Test func shortHistoriesStayWhole() {
        let histories = [History(name: "a", values: [1, .nan, 3])]
        #expect(ThinnedRows.kept(histories, limit: 3) == [0, 1, 2])
    }

    @Test func rareValuesAndExtremesStay() {
        let count = 5000
        var often = (0..<count).map { Double($0 % 97) }
        often[1234] = -1
        often[4321] = 1000
        let rare = (0..<count).map { $0 % 500 == 3 ? Double($0) : .nan }
        let kept = ThinnedRows.kept(
            [History(name: "often", values: often), History(name: "rare", values: rare)], limit: 100
        )
        #expect(kept.count <= 100 && kept.count > 50)
        #expect(kept == kept.sorted() && Set(kept).count == kept.count)
        #expect(Set([0, count - 1, 1234, 4321]).isSubset(of: kept))
        #expect((0..<10).allSatisfy { kept.contains(500 * $0 + 3) })
    }

    /// However it is judged, the best of the rows that are held is the best of all.
    @Test(arguments: [Metric.Goal.maximize, .minimize]) func theBestIsTheSame(goal: Metric.Goal) {
        let steps = (0..<3000).map { Double(10 * $0) }
        let values = (0..<3000).map { Double(($0 * 7919) % 1009) }
        var run = RunResult(
            id: "", outcome: .trained, stoppedEarly: false, best: nil,
            histories: [
                History(name: "m", values: values), History(name: "step", values: steps),
            ],
            seconds: 0, test: nil, contentDigest: "", weightBytes: 0,
            file: FileFacts(size: 0, modified: 0), provenanceText: "")
        run.axis = .step
        let metric = Metric(name: "m", goal: goal)
        let whole = run.judged(by: metric)
        let thin = whole.thinned(to: 50)
        #expect(thin.epochs <= 50 && thin.reportedRows == 3000)
        #expect(thin.best == thin.judged(by: metric).best)
        #expect(thin.best?.step == whole.best?.step && thin.best?.value == whole.best?.value)
    }
}
