import Files
import Foundation
import Studies

/// A run's histories as TensorBoard reads them: an event file with a scalar for each metric and
/// epoch.
package enum TensorBoardFile {
    /// TensorBoard looks for `tfevents` in the name.
    package static let name = "events.out.tfevents.0000000000.viseme"

    /// - Parameters:
    ///   - histories: values that are not there are left out.
    ///   - steps: of each row, where rows are not epochs.
    ///   - ends: when each epoch ended, in seconds from `started`; epochs beyond have the last time.
    ///   - started: in seconds since 1970.
    package static func bytes(
        _ histories: [History], steps: [Int]? = nil, ends: [Double], started: Double
    ) -> [UInt8] {
        let histories = histories.filter { steps == nil || $0.name != MetricAxis.steps }
        // An event without a step names the version of the format.
        var file = EventRecords.record(double(1, started) + text(3, Array("brain.Event:2".utf8)))
        let epochs = histories.map(\.values.count).max() ?? 0
        for epoch in 0..<epochs {
            let time = started + (ends.indices.contains(epoch) ? ends[epoch] : ends.last ?? 0)
            let step = steps.map { $0[epoch] } ?? epoch + 1
            for history in histories where history.values.indices.contains(epoch) {
                // Where rows are steps, a metric has values at some of them.
                if steps != nil, history.values[epoch].isNaN { continue }
                let value = Float(history.values[epoch])
                let scalar =
                    text(1, Array(history.name.utf8)) + [2 << 3 | 5]
                    + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
                file += EventRecords.record(
                    double(1, time) + [2 << 3] + varint(UInt64(bitPattern: Int64(step)))
                        + text(5, text(1, scalar)))
            }
        }
        return file
    }

    /// The folder of a run, by its label.
    package static func folder(_ run: Run) -> String {
        let label = String(
            run.label.map { $0.isLetter || $0.isNumber || "=._-,+".contains($0) ? $0 : "_" }.prefix(
                120))
        return "\(run.number)_\(label)"
    }

    // Protocol buffers: a field is its number and kind, then its value.

    private static func double(_ field: UInt8, _ value: Double) -> [UInt8] {
        [field << 3 | 1] + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }

    private static func text(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
        [field << 3 | 2] + varint(UInt64(content.count)) + content
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (bytes, rest): ([UInt8], UInt64) = ([], value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
