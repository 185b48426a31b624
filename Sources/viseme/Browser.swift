import Foundation

/// The user's browser.
enum Browser {
    /// - Parameter program: opens an address in it.
    /// - Returns: whether it could.
    static func open(_ address: String, with program: String) async -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program, address]
        (process.standardInput, process.standardOutput, process.standardError) = (
            FileHandle.nullDevice, FileHandle.nullDevice, FileHandle.nullDevice
        )
        return await withCheckedContinuation { continuation in
            process.terminationHandler = {
                continuation.resume(returning: $0.terminationStatus == 0)
            }
            // A program that can't be started opens nothing.
            do { try process.run() } catch { continuation.resume(returning: false) }
        }
    }
}
