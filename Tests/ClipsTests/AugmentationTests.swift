import Clips
import Foundation
import Testing

/// A clip of frames of one brightness each.
private func plain(_ levels: [UInt8], size: Int) -> Clip {
    Clip(
        name: "plain", label: 0,
        frames: levels.map {
            Picture(
                width: size, height: size, channels: 1,
                pixels: [UInt8](repeating: $0, count: size * size))
        })
}

/// The first pixel of each frame as the network sees it.
private func levels(
    _ clip: Clip, _ format: ClipFormat, _ augmentation: Augmentation, epoch: Int, seed: UInt64 = 1
) throws -> [UInt8] {
    var clips = FramedClips(format: format)
    clips.append(clip)
    var seen: [UInt8] = []
    let draw = augmentation.draw(seed: seed, epoch: epoch, clip: 0)
    try clips.withFrames(of: 0, changed: draw) { _, pixels in seen.append(pixels[0]) }
    return seen
}

private func format(_ frames: Int, _ size: Int) -> ClipFormat {
    ClipFormat(frames: frames, height: size, width: size, channels: 1, padding: false)
}

@Test func windowsOfLongClipsLieWhereTheyAreWanted() throws {
    let clip = plain((0..<20).map { UInt8($0 * 10) }, size: 8)
    var wanted = format(5, 8)
    #expect(try levels(clip, wanted, Augmentation(), epoch: 1) == [70, 80, 90, 100, 110])
    wanted.window = .start
    #expect(try levels(clip, wanted, Augmentation(), epoch: 1) == [0, 10, 20, 30, 40])
    wanted.window = .random
    wanted.keepsAllFrames = true
    var random = Augmentation()
    random.randomWindow = true
    let starts = try (1...200).map { epoch in
        let seen = try levels(clip, wanted, random, epoch: epoch)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $1 == $0 + 10 })
        return seen[0]
    }
    // All sixteen places, the first and the last too; others than in the other seed.
    #expect(Set(starts) == Set((0...15).map { UInt8($0 * 10) }))
    #expect(try (1...200).map { try levels(clip, wanted, random, epoch: $0, seed: 2)[0] } != starts)
    // What is not drawn lies in the middle, and a short clip is whole.
    #expect(try levels(clip, wanted, Augmentation(), epoch: 1) == [70, 80, 90, 100, 110])
    #expect(try levels(plain([1, 2, 3], size: 8), wanted, random, epoch: 1) == [1, 2, 3, 3, 3])
}

@Test func aResampledClipAtAnotherSpeedShowsMoreOrLessOfIt() throws {
    let clip = plain((0..<30).map { UInt8($0) }, size: 8)
    var wanted = format(10, 8)
    (wanted.length, wanted.keepsAllFrames) = (.resample, true)
    var fast = Augmentation()
    #expect(try levels(clip, wanted, fast, epoch: 1) == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28])
    fast.speed = 0.5
    for epoch in 1...20 {
        let seen = try levels(clip, wanted, fast, epoch: epoch).map { Double($0) }
        let speed = fast.draw(seed: 1, epoch: epoch, clip: 0).speed
        #expect(seen == seen.sorted())
        // Frames of the middle are 3 · speed apart.
        #expect(abs(seen[6] - seen[3] - 9 * speed) <= 1.0, "epoch \(epoch): \(seen)")
    }
}

@Test func speedTakesTheNearestFrames() throws {
    let clip = plain((0..<30).map { UInt8($0) }, size: 8)
    var wanted = format(30, 8)
    wanted.keepsAllFrames = true
    var fast = Augmentation()
    fast.speed = 0.5
    var reached: Set<UInt8> = []
    for epoch in 1...50 {
        let seen = try levels(clip, wanted, fast, epoch: epoch)
        let speed = fast.draw(seed: 1, epoch: epoch, clip: 0).speed
        #expect((0.5...1.5).contains(speed))
        let length = min(30, Int((30 / speed).rounded()))
        let spare = max(0, Int((30 / speed).rounded()) - 30)
        for time in 0..<length {
            let expected = min(29, Int((Double(spare / 2 + time) + 0.5) * speed))
            #expect(Int(seen[time]) == expected, "epoch \(epoch), time \(time)")
        }
        // It ends on the last frame, and stays there.
        if spare == 0 {
            #expect(seen.suffix(30 - length + 1).allSatisfy { $0 == seen[29] && $0 >= 28 })
        }
        reached.insert(seen[15])
    }
    #expect(reached.count > 8)
}

