import Clips
import Foundation
import Testing

@Test func scalingIsBilinearWithCentresAligned() {
    let row = Picture(width: 4, height: 1, channels: 1, pixels: [0, 100, 200, 40])
    // Twice as wide: new centres lie a quarter from the old; the ends repeat.
    #expect(row.scaled(width: 8, height: 1).pixels == [0, 25, 75, 125, 175, 160, 80, 40])
    // Half as wide: each new centre lies midway between two old.
    #expect(row.scaled(width: 2, height: 1).pixels == [50, 120])
    #expect(row.scaled(width: 4, height: 1) == row)
}

@Test func paddingKeepsTheAspectRatioAndFillsWithTheMean() {
    let picture = Picture(
        width: 4, height: 2, channels: 1, pixels: [10, 10, 10, 10, 30, 30, 30, 30])
    let padded = ClipFormat(frames: 1, height: 4, width: 4, channels: 1, padding: true).frame(
        picture)
    #expect(padded.pixels == [20, 20, 20, 20, 10, 10, 10, 10, 30, 30, 30, 30, 20, 20, 20, 20])
    let stretched = ClipFormat(frames: 1, height: 4, width: 4, channels: 1, padding: false).frame(
        picture)
    #expect(stretched.pixels == [10, 10, 10, 10, 15, 15, 15, 15, 25, 25, 25, 25, 30, 30, 30, 30])
}

@Test func shortClipsRepeatTheirLastFrameAndLongOnesKeepTheirMiddle() {
    let format = ClipFormat(frames: 5, height: 8, width: 8, channels: 1, padding: true)
    #expect(format.times(of: 3) == [0, 1, 2, 2, 2])
    #expect(format.times(of: 5) == [0, 1, 2, 3, 4])
    #expect(format.times(of: 8) == [1, 2, 3, 4, 5])
}

@Test func resampledClipsAreTakenAsAWhole() {
    var format = ClipFormat(frames: 4, height: 8, width: 8, channels: 1, padding: true)
    format.length = .resample
    #expect(format.times(of: 4) == [0, 1, 2, 3])
    #expect(format.times(of: 8) == [1, 3, 5, 7])
    #expect(format.times(of: 2) == [0, 0, 1, 1])
    #expect(format.times(of: 1) == [0, 0, 0, 0])
    #expect(format.times(of: 7) == [0, 2, 4, 6])
}

@Test func greyFollowsBT601() {
    let picture = Picture(
        width: 3, height: 1, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255])
    #expect(picture.converted(channels: 1).pixels == [76, 150, 29])
}

@Test func studioRangeVideoIsStretchedAndColoured() throws {
    // Two 2×2 pictures, 4:2:0: black and white in the corners, then red (Y 81, Cb 90, Cr 240).
    let frames: [[UInt8]] = [[16, 235, 126, 16, 128, 128], [81, 81, 81, 81, 90, 240]]
    let bytes =
        Array("YUV4MPEG2 W2 H2 F25:1 Ip C420mpeg2\n".utf8)
        + frames.flatMap { Array("FRAME\n".utf8) + $0 }
    let pictures = try Y4M.pictures(bytes)
    #expect(pictures.count == 2)
    #expect(pictures[0].pixels == [0, 0, 0, 255, 255, 255, 128, 128, 128, 0, 0, 0])
    #expect(Array(pictures[1].pixels.prefix(3)) == [254, 0, 0])
    #expect(throws: Y4M.Problem.self) { try Y4M.pictures(Array(bytes.dropLast())) }
    #expect(throws: Y4M.Problem.self) { try Y4M.pictures(Array("nothing".utf8)) }
    #expect(throws: Y4M.Problem.self) {
        try Y4M.pictures(Array("YUV4MPEG2 W2 H2 C420p10\nFRAME\n".utf8))
    }
}

/// Pictures scaled by OpenCV (`Tests/Golden/make_scaling.py`).
@Test func scalingIsOpenCVs() throws {
    struct Golden: Decodable {
        struct Case: Decodable {
            let height, width, channels, new_height, new_width: Int
            let pixels, scaled: [UInt8]
        }
        let cases: [Case]
    }
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Golden/scaling.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    #expect(golden.cases.count == 14)
    for one in golden.cases {
        let picture = Picture(
            width: one.width, height: one.height, channels: one.channels, pixels: one.pixels)
        let scaled = picture.scaled(width: one.new_width, height: one.new_height)
        let apart = zip(scaled.pixels, one.scaled).map { abs(Int($0) - Int($1)) }
        #expect(
            apart.max() ?? 9 <= 1,
            "\(one.width)×\(one.height) to \(one.new_width)×\(one.new_height)")
        // OpenCV rounds after each direction, we once.
        #expect(apart.count { $0 == 0 } * 4 >= apart.count * 3)
    }
}

/// Both matrices from their definition (Kr and Kb), in floating point.
@Test(arguments: [Y4M.Matrix.bt601, .bt709])
func coloursFollowTheirMatrix(matrix: Y4M.Matrix) throws {
    let (red, blue) = matrix == .bt601 ? (0.299, 0.114) : (0.2126, 0.0722)
    for isFull in [false, true] {
        var stream = Array(
            "YUV4MPEG2 W16 H16 F25:1 C444\(isFull ? " XCOLORRANGE=FULL" : "")\nFRAME\n".utf8)
        let samples = (0..<768).map { UInt8(truncatingIfNeeded: $0 * 89 + $0 / 7 * 31) }
        stream += samples
        let picture = try #require(try Y4M.pictures(stream, matrix).first)
        for at in 0..<256 {
            let luma = isFull ? Double(samples[at]) : (Double(samples[at]) - 16) * 255 / 219
            let scale = isFull ? 1 : 255.0 / 224
            let (cb, cr) = (
                (Double(samples[256 + at]) - 128) * scale, (Double(samples[512 + at]) - 128) * scale
            )
            let r = luma + 2 * (1 - red) * cr
            let b = luma + 2 * (1 - blue) * cb
            let g = (luma - red * r - blue * b) / (1 - red - blue)
            for (channel, value) in [r, g, b].enumerated() {
                #expect(
                    abs(max(0, min(255, value)) - Double(picture.pixels[at * 3 + channel])) <= 0.52)
            }
        }
    }
}
