import Files
import Foundation
import Studies

/// What the processors take, by the counters that Linux shows of Intel's and AMD's (RAPL), where
/// they may be read.
package struct EnergyMeter {
    private struct Counter {
        let file: URL
        let start: UInt64
        /// Where it begins again at 0.
        let range: UInt64
    }

    private let counters: [Counter]

    /// - Parameter folder: another one, for tests.
    package init(folder: URL = URL(filePath: "/sys/class/powercap")) {
        // One for each package; their parts (`intel-rapl:0:1`) are in its number.
        let packages = (FileManager.default.names(in: folder)).filter {
            $0.wholeMatch(of: /(intel|amd)-rapl:\d+/) != nil
        }
        counters = packages.sorted().compactMap { name in
            let package = folder.appending(path: name)
            let file = package.appending(path: "energy_uj")
            guard let start = EnergyMeter.number(file),
                let range = EnergyMeter.number(package.appending(path: "max_energy_range_uj"))
            else { return nil }
            return Counter(file: file, start: start, range: range)
        }
    }

    /// Joules since the meter was made; nil if no counter can be read.
    package var joules: Double? {
        let parts = counters.compactMap { counter -> Double? in
            guard let now = EnergyMeter.number(counter.file) else { return nil }
            let microjoules =
                now >= counter.start ? now - counter.start : now + (counter.range - counter.start)
            return Double(microjoules) / 1e6
        }
        return parts.isEmpty || parts.count < counters.count ? nil : parts.reduce(0, +)
    }

    private static func number(_ file: URL) -> UInt64? {
        // Most machines show no counter, or not to everyone: then no energy is recorded.
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        return UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