@Test func cropsAreCutOutOfTheMargin() throws {
    var wanted = format(1, 8)
    wanted.margin = 4
    let picture = Picture(
        width: 12, height: 12, channels: 1, pixels: (0..<144).map { UInt8($0 / 12 * 16 + $0 % 12) })
    let clip = Clip(name: "", label: 0, frames: [picture])
    #expect(try levels(clip, wanted, Augmentation(), epoch: 1) == [2 * 16 + 2])
    var random = Augmentation()
    random.crop = 4
    let corners = try (1...300).map { try levels(clip, wanted, random, epoch: $0)[0] }
    #expect(Set(corners) == Set((0...4).flatMap { row in (0...4).map { UInt8(row * 16 + $0) } }))
}

@Test func maskedFramesAreTheMeanOfAll() throws {
    let clip = plain([10, 20, 30, 40, 55, 65, 75, 85], size: 8)
    var mask = Augmentation()
    mask.mask = 4
    var lengths: [Int: Int] = [:]
    for epoch in 1...100 {
        let seen = try levels(clip, format(8, 8), mask, epoch: epoch)
        let changed = seen.indices.filter { seen[$0] != clip.frames[$0].pixels[0] }
        lengths[changed.count, default: 0] += 1
        // 380/8 = 47.5.
        #expect(
            changed.allSatisfy { seen[$0] == 48 }
                && zip(changed, changed.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }
    #expect(Set(lengths.keys) == [0, 1, 2, 3, 4])
}

@Test func contrastIsAboutTheClipsMean() throws {
    let clip = plain([50, 100, 150], size: 8)
    var augmentation = Augmentation()
    (augmentation.contrast, augmentation.brightness) = (0.4, 0.2)
    for epoch in 1...20 {
        let draw = augmentation.draw(seed: 3, epoch: epoch, clip: 0)
        let seen = try levels(clip, format(3, 8), augmentation, epoch: epoch, seed: 3)
        let mean = 100 * Double(draw.gain)
        for (level, value) in zip([50.0, 100, 150], seen) {
            let expected = mean + (level * Double(draw.gain) - mean) * Double(draw.contrast)
            #expect(abs(expected - Double(value)) <= 0.501)
        }
    }
}

@Test func mirroredAndMovedPicturesAreWhatTheyWere() throws {
    // As the plain definition says, pixel by pixel.
    let size = 8
    let picture = Picture(
        width: size, height: size, channels: 3, pixels: (0..<192).map { UInt8($0) })
    var clips = FramedClips(
        format: ClipFormat(frames: 1, height: size, width: size, channels: 3, padding: false))
    clips.append(Clip(name: "", label: 0, frames: [picture]))
    var augmentation = Augmentation()
    (augmentation.flip, augmentation.shift) = (true, 9)
    for epoch in 1...100 {
        let draw = augmentation.draw(seed: 1, epoch: epoch, clip: 0)
        try clips.withFrames(of: 0, changed: draw) { _, pixels in
            for row in 0..<size {
                for column in 0..<size {
                    let fromRow = max(0, min(size - 1, row - draw.down))
                    let moved = max(0, min(size - 1, column - draw.right))
                    let fromColumn = draw.mirrored ? size - 1 - moved : moved
                    for channel in 0..<3 {
                        #expect(
                            pixels[(row * size + column) * 3 + channel]
                                == picture.pixels[(fromRow * size + fromColumn) * 3 + channel])
                    }
                }
            }
        }
    }
}
