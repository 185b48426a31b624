import Clips
import Tensors
import Testing

private func clips(_ normalization: ClipNormalization, levels: [[UInt8]]) -> FramedClips {
    var format = ClipFormat(frames: 2, height: 8, width: 8, channels: 1, padding: false)
    format.normalization = normalization
    var clips = FramedClips(format: format)
    for (label, level) in levels.enumerated() {
        let frames = (0..<2).map { time in
            Picture(
                width: 8, height: 8, channels: 1,
                pixels: (0..<64).map { level[($0 + time) % level.count] })
        }
        clips.append(Clip(name: "\(label)", label: label, frames: frames))
    }
    return clips
}

private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let variance =
        values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
    return (mean, variance.squareRoot())
}

@Test func aClipIsNormalisedByItsOwnPixels() throws {
    let all = clips(.clip, levels: [[10, 30, 90, 200], [100, 101], [7]])
    let values = try all.tensor(named: "x").values
    for clip in 0..<2 {
        let (mean, deviation) = moments(Array(values[clip * 128..<(clip + 1) * 128]))
        #expect(abs(mean) < 1e-5 && abs(deviation - 1) < 1e-5, "clip \(clip)")
    }
    // One colour has no deviation: it is only centred.
    #expect(values[256...].allSatisfy { abs($0) < 1e-6 })
}

@Test func aDataSetIsNormalisedByItsTrainingClips() throws {
    let train = clips(.dataset, levels: [[0, 255], [255, 255]])
    let val = clips(.dataset, levels: [[0, 0]])
    let splits = try ClipSplits(classes: ["a", "b"], train: train, val: val, test: nil)
        .normalized()
    // ¾ white: mean ¾, deviation √(3/16).
    let deviation = (3.0 / 16).squareRoot()
    let statistics = try #require(splits.val.statistics)
    #expect(abs(statistics.mean - 0.75) < 1e-12)
    #expect(abs(statistics.deviation - deviation) < 1e-12)
    let dark = try splits.val.tensor(named: "x").values
    #expect(dark.allSatisfy { abs(Double($0) + 0.75 / deviation) < 1e-5 })
    let plain = try clips(.none, levels: [[0, 255]]).tensor(named: "x").values
    #expect(plain.max() == 1)
}

/// The pictures that a draw with these changes gives.
private func seen(_ change: (inout Augmentation) -> Void, epoch: Int = 1) throws -> [[UInt8]] {
    var augmentation = Augmentation()
    change(&augmentation)
    var format = ClipFormat(frames: 2, height: 16, width: 16, channels: 1, padding: false)
    format.normalization = .none
    var clips = FramedClips(format: format)
    let picture = Picture(
        width: 16, height: 16, channels: 1,
        pixels: (0..<256).map { (at: Int) -> UInt8 in
            let (row, column) = (at / 16, at % 16)
            return UInt8(column * 9 + row * 5)
        })
    clips.append(Clip(name: "x", label: 0, frames: [picture, picture]))
    var frames: [[UInt8]] = []
    let draw = augmentation.draw(seed: 3, epoch: epoch, clip: 0)
    try clips.withFrames(of: 0, changed: draw) { _, pixels in
        frames.append((0..<256).map { pixels[$0] })
    }
    return frames
}

@Test func aTurnedPictureIsWhatBilinearSamplingGives() throws {
    let plain = try seen { _ in }
    for epoch in 1...5 {
        let turned = try seen({ ($0.rotation, $0.scale) = (10, 0.1) }, epoch: epoch)
        #expect(turned[0] == turned[1] && turned != plain)
        // A plane stays a plane: its values differ from the middle's by the turned slopes.
        let middle = Double(turned[0][8 * 16 + 8])
        #expect(abs(middle - Double(plain[0][8 * 16 + 8])) < 8)
        for row in 5..<10 {
            for column in 5..<10 {
                let at = row * 16 + column
                let next = Double(turned[0][at + 1]) - Double(turned[0][at])
                let below = Double(turned[0][at + 16]) - Double(turned[0][at])
                // Slopes of 9 and 5 turned by up to 10° and scaled by up to 1.1, rounded.
                #expect((6.0...12).contains(next) && (2.0...8).contains(below))
            }
        }
    }
}

@Test func anErasedRectangleIsTheSameInAllFrames() throws {
    let plain = try seen { _ in }
    var erased = 0
    for epoch in 1...20 {
        let frames = try seen({ $0.erase = 0.5 }, epoch: epoch)
        #expect(frames[0] == frames[1])
        let changed = zip(frames[0], plain[0]).count { $0 != $1 }
        #expect(changed <= 140, "no more than half of it")
        if changed > 0 { erased += 1 }
    }
    #expect((5...15).contains(erased), "in half of the cases")
}
