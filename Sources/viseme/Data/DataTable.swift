import ArgumentParser
import Clips
import Foundation

extension DataCommand {
    struct Table: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A table of the clips in a folder, to fill in their classes.",
            discussion: """
                Prints a line for each clip, as CSV: its path, and an empty class. Fill in the classes, save the table in the \
                folder, and give it as path_to_dataset: clips/table.csv.
                """)

        @Argument(help: "A folder with clips, in it or in folders below.")
        var folder: String

        func run() throws {
            let names = try DatasetIndex.allClips(in: URL(filePath: folder))
            guard !names.isEmpty else {
                throw ValidationError(
                    "\(folder): holds no clips: videos, arrays (.npy, .npz), or folders of pictures"
                )
            }
            print("path,class")
            for name in names {
                let needsQuotes = name.contains { ",\"\n\r".contains($0) }
                print((needsQuotes ? "\"\(name.replacing("\"", with: "\"\""))\"" : name) + ",")
            }
        }
    }
}
