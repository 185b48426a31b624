import Digests
import Foundation
import Studies
import Tensors

/// The built-in data set `builtin:visemes`: speakers say words, and a camera films their mouths.
///
/// A word is a sequence of visemes; speakers differ in shape, skin, light, place, pace and care;
/// training, validation and test clips are of different speakers. The bytes are a function of these
/// numbers alone. Anything that changes them raises `version`, which is part of a run's identity.
package struct VisemeSet: Sendable, Hashable {
    package static let version = 1
    package static let path = "builtin:visemes"
    /// Pictures are `pictureSize` × `pictureSize` RGB.
    package static let pictureSize = 48
    package static let wordLimit = Word.all.count

    /// Classes, 2…24.
    package var words = 10
    package var trainSpeakers = 16
    package var valSpeakers = 6
    package var testSpeakers = 6
    /// How often each speaker says each word.
    package var takes = 2
    /// 0 (studio) to 1 (a poor camera, bad light, careless speech).
    package var difficulty = 0.5
    package var seed: UInt64 = 1

    package init() {}

    package var classes: [String] { Word.all.prefix(words).map(\.name) }

    /// The clips of one split. Speakers are numbered through train, val, test.
    package func clips(_ split: Split) -> [Clip] {
        let speakers =
            switch split {
            case .train: 0..<trainSpeakers
            case .val: trainSpeakers..<trainSpeakers + valSpeakers
            case .test: trainSpeakers + valSpeakers..<trainSpeakers + valSpeakers + testSpeakers
            }
        return speakers.flatMap { speaker in
            (0..<words).flatMap { word in
                (0..<takes).map { take in clip(speaker: speaker, word: word, take: take) }
            }
        }
    }

    /// One clip: the word, spoken once.
    func clip(speaker number: Int, word index: Int, take: Int) -> Clip {
        var stream = RandomStream(
            seed: seed, purpose: .visemes, part: UInt32((number * 64 + index) * 64 + take + 1))
        var speaker = speaker(number)
        // Nobody holds still from take to take.
        speaker.centre += SIMD2(jitter(&stream), jitter(&stream)) * (0.015 + 0.045 * difficulty)
        speaker.scale *= 1 + jitter(&stream) * (0.03 + 0.09 * difficulty)
        speaker.tilt += jitter(&stream) * (0.03 + 0.09 * difficulty)
        speaker.pace *= 1 + jitter(&stream) * (0.1 + 0.15 * difficulty)
        speaker.light *= 1 + jitter(&stream) * (0.03 + 0.1 * difficulty)
        let word = Word.all[index]
        let painter = MouthPainter(size: VisemeSet.pictureSize, speaker: speaker)
        var noise = RandomNoise(stream: stream)
        let frames = track(word, speaker).map { painter.paint($0, noise: &noise) }
        return Clip(
            name: "speaker\(number)/\(word.name)_\(take)", label: index, frames: frames,
            word: spoken(speaker, of: frames.count))
    }

    private func speaker(_ number: Int) -> Speaker {
        var stream = RandomStream(seed: seed, purpose: .visemes, part: UInt32(number * 64 * 64))
        let spread = 0.35 + 0.65 * difficulty
        func vary(_ value: Double, by part: Double) -> Double {
            value * (1 + part * spread * jitter(&stream))
        }
        let tone = 0.55 + 0.45 * (0.5 + 0.5 * spread * jitter(&stream))
        let skin = SIMD3(vary(222, by: 0.06), vary(176, by: 0.1), vary(150, by: 0.14)) * tone
        let lips = skin * SIMD3(vary(0.86, by: 0.1), vary(0.58, by: 0.2), vary(0.6, by: 0.2))
        return Speaker(
            mouthWidth: vary(0.3, by: 0.16), lipHeight: vary(0.085, by: 0.3),
            jaw: vary(0.17, by: 0.25), skin: skin,
            lips: lips, light: vary(0.95, by: 0.25),
            lightSlope: SIMD2(jitter(&stream), jitter(&stream)) * (0.9 * spread),
            centre: SIMD2(0.5, 0.48) + SIMD2(jitter(&stream), jitter(&stream)) * (0.05 * spread),
            scale: vary(1, by: 0.15), tilt: jitter(&stream) * 0.15 * spread,
            pace: vary(2.3, by: 0.3),
            precision: 1 - 0.4 * difficulty * (0.5 + 0.5 * jitter(&stream)),
            noise: 2 + 14 * difficulty * (1 + 0.5 * jitter(&stream)))
    }

    /// The shapes of a word in time: from rest through the visemes to rest, each passing into the
    /// next.
    private func track(_ word: Word, _ speaker: Speaker) -> [MouthShape] {
        let rest = MouthShape(opening: 0.04, width: 0.5, rounding: 0.05, teeth: 0, tongue: 0)
        let stations =
            [(rest, VisemeSet.rest)] + word.visemes.map { ($0.shape, $0.length) }
            + [(rest, VisemeSet.rest)]
        var times: [Double] = []
        var now = 0.0
        for (_, length) in stations {
            times.append((now + length / 2) * speaker.pace)
            now += length
        }
        let shapes = stations.map { rest * (1 - speaker.precision) + $0.0 * speaker.precision }
        let count = max(2, Int((now * speaker.pace).rounded()))
        return (0..<count).map { frame in
            let time = Double(frame) + 0.5
            guard let next = times.firstIndex(where: { $0 > time }) else {
                return shapes[shapes.count - 1]
            }
            guard next > 0 else { return shapes[0] }
            let t = (time - times[next - 1]) / (times[next] - times[next - 1])
            let part = t * t * (3 - 2 * t)
            return shapes[next - 1] * (1 - part) + shapes[next] * part
        }
    }

    /// How long a mouth rests before and after its word, beside a viseme.
    private static let rest = 0.8

    /// The frames in which the word is spoken: those between the rests, even in part.
    private func spoken(_ speaker: Speaker, of count: Int) -> Range<Int> {
        let rest = VisemeSet.rest * speaker.pace
        let first = min(Int(rest), count - 1)
        return first..<max(first + 1, Int((Double(count) - rest).rounded(.up)))
    }

    /// Uniform in −1…1.
    private func jitter(_ stream: inout RandomStream) -> Double {
        2 * stream.uniformDouble() - 1
    }
}

/// Noise of mean 0 and standard deviation 1: the sum of four uniform numbers, shifted and scaled.
struct RandomNoise {
    var stream: RandomStream

    mutating func next() -> Double {
        let bits = stream.next()
        let sum = (bits & 0xFF) + (bits >> 8 & 0xFF) + (bits >> 16 & 0xFF) + (bits >> 24)
        // Each byte has mean 127.5 and variance (256² − 1)/12.
        return (Double(sum) - 510) / 147.8
    }
}

extension VisemeSet {
    /// The numbers that decide every byte of the set.
    package var digest: String {
        let text =
            "visemes version=\(VisemeSet.version) words=\(words) speakers=\(trainSpeakers),\(valSpeakers),"
            + "\(testSpeakers) takes=\(takes) difficulty=\(difficulty) seed=\(seed)"
        return hexadecimal(SHA256.hash(Data(text.utf8)))
    }
}
