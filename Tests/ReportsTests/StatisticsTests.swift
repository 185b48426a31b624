import Foundation
import Reports
import Studies
import Testing

/// What `Tests/Golden/make_statistics.py` computed with scipy.
private struct Golden: Decodable {
    struct Sample: Decodable {
        let a, b: [Double]
        let mean, deviation, median, low, high, t, p, difference_low, difference_high: Double
    }

    let samples: [Sample]
    let tails, quantiles: [[Double]]
    let ps, holm: [Double]
    struct Interval: Decodable { let values, share, positive: [Double] }
    struct Analysis: Decodable {
        let y: [Double]
        let factors: [[Int]]
        let f, p: [Double]
    }

    struct Importance: Decodable {
        let loss, lr, dropout: [Double]
        let kind, width: [Int]
        let momentum: [Double?]
        let quantile: Double
        let importances: [Double]
    }

    let importances: [Importance]
    let intervals: [Interval]
    let analyses: [Analysis]
    let f_tails: [[Double]]
    let candidates: [[Double]]
    let share_of_best: Double

    static func read() throws -> Golden {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "Golden/statistics.json")))
    }
}

private func isClose(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-10) -> Bool {
    guard let a else { return false }
    return abs(a - b) <= tolerance * max(abs(b), 1e-300)
}

@Test func statisticsAreScipys() throws {
    let golden = try Golden.read()
    for sample in golden.samples {
        #expect(isClose(Statistics.mean(sample.a), sample.mean, 1e-14))
        #expect(isClose(Statistics.standardDeviation(sample.a), sample.deviation, 1e-13))
        #expect(isClose(Statistics.median(sample.a), sample.median))
        let half = try #require(Statistics.halfInterval(sample.a))
        #expect(isClose(sample.mean - half, sample.low) && isClose(sample.mean + half, sample.high))
        let test = try #require(Statistics.pairedTest(sample.a, sample.b))
        #expect(isClose(test.t, sample.t) && isClose(test.p, sample.p), "\(test) \(sample.p)")
        #expect(isClose(test.difference - test.half, sample.difference_low, 1e-9))
        #expect(isClose(test.difference + test.half, sample.difference_high, 1e-9))
    }
    for tail in golden.tails {
        #expect(isClose(StudentT(freedom: Int(tail[0])).upperTail(tail[1]), tail[2]), "\(tail)")
    }
    for quantile in golden.quantiles where quantile[1] > 0.5 {
        #expect(
            isClose(StudentT(freedom: Int(quantile[0])).quantile(quantile[1]), quantile[2]),
            "\(quantile)")
    }
    for (ours, theirs) in zip(Statistics.holm(golden.ps), golden.holm) {
        #expect(isClose(ours, theirs, 1e-14))
    }
    // Other random numbers: three standard errors of 10,000 draws.
    let share = Statistics.shareOfBest(golden.candidates, maximize: true, isPaired: true)
    let error = (golden.share_of_best * (1 - golden.share_of_best) / 10_000).squareRoot()
    #expect(
        abs(share - golden.share_of_best) < 3 * error, "\(share) against \(golden.share_of_best)")
    let loss = Statistics.shareOfBest(
        golden.candidates.map { $0.map { -$0 } }, maximize: false, isPaired: true)
    #expect(loss == share)
}

@Test func statisticsOfTooLittleSayNothing() {
    #expect(
        Statistics.mean([]) == nil && Statistics.standardDeviation([1]) == nil
            && Statistics.median([]) == nil)
    #expect(Statistics.halfInterval([1]) == nil && Statistics.pairedTest([1], [2]) == nil)
    #expect(Statistics.pairedTest([1, 2], [1, 2]) == nil)
    // Each seed moved by the same: no spread to test by.
    #expect(Statistics.pairedTest([1, 2, 3], [0, 1, 2]) == nil)
    #expect(Statistics.holm([]) == [])
    #expect(
        Statistics.shareOfBest([[1, 1], [1, 1]], maximize: true, isPaired: true, draws: 100) == 0.5)
    #expect(
        Statistics.shareOfBest([[2, 2], [1, 1]], maximize: true, isPaired: false, draws: 100) == 1)
}

@Test func spreadWithinRoundingIsZero() {
    let (a, b) = ([25.0 / 40, 26.0 / 40, 30.0 / 40], [22.0 / 40, 23.0 / 40, 27.0 / 40])
    #expect(Set(zip(a, b).map { $0 - $1 }).count > 1, "the differences are not the same bits")
    #expect(Statistics.pairedTest(a, b) == nil)
    #expect(Statistics.standardDeviation([0.1 + 0.2, 0.3]) == 0)
    #expect(Statistics.standardDeviation([0.55, 0.55, 0.55]) == 0)
    #expect(Statistics.isTie(0.1 + 0.2, 0.3) && !Statistics.isTie(0.3, 0.3 + 1e-12))
    // Real differences, however small beside others, are none of rounding.
    #expect(Statistics.standardDeviation([1e-300, 3e-300]) ?? 0 > 1e-300)
    let order = [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]]
    #expect(Statistics.shareOfBest(order, maximize: true, isPaired: false, draws: 2000) > 0.4)
    let same = Statistics.shareOfBest(
        [[0.1, 0.1, 0.1], [0.3 / 3, 0.1, 0.1]], maximize: true, isPaired: true, draws: 100)
    #expect(same == 0.5)
}

