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
                "A contact sheet: for each class some training clips, as the network sees them.",
            discussion: """
                Each class has a row of clips, framed; where the recipe changes training clips (augment, clip_window: random), a \
                second row below shows the same clips as they are drawn in epoch 1 of the recipe's seed.
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
            let clips = try data.load(ClipFormat(configuration), cache: options.cache)
            let changes = Augmentation(configuration)
            let augmentation = changes.isOff ? nil : changes
            let sheet = try ContactSheet(
                clips, each: each, frames: frames, augmentation,
                seed: configuration.unsigned("seed"),
                epoch: epoch)
            do { try sheet.png.write(to: URL(filePath: output), options: .atomic) } catch {
                throw StoreError.unwritable(
                    path: output, reason: "the folder is not there, or may not be written")
            }
            print(
                "written: \(output)\nrows, from the top: \(clips.classes.joined(separator: ", "))")
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

    init(
        _ splits: ClipSplits, each: Int, frames: Int, _ augmentation: Augmentation?, seed: UInt64,
        epoch: Int
    ) throws {
        let train = splits.train
        let format = train.format
        let (gap, count) = (6, min(frames, format.frames))
        let clipWidth = count * format.width
        let lines = augmentation == nil ? 1 : 2
        let rowHeight = lines * format.height + (lines - 1) * 2
        let width = gap + each * (clipWidth + gap)
        let height = gap + splits.classes.count * (rowHeight + gap)
        var pixels = [UInt8](repeating: 255, count: width * height * format.channels)
        let times = (0..<count).map { count == 1 ? 0 : $0 * (format.frames - 1) / (count - 1) }
        let rowBytes = format.width * format.channels

        func show(_ clip: Int, _ draw: Augmentation.Draw?, left: Int, top: Int, share: Float? = nil)
            throws
        {
            try train.withFrames(of: clip, changed: draw) { time, frame in
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

        for label in splits.classes.indices {
            let own = (0..<train.count).filter { train.label($0) == label }.prefix(each)
            for (column, clip) in own.enumerated() {
                let left = gap + column * (clipWidth + gap)
                let top = gap + label * (rowHeight + gap)
                try show(clip, nil, left: left, top: top)
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
            }
        }
        png = PNG.data(pixels, width: width, height: height, channels: format.channels)
    }
}
