import Files
import Foundation
import Studies

/// Numbers of graphics processors, handed out one run each.
package final class GPUPool: Sendable {
    private let free: Locked<[String]>
    package let count: Int

    package init(_ devices: [String]) {
        free = Locked(devices)
        count = devices.count
    }

    func take(_ count: Int) -> [String] {
        free.withLock { free in
            let taken = Array(free.prefix(count))
            free.removeFirst(taken.count)
            return taken
        }
    }

    func give(_ devices: [String]) {
        free.withLock { $0 = devices + $0 }
    }

    /// The context's: those that `CUDA_VISIBLE_DEVICES` leaves, or all that the driver shows.
    package static func ofThisMachine() -> GPUPool {
        if let visible = ProcessInfo.processInfo.environment["CUDA_VISIBLE_DEVICES"] {
            return GPUPool(
                visible.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
        }
        let names = FileManager.default.names(in: URL(filePath: "/dev"))
        return GPUPool(
            names.compactMap { $0.wholeMatch(of: /nvidia([0-9]+)/) }.map { String($0.1) }.sorted {
                (Int($0) ?? 0) < (Int($1) ?? 0)
            })
    }
}
