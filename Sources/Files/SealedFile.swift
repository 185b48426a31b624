import CPlatform
import Foundation
import Synchronization

/// HDF5 files with our trailer, as run files, sweep files and checkpoints are.
package enum SealedFile {
    /// Processor time that reading one file may take: a thousand times what the largest took.
    private static let secondsLimit: Int32 = 30
    /// How the program ends where the library fails over a file: the status of a wrong input.
    private static let status: Int32 = 2
    /// The library lets one thread in at a time. Threads that read many files wait here, once a
    /// file, not at every call.
    private static let library = Mutex(())

    package static func write(_ image: [UInt8], to file: URL) throws {
        try DurableFile.write(Trailer.sealed(image), to: file)
    }

    /// Writes a file that is not there yet.
    /// - Returns: false if there is one by now.
    package static func publish(_ image: [UInt8], to file: URL) throws -> Bool {
        try DurableFile.publish(Trailer.sealed(image), to: file)
    }

    /// Reads a file after its digest was verified. Whoever made a damaged file's trailer anew can
    /// still make the library crash, or go round for ever: the process then ends with a message.
    /// - Throws: `StoreError`.
    package static func read<Contents>(_ file: URL, _ body: (HDF5Group) throws -> Contents) throws
        -> Contents
    {
        try understand(Trailer.opened(DurableFile.read(file), path: file.path), of: file, body)
    }

    /// Hands the contents of an image to `body`; its digest has been verified.
    /// - Throws: `StoreError`.
    package static func understand<Contents>(
        _ image: [UInt8], of file: URL, _ body: (HDF5Group) throws -> Contents
    ) throws -> Contents {
        try library.withLock { _ throws(StoreError) in
            viseme_guard_begin(file.path, secondsLimit, status)
            defer { viseme_guard_end() }
            do {
                return try body(try HDF5File.open(image).root())
            } catch let error as StoreError {
                throw error
            } catch {
                throw StoreError.unreadable(path: file.path, reason: "\(error)")
            }
        }
    }
}