@Test func hugeValuesDoNotOverflow() {
    let huge = Double.greatestFiniteMagnitude
    #expect(Statistics.mean([huge, huge, huge]) == huge && Statistics.mean([huge, -huge]) == 0)
    #expect(Statistics.median([huge, huge]) == huge)
    #expect(Statistics.standardDeviation([huge, huge]) == 0)
    #expect(Statistics.standardDeviation([huge, -huge]) == nil, "larger than any Double")
    #expect(
        Statistics.standardDeviation([1e200, 3e200]).map {
            abs($0 / 1.414213562373095e200 - 1) < 1e-12
        } ?? false)
    #expect(Statistics.pairedTest([huge, huge], [-huge, 1]) == nil)
    #expect(share(huge, from: -huge, to: huge) == 1 && share(0, from: -huge, to: huge) == 0.5)
    for (low, high) in [(-huge, huge), (0, huge), (huge, huge), (-huge, -huge), (1e-308, huge)] {
        let scale = Scale(lowest: low, highest: high)
        #expect(scale.ticks.allSatisfy(\.isFinite) && scale.ticks.count < 60)
        #expect((0...1).contains(scale.share(low)) && (0...1).contains(scale.share(high)))
    }
}

@Test func intervalsStayWhereTheMetricCanBe() throws {
    let golden = try Golden.read()
    func ends(_ estimate: Estimate) -> [Double] {
        if case .interval(let low, let high) = estimate { [low, high] } else { [] }
    }
    for sample in golden.intervals {
        let share = ends(Estimate(sample.values, in: MetricRange(0, 1)))
        let positive = ends(Estimate(sample.values, in: MetricRange(0, nil)))
        #expect(zip(share, sample.share).allSatisfy { isClose($0, $1) } && share.count == 2)
        #expect(
            zip(positive, sample.positive).allSatisfy { isClose($0, $1) } && positive.count == 2)
        // Mirrored, and stretched.
        let other = ends(Estimate(sample.values.map { -$0 }, in: MetricRange(nil, 0)))
        #expect(zip(other, sample.positive.reversed()).allSatisfy { isClose($0, -$1) })
        let wide = ends(Estimate(sample.values.map { 100 * $0 }, in: MetricRange(0, 100)))
        #expect(zip(wide, sample.share).allSatisfy { isClose($0 / 100, $1) })
    }
    let near = ends(Estimate([0.9, 0.99, 1], in: MetricRange(0, 1)))
    #expect(near[0] > 0 && near[1] < 1)
    // Nobody says where it can be, or a value is elsewhere: plain t.
    let plain = ends(Estimate([0.9, 0.99, 1], in: nil))
    #expect(plain[1] > 1 && ends(Estimate([0.9, 0.99, 1.5], in: MetricRange(0, 1)))[1] > 1)
    #expect(
        Estimate([0.5], in: nil) == .unknown && Estimate([0.5, 0.25], in: nil) == .range(0.25, 0.5))
    #expect(Estimate([0.5, 0.5, 0.5], in: nil) == .equal(count: 3))
    #expect(Estimate([1, 1, 1], in: MetricRange(0, 1)) == .equal(count: 3))
}

@Test func mainEffectsAreStatsmodels() throws {
    let golden = try Golden.read()
    for tail in golden.f_tails {
        #expect(isClose(FisherF(Int(tail[0]), Int(tail[1])).upperTail(tail[2]), tail[3]), "\(tail)")
    }
    for analysis in golden.analyses {
        let tests = VarianceAnalysis.tests(analysis.y, analysis.factors)
        for (test, (f, p)) in zip(tests, zip(analysis.f, analysis.p)) {
            #expect(
                isClose(test?.f, f, 1e-9) && isClose(test?.p, p, 1e-9),
                "\(String(describing: test))")
        }
        // A factor that is another one can't be told from it.
        let twice = VarianceAnalysis.tests(analysis.y, analysis.factors + [analysis.factors[0]])
        #expect(twice[0] == nil && twice[3] == nil && twice[1] != nil)
    }
    #expect(VarianceAnalysis.tests([1, 2], [[0, 1]]) == [nil], "nothing is left to test by")
    #expect(VarianceAnalysis.tests([1, 1, 2, 2], [[0, 0, 1, 1]]) == [nil], "no spread")
    #expect(VarianceAnalysis.tests([1, 2, 3], [[0, 0, 0]]) == [nil], "one level")
}

@Test func importancesAreOptunas() throws {
    for study in try Golden.read().importances {
        let own = PedAnova.importances(
            study.loss,
            [
                .numeric(study.lr, low: 1e-4, high: 1e-1, isLogarithmic: true),
                .numeric(study.dropout, low: 0, high: 0.6, isLogarithmic: false),
                .category(study.kind, count: 3), .category(study.width, count: 4),
                .numeric(study.momentum, low: 0, high: 1, isLogarithmic: false),
            ], quantile: study.quantile)
        for (a, b) in zip(own, study.importances) { #expect(abs(a - b) < 1e-9, "\(own)") }
    }
    #expect(PedAnova.importances([1], [.category([0], count: 2)], quantile: 0.1) == [1])
    #expect(
        PedAnova.importances(
            [1, 1, 1], [.category([0, 1, 1], count: 2), .category([0, 0, 0], count: 1)],
            quantile: 0.1) == [0.5, 0.5], "all are the best")
}
