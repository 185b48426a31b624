import RunStore
import Studies

/// Clips that a run gets right and wrong, as its network sees them.
struct ClipStrip {
    private let run: RunFileContents
    private let thumbnails: ClipThumbnails
    private let predictions: ClipPredictions

    /// - Returns: nil where the run kept no pictures.
    init?(_ run: RunFileContents) {
        guard let thumbnails = run.thumbnails, !thumbnails.clips.isEmpty,
            let predictions = run.predictions.first(where: { $0.split == thumbnails.split }),
            thumbnails.clips.allSatisfy({ predictions.names.indices.contains($0) })
        else { return nil }
        (self.run, self.thumbnails, self.predictions) = (run, thumbnails, predictions)
    }

    var splitName: String { thumbnails.split == .test ? "test" : "validation" }

    var svg: String {
        let right = thumbnails.clips.indices.filter { isRight(thumbnails.clips[$0]) }
        let wrong = thumbnails.clips.indices.filter { !isRight(thumbnails.clips[$0]) }
        let scale = max(1, (64 / Double(max(thumbnails.height, 1))).rounded(.down))
        let strip = (
            width: Double(thumbnails.width * thumbnails.frames) * scale,
            height: Double(thumbnails.height) * scale
        )
        let (row, column) = (strip.height + 34, max(strip.width + 28, 250))
        let rows = Double(max(right.count, wrong.count))
        var drawing = Drawing(
            width: 16 + 2 * column, height: 68 + rows * row,
            title: "clips of \(run.provenance.label)")
        for (place, (heading, clips)) in [("right", right), ("wrong", wrong)].enumerated() {
            let x = 16 + Double(place) * column
            drawing.text(
                clips.isEmpty ? "\(heading): none" : heading, Point(x, 50),
                look: "font-weight=\"bold\"")
            for (index, number) in clips.enumerated() {
                let y = 60 + Double(index) * row
                drawing.image(png(number), Point(x, y), strip)
                drawing.text(
                    words(thumbnails.clips[number]), Point(x, y + strip.height + 15),
                    limit: Int(column / 7.4),
                    look: "font-size=\"12\"")
            }
        }
        return drawing.svg
    }

    private func isRight(_ clip: Int) -> Bool {
        predictions.labels[clip] == predictions.predicted[clip]
    }

    private func words(_ clip: Int) -> String {
        let name = { (number: Int) in
            run.classes.indices.contains(number) ? run.classes[number] : "class \(number)"
        }
        let sure = fixed(Double(predictions.probabilities[clip]), 2)
        let predicted = name(predictions.predicted[clip])
        return isRight(clip)
            ? "\(predicted), \(sure)" : "\(name(predictions.labels[clip])) as \(predicted), \(sure)"
    }

    /// The frames side by side.
    private func png(_ number: Int) -> String {
        let (frames, height, width, channels) = (
            thumbnails.frames, thumbnails.height, thumbnails.width, thumbnails.channels
        )
        var pixels: [UInt8] = []
        let size = height * width * channels
        for row in 0..<height {
            for frame in 0..<frames {
                let start = (number * frames + frame) * size + row * width * channels
                pixels += thumbnails.pixels[start..<start + width * channels]
            }
        }
        return PNG.data(pixels, width: width * frames, height: height, channels: channels)
            .base64EncodedString()
    }
}
