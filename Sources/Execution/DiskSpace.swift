import Foundation
import RunStore
import Studies
import Subprocess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What runs will occupy, compared with what a folder has room for.
package struct DiskSpace: Sendable, Equatable {
    /// Bytes that the runs need; an estimate.
    package let needed: Int
    /// Bytes that may still be written there.
    package let free: Int
    /// Whether a quota sets that, rather than the disk.
    package let isQuota: Bool

    /// A warning, or nil if there is room.
    package var warning: String? {
        guard needed > free else { return nil }
        return
            "the runs will need about \(byteCount(needed)), and \(isQuota ? "your quota" : "the disk") has \(byteCount(free)) left: keep fewer weights (`keep`), or choose another folder with --results"
    }

    /// - Parameter missing: the runs to be trained.
    /// - Returns: nil if nothing is known.
    package static func look(
        _ folder: StudyFolder, _ plan: Plan, _ trainer: any Trainer, missing: [Run],
        stored: StudyResults
    ) async -> DiskSpace? {
        let sizes = stored.runs.values.map(\.file.size)
        let needed: Int
        if let most = sizes.max() {
            needed = most * missing.count
        } else {
            let each = missing.compactMap { trainer.storedBytes($0, in: plan) }
            guard each.count == missing.count else { return nil }
            needed = each.reduce(0, +)
        }
        var place = folder.url.standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
            place.deleteLastPathComponent()
        }
        var facts = statvfs()
        guard statvfs(place.path, &facts) == 0 else { return nil }
        let free = Int(facts.f_bavail) * Int(facts.f_frsize)
        if let quota = await quota(of: place), quota < free {
            return DiskSpace(needed: needed, free: quota, isQuota: true)
        }
        return DiskSpace(needed: needed, free: free, isQuota: false)
    }

    /// Bytes that this user's quota leaves on the file system of a folder; nil without one.
    private static func quota(of place: URL) async -> Int? {
        // Most machines have neither quotas nor the program that reads them.
        let result = try? await Subprocess.run(
            .name("quota"),
            arguments: ["--no-wrap", "--raw-grace", "--hide-device", "--show-mntpoint"],
            output: .string(limit: 1 << 20), error: .discarded)
        guard let text = result?.standardOutput else { return nil }
        return remaining(quota: text, path: place.path)
    }

    /// - Parameters:
    ///   - text: of `quota --no-wrap --show-mntpoint --hide-device`: the mount point, KiB used, soft
    ///     and hard limit.
    ///   - path: of a folder.
    package static func remaining(quota text: String, path: String) -> Int? {
        var best: (length: Int, left: Int)?
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count >= 4, fields[0].hasPrefix("/"),
                path == fields[0] || path.hasPrefix(fields[0] == "/" ? "/" : fields[0] + "/"),
                let used = Int(fields[1].replacing("*", with: "")), let soft = Int(fields[2]),
                let hard = Int(fields[3])
            else { continue }
            let limits = [soft, hard].filter { $0 > 0 }
            guard let limit = limits.max(), fields[0].count >= best?.length ?? 0 else { continue }
            best = (fields[0].count, max(0, limit - used) * 1024)
        }
        return best?.left
    }
}
