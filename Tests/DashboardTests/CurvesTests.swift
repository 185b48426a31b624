import Dashboard
import Testing

@Test func aThinnedCurveKeepsItsSpikesAndItsEnds() {
    var values = (0..<100_000).map { 1 / Double($0 + 1) }
    values[54_321] = 99
    values[70_000] = -7
    values[80_000] = .nan
    let points = Curves.thinned(values, columns: 300)
    #expect(points.count <= 700)
    #expect(points.contains(Curves.Point(epoch: 54_322, value: 99)))
    #expect(points.contains(Curves.Point(epoch: 70_001, value: -7)))
    #expect(points.first == Curves.Point(epoch: 1, value: 1))
    #expect(points.last?.epoch == 100_000)
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.epoch < $1.epoch })
}

@Test func aShortCurveIsDrawnAsItIs() {
    let points = Curves.thinned([3, .nan, 1, .infinity, 2], columns: 300)
    #expect(points.map(\.epoch) == [1, 3, 5])
    #expect(points.map(\.value) == [3, 1, 2])
    #expect(Curves.thinned([], columns: 10).isEmpty)
}

@Test func aBandHasMeanLowestAndHighest() {
    let band = Curves.band([[1, 2, 3], [3, 6], [.nan, 1]], columns: 100)
    #expect(band.map(\.mean) == [2, 3, 3])
    #expect(band.map(\.low) == [1, 1, 3])
    #expect(band.map(\.high) == [3, 6, 3])
    #expect(band.map(\.count) == [2, 3, 1])
    var spiky = [Double](repeating: 0, count: 50_000)
    spiky[777] = 1000
    let thinned = Curves.band([spiky, [Double](repeating: 0, count: 50_000)], columns: 200)
    #expect(thinned.count < 500)
    #expect(thinned.map(\.high).max() == 1000 && thinned.map(\.mean).max() == 500)
}
