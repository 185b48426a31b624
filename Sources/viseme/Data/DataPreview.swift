import ArgumentParser
import Clips
import Files
import Foundation
import RunStore
import Studies

extension DataCommand {
    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "A contact sheet: for each class some clips, as the network sees them.",
            discussion: """
                Each class has a row of clips, framed, spread over the training split and, at the end of the row, one of each other \
                split. Where the recipe changes training clips (augment, clip_window: random), a second row below shows the same \
                clips as they are drawn in epoch 1 of the recipe's seed. Where the network sees the word boundary, a line \
                underlines the frames of the word.
                """)

        @OptionGroup var options: Options
        @Option(
            name: [.short, .long],
            help: ArgumentHelp("The picture to write.", valueName: "file.png"))
        var output: String
        @Option(help: "Clips of each class.")
        var each = 4
        @Option(help: "Frames of each clip.")
        var frames = 4
        @Option(help: "Show the augmentation of this epoch.")
        var epoch = 1

        func validate() throws {
            guard output.hasSuffix(".png") else {
                throw ValidationError("-o: \(output) has to end in .png")
            }
            guard (1...50).contains(each), (1...50).contains(frames), (1...10000).contains(epoch)
            else {
                throw ValidationError("--each and --frames are 1…50, --epoch 1…10000")
            }
        }

        func run() async throws {
            try OutputFile.refuseStudies(output)
            let (data, configuration) = try await options.prepared()
            let clips = try data.load(ClipFormat(configuration), cache: options.cacheFolder)
            let changes = Augmentation(configuration)
            let augmentation = changes.isOff ? nil : changes
            let sheet = try ContactSheet(
                clips, each: each, frames: frames, augmentation,
                seed: configuration.unsigned("seed"),
                epoch: epoch)
            try OutputFile.write(sheet.png, output)
            print("rows, from the top: \(clips.classes.joined(separator: ", "))")
            print("columns: clips of \(sheet.splits.map(\.rawValue).joined(separator: ", "))")
            if augmentation != nil {
                print(
                    "upper rows: without augmentation; lower rows: augmented as in epoch \(epoch)")
            }
        }
    }
}

/// Clips of each class in a row, frames side by side.
private struct ContactSheet {
    let png: Data
    /// Of each column.
    let splits: [Split]

    init(
        _ clips: ClipSplits, each: Int, frames: Int, _ augmentation: Augmentation?, seed: UInt64,
        epoch: Int
    ) throws {
        let train = clips.train
        let others: [(Split, FramedClips)] =
            [(.val, clips.val)] + (clips.test.map { [(.test, $0)] } ?? [])
        let ends = others.prefix(max(0, each - 1))
        splits = [Split](repeating: .train, count: each - ends.count) + ends.map(\.0)
        let format = train.format
        let (gap, count) = (6, min(frames, format.frames))
        let clipWidth = count * format.width
        let lines = augmentation == nil ? 1 : 2
        let rowHeight = lines * format.height + (lines - 1) * 2
        let width = gap + each * (clipWidth + gap)
        let height = gap + clips.classes.count * (rowHeight + gap)
        var pixels = [UInt8](repeating: 255, count: width * height * format.channels)
        let times = (0..<count).map { count == 1 ? 0 : $0 * (format.frames - 1) / (count - 1) }
        let rowBytes = format.width * format.channels

        func show(
            _ clip: Int, _ draw: Augmentation.Draw?, of clips: FramedClips? = nil, left: Int,
            top: Int,
            share: Float? = nil
        ) throws {
            try (clips ?? train).withFrames(of: clip, changed: draw) { time, frame in
                guard let place = times.firstIndex(of: time) else { return }
                for row in 0..<format.height {
                    let at = ((top + row) * width + left + place * format.width) * format.channels
                    for column in 0..<rowBytes {
                        let value = frame[row * rowBytes + column]
                        guard let share else {
                            pixels[at + column] = value
                            continue
                        }
                        // What is there is the partner.
                        let mixed = share * Float(value) + (1 - share) * Float(pixels[at + column])
                        pixels[at + column] = UInt8(mixed + 0.5)
                    }
                }
            }
        }

        func underline(
            _ clip: Int, _ draw: Augmentation.Draw?, of clips: FramedClips? = nil, left: Int,
            top: Int
        ) throws {
            guard format.hasWordBoundary else { return }
            let view = ClipView()
            try (clips ?? train).show(clip, changed: draw, in: view)
            for (place, time) in times.enumerated() where view.wordBoundary[time] > 0 {
                for row in 0..<2 {
                    let at = (top + format.height + row) * width + left + place * format.width
                    for byte in at * format.channels..<(at + format.width) * format.channels {
                        pixels[byte] = 0
                    }
                }
            }
        }

        for label in clips.classes.indices {
            let top = gap + label * (rowHeight + gap)
            for (column, end) in ends.enumerated() {
                let own = (0..<end.1.count).filter { end.1.label($0) == label }
                guard let clip = own.first else { continue }
                let left = gap + (each - ends.count + column) * (clipWidth + gap)
                try show(clip, nil, of: end.1, left: left, top: top)
                try underline(clip, nil, of: end.1, left: left, top: top)
                if augmentation != nil {
                    try show(clip, nil, of: end.1, left: left, top: top + format.height + 2)
                }
            }
            let own = (0..<train.count).filter { train.label($0) == label }
            for (column, clip) in ContactSheet.spread(own, each - ends.count).enumerated() {
                let left = gap + column * (clipWidth + gap)
                try show(clip, nil, left: left, top: top)
                try underline(clip, nil, left: left, top: top)
                guard let augmentation else { continue }
                let below = top + format.height + 2
                let draw = augmentation.draw(seed: seed, epoch: epoch, clip: clip)
                let partner = augmentation.partner(
                    seed: seed, epoch: epoch, clip: clip, count: train.count)
                if let partner {
                    let other = augmentation.draw(seed: seed, epoch: epoch, clip: partner.clip)
                    try show(partner.clip, other, left: left, top: below)
                }
                try show(clip, draw, left: left, top: below, share: partner?.share)
                try underline(clip, draw, left: left, top: below)
            }
        }
        png = PNG.data(pixels, width: width, height: height, channels: format.channels)
    }

    /// Some clips, evenly spread: those of one speaker are beside each other.
    private static func spread(_ clips: [Int], _ count: Int) -> [Int] {
        guard clips.count > count else { return clips }
        return (0..<count).map { clips[$0 * (clips.count - 1) / max(count - 1, 1)] }
    }
}
