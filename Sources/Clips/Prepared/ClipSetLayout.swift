import Digests
import Files
import Foundation
import Studies

/// How the contents of a file of clips lie in HDF5: docs/format.md.
enum ClipSetLayout {
    static let format = "viseme-clips"
    static let version = 1

    static func image(_ contents: ClipSetContents) throws -> [UInt8] {
        try HDF5File.image { root in
            try root.setAttribute("format", format)
            try root.setAttribute("format_version", version)
            try root.setAttribute("settings", contents.settings)
            try root.setAttribute(
                "data_digest", DatasetSubset.digest(contents))
            let entries = contents.entries
            try root.write("class_names", contents.classes, shape: [contents.classes.count])
            let clips = [entries.count]
            let clip = try root.write("clip", Array(entries.indices), shape: clips)
            try clip.makeScale("clip")
            var columns = [
                try root.write("name", entries.map(\.name), shape: clips),
                try root.write("class", entries.map { contents.classes[$0.label] }, shape: clips),
                try root.write("label", entries.map(\.label), shape: clips),
                try root.write("split", entries.map(\.split.rawValue), shape: clips),
                try root.write("first_frame", entries.map(\.frames.lowerBound), shape: clips),
                try root.write("frame_count", entries.map(\.frames.count), shape: clips),
                try root.write("sha256", entries.map { hexadecimal($0.digest) }, shape: clips),
            ]
            // Where nothing is known, files are as they were before there were these columns.
            if entries.contains(where: { $0.frameRate != nil }) {
                let rates = entries.map { $0.frameRate ?? 0 }
                columns.append(try root.write("frame_rate", rates, shape: clips))
                try columns[columns.count - 1].setAttribute(
                    "long_name", "frames a second; 0: not known")
            }
            if entries.contains(where: { $0.word != nil }) {
                for (name, end, words) in [
                    ("word_start_frame", "first", entries.map { $0.word?.lowerBound ?? -1 }),
                    (
                        "word_end_frame", "behind the last",
                        entries.map { $0.word?.upperBound ?? -1 }
                    ),
                ] {
                    columns.append(try root.write(name, words, shape: clips))
                    try columns[columns.count - 1].setAttribute(
                        "long_name",
                        "frame of the clip, from 0, \(end) of the word; -1: not known")
                }
            }
            for column in columns { try column.attach(clip, dimension: 0) }
            let sizes = contents.sizes
            switch sizes {
            case .even(let size, let count):
                let frames = try root.reserve(
                    "frames", shape: [count, size.height, size.width, size.channels])
                try frames.setAttribute("long_name", "pixels of all clips, one after the other")
            case .each(let all):
                let frames = try root.reserve("pixels", shape: [contents.byteCount])
                try frames.setAttribute(
                    "long_name",
                    "pixels of all frames, each row-major (height, width, channel), one after the other"
                )
                let size = all.flatMap { [$0.size.height, $0.size.width, $0.size.channels] }
                let table = try root.write("frame_size", size, shape: [all.count, 3])
                try table.setAttribute("long_name", "height, width, channels of each frame")
            }
            guard !contents.skipped.isEmpty else { return }
            let skipped = try root.makeGroup("skipped")
            try skipped.write("name", contents.skipped.map(\.name), shape: [contents.skipped.count])
            try skipped.write(
                "reason", contents.skipped.map(\.reason), shape: [contents.skipped.count])
        }
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter byteCount: of the pixels behind the image.
    static func read(_ root: HDF5Group, byteCount: Int) throws -> ClipSetContents {
        let found = "\(try root.text("format")) \(try root.integer("format_version"))"
        guard found == "\(format) \(version)" else {
            throw Problem(description: "is of the form \(found), not \(format) \(version)")
        }
        let names = try root.dataset("name").texts()
        let labels = try root.dataset("label").integers()
        let splits = try root.dataset("split").texts().compactMap(Split.init(rawValue:))
        let first = try root.dataset("first_frame").integers()
        let counts = try root.dataset("frame_count").integers()
        let digests = try root.dataset("sha256").texts().compactMap(bytes(hexadecimal:))
        var contents = ClipSetContents(classes: try root.dataset("class_names").texts())
        contents.settings = try root.text("settings")
        contents.sizes = try sizes(root, byteCount)
        if root.has("skipped") {
            let group = try root.group("skipped")
            contents.skipped = zip(
                try group.dataset("name").texts(), try group.dataset("reason").texts()
            ).map {
                SkippedClip(name: $0, reason: $1)
            }
        }
        let rates = root.has("frame_rate") ? try root.dataset("frame_rate").doubles() : nil
        let words = try words(root)
        var next = 0
        for index in names.indices {
            guard [labels, first, counts].allSatisfy({ $0.count == names.count }),
                splits.count == names.count,
                (rates?.count ?? names.count) == names.count,
                (words?.count ?? names.count) == names.count,
                (words?[index]?.upperBound ?? 0) <= counts[index],
                digests.count == names.count, digests[index].count == 32, first[index] == next,
                (1...contents.sizes.count).contains(counts[index]),
                contents.classes.indices.contains(labels[index])
            else { throw Problem(description: "its columns are inconsistent") }
            next += counts[index]
            contents.entries.append(
                .init(
                    name: names[index], split: splits[index], label: labels[index],
                    frames: first[index]..<next,
                    digest: digests[index],
                    frameRate: rates.flatMap { $0[index] > 0 ? $0[index] : nil },
                    word: words?[index]))
        }
        guard next == contents.sizes.count, contents.byteCount == byteCount else {
            throw Problem(description: "its frames are not those of its clips")
        }
        return contents
    }

    /// Of each clip the frames of its word; nil where the file has none.
    private static func words(_ root: HDF5Group) throws -> [Range<Int>?]? {
        guard root.has("word_start_frame"), root.has("word_end_frame") else { return nil }
        let starts = try root.dataset("word_start_frame").integers()
        let ends = try root.dataset("word_end_frame").integers()
        guard starts.count == ends.count,
            zip(starts, ends).allSatisfy({ $0 == -1 && $1 == -1 || $0 >= 0 && $1 >= $0 })
        else { throw Problem(description: "its words' frames are inconsistent") }
        return zip(starts, ends).map { $0 < 0 ? nil : $0..<$1 }
    }

    private static func sizes(_ root: HDF5Group, _ byteCount: Int) throws -> FrameSizes {
        func size(_ numbers: ArraySlice<Int>) throws -> FrameSize {
            let (height, width, channels) = (
                numbers[numbers.startIndex], numbers[numbers.startIndex + 1],
                numbers[numbers.startIndex + 2]
            )
            guard (1...16384).contains(height), (1...16384).contains(width),
                [1, 3].contains(channels)
            else {
                throw Problem(description: "it holds a frame of \(width)×\(height)×\(channels)")
            }
            return FrameSize(width: width, height: height, channels: channels)
        }
        if root.has("frames") {
            let shape = try root.dataset("frames").shape(limit: byteCount)
            guard shape.count == 4 else {
                throw Problem(description: "its frames are of \(shape.count) dimensions")
            }
            return .even(try size(shape[1...]), count: shape[0])
        }
        let numbers = try root.dataset("frame_size").integers()
        guard numbers.count.isMultiple(of: 3) else {
            throw Problem(description: "its frame sizes are not threes")
        }
        return FrameSizes(
            try stride(from: 0, to: numbers.count, by: 3).map { try size(numbers[$0..<($0 + 3)]) })
    }
}
