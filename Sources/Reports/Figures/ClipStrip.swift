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

    var split: Split { thumbnails.split }
    var splitName: String { thumbnails.split == .test ? "test" : "validation" }

    /// Right ones beside wrong ones, or above them on a narrow page. Wrong ones of one confusion
    /// follow each other.
    func svg(_ size: FigureSize) -> String {
        let right = thumbnails.clips.indices.filter { isRight(thumbnails.clips[$0]) }
        let wrong = thumbnails.clips.indices.filter { !isRight(thumbnails.clips[$0]) }
            .sorted { (pair($0), $0) < (pair($1), $1) }
        let columns = size == .wide ? 2.0 : 1
        let column = (size.width - 12) / columns
        let whole = Double(max(1, thumbnails.width * thumbnails.frames))
        let scale = min(
            max(1, (64 / Double(max(thumbnails.height, 1))).rounded(.down)), (column - 16) / whole)
        let strip = (width: whole * scale, height: Double(thumbnails.height) * scale)
        let row = strip.height + 34
        var drawing = Drawing(
            width: size.width, height: Drawing.top, title: "clips of \(run.provenance.label)")
        var top = Drawing.top
        for (place, (heading, clips)) in [("right", right), ("wrong", wrong)].enumerated() {
            let x = 12 + (size == .wide ? Double(place) * column : 0)
            if size == .narrow { top = drawing.height }
            drawing.text(
                clips.isEmpty ? "\(heading): none" : heading, Point(x, top + 8),
                look: "font-weight=\"bold\"")
            for (index, number) in clips.enumerated() {
                let y = top + 18 + Double(index) * row
                drawing.image(png(number), Point(x, y), strip)
                drawing.text(
                    words(thumbnails.clips[number]), Point(x, y + strip.height + 15),
                    room: column - 16)
            }
            drawing.height = max(drawing.height, top + 28 + Double(clips.count) * row)
        }
        return drawing.svg
    }

    /// True class and predicted one, as one number.
    private func pair(_ place: Int) -> Int {
        let clip = thumbnails.clips[place]
        return predictions.labels[clip] * (run.classes.count + 1) + predictions.predicted[clip]
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
