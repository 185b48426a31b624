import Foundation
import Studies
import Tensors

/// Files of prepared clips of noise, for measuring.
package enum NoiseSet {
    /// Ten classes; one clip in ten validates.
    package static func write(to file: URL, clips: Int, size: Int, frames: Int) throws {
        let writer = try ClipSetWriter(
            file, classes: (0..<10).map { "class \($0)" }, settings: "{}")
        var stream = RandomStream(seed: 0, purpose: .visemes)
        let noise = (0..<size * size * 3 + 4096).map { _ in UInt8(truncatingIfNeeded: stream.next())
        }
        for split in [Split.train, .val] {
            for clip in 0..<clips where (clip / 10 % 10 == 0) == (split == .val) {
                try writer.append(name: "\(clip)", split: split, label: clip % 10) { take in
                    for frame in 0..<frames {
                        let start = (clip * 31 + frame) % 4096
                        let pixels = Array(noise[start..<start + size * size * 3])
                        try take(Picture(width: size, height: size, channels: 3, pixels: pixels))
                    }
                }
            }
        }
        try writer.finish()
    }
}
