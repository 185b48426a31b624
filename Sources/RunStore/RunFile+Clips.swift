import Files
import Foundation
import Studies

/// What a run file holds of single clips: predictions, and thumbnails of some.
extension RunFile {
    static func writePredictions(
        _ predictions: [ClipPredictions], _ classes: [String], _ root: HDF5Group
    ) throws {
        let group = try root.makeGroup("predictions")
        for one in predictions {
            let split = try group.makeGroup(one.split.rawValue)
            let count = one.names.count
            let clips = try split.write("clip", one.names, shape: [count])
            try clips.makeScale("clip")
            for (name, values, meaning) in [
                ("label", one.labels, "true class, a place in /class_names"),
                ("predicted", one.predicted, "most probable class"),
            ] {
                let dataset = try split.write(name, values, shape: [count])
                try dataset.attach(clips, dimension: 0)
                try dataset.setAttribute("long_name", meaning)
            }
            if !one.logits.isEmpty {
                let logits = try split.write(
                    "logits", one.logits, shape: [count, one.logits.count / max(count, 1)])
                try logits.attach(clips, dimension: 0)
                if one.logits.count == count * classes.count {
                    let scale = try split.write("class", classes, shape: [classes.count])
                    try scale.makeScale("class")
                    try logits.attach(scale, dimension: 1)
                }
                try logits.setAttribute("long_name", "logits, in the order of /class_names")
                try logits.setAttribute("units", "1")
            }
            let probability = try split.write("probability", one.probabilities, shape: [count])
            try probability.attach(clips, dimension: 0)
            try probability.setAttribute("long_name", "probability of the most probable class")
            try probability.setAttribute("units", "1")
        }
    }

    static func writeThumbnails(_ thumbnails: ClipThumbnails, _ root: HDF5Group) throws {
        let group = try root.makeGroup("thumbnails")
        try group.setAttribute("split", thumbnails.split.rawValue)
        let clips = try group.write("clip", thumbnails.clips, shape: [thumbnails.clips.count])
        try clips.makeScale("clip")
        try clips.setAttribute("long_name", "place of the clip in the predictions of its split")
        let shape = [thumbnails.frames, thumbnails.height, thumbnails.width, thumbnails.channels]
        let pixels = try group.write(
            "pixels", thumbnails.pixels, shape: [thumbnails.clips.count] + shape)
        try pixels.attach(clips, dimension: 0)
        for (place, name) in ["frame", "row", "column", "channel"].enumerated() {
            let scale = try group.write(name, Array(0..<shape[place]), shape: [shape[place]])
            try scale.makeScale(name)
            try pixels.attach(scale, dimension: place + 1)
        }
        try pixels.setAttribute(
            "long_name", "clips, in the order of clip: frames, rows, columns, channels")
    }

    static func readThumbnails(_ root: HDF5Group, path: String) throws -> ClipThumbnails? {
        guard root.has("thumbnails") else { return nil }
        let group = try root.group("thumbnails")
        let pixels = try group.dataset("pixels")
        let shape = try pixels.shape()
        let clips = try group.dataset("clip").integers()
        guard let split = Split(rawValue: try group.text("split")), shape.count == 5,
            shape[0] == clips.count,
            shape[4] == 1 || shape[4] == 3
        else { throw StoreError.unreadable(path: path, reason: "its parts are inconsistent") }
        return ClipThumbnails(
            split: split, clips: clips, frames: shape[1], height: shape[2], width: shape[3],
            channels: shape[4],
            pixels: try pixels.bytes())
    }

    static func readPredictions(_ root: HDF5Group, path: String) throws -> [ClipPredictions] {
        guard root.has("predictions") else { return [] }
        let group = try root.group("predictions")
        return try Split.allCases.filter { group.has($0.rawValue) }.map { split in
            let one = try group.group(split.rawValue)
            let predictions = ClipPredictions(
                split: split, names: try one.dataset("clip").texts(),
                labels: try one.dataset("label").integers(),
                predicted: try one.dataset("predicted").integers(),
                probabilities: try one.dataset("probability").floats(),
                logits: one.has("logits") ? try one.dataset("logits").floats() : [])
            guard
                [
                    predictions.labels.count, predictions.predicted.count,
                    predictions.probabilities.count,
                ].allSatisfy({
                    $0 == predictions.names.count
                }),
                predictions.names.isEmpty
                    || predictions.logits.count.isMultiple(of: predictions.names.count)
            else { throw StoreError.unreadable(path: path, reason: "its parts are inconsistent") }
            return predictions
        }
    }
}
