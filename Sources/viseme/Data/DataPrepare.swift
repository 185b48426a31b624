import ArgumentParser
import Clips
import Files
import Foundation

extension DataCommand {
    struct Prepare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decode clips once, into one HDF5 file that runs and other programs read.",
            discussion: """
                The file holds the frames as bytes, cropped and at their own size, with names, labels, splits and a SHA-256 of \
                each clip. A recipe uses it as path_to_dataset: set.h5; a run reads of it what it needs, clip by clip.
                """)

        @OptionGroup var options: Options
        @Option(
            name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file.h5"))
        var output: String

        func validate() throws {
            guard DataSource.isPrepared(output) else {
                throw ValidationError("-o: \(output) has to end in .h5")
            }
        }

        func run() async throws {
            try OutputFile.refuseStudies(output)
            let configuration = try options.configuration()
            guard case .folder(let path, _) = DataSource(configuration),
                !DataSource.isPrepared(path)
            else {
                throw ValidationError(
                    "\(options.what): there is nothing to decode: give a folder or a table of clips"
                )
            }
            guard let file = try OutputFile.replaceable(output) else {
                throw ValidationError("-o: \(output) is not a regular file")
            }
            try OutputFile.refuseStudies(file.path)
            // The unfinished file is beside the final one.
            let cache = file.deletingLastPathComponent()
            let progress = DecodingProgress()
            defer { progress.end() }
            let made = try await Interruption.guarding {
                try await DataSource(configuration).prepare(
                    into: file, cache: cache,
                    decoded: URL(filePath: options.results).appending(path: ".cache")
                ) {
                    progress.show($0, $1)
                }
            }
            progress.end()
            // The size is only shown.
            let size = (try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
            print("written: \(output): \(made.clips) clips, \(decimals(Double(size) / 1e6, 1)) MB")
            print("digest:  \(made.digest)")
            guard !made.skipped.isEmpty else { return }
            print("\n\(made.skipped.count) clips can't be read, and are left out:")
            for clip in made.skipped { print("  \(clip.name): \(clip.reason)") }
        }
    }
}
