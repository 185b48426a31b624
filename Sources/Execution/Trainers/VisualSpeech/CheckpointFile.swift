import Files
import Foundation
import RunStore
import Studies
import Tensors
import Training

/// `checkpoints/<id>.h5`: where an unfinished run resumes. Removed when the run is stored.
package enum CheckpointFile {
    static let format = "viseme-checkpoint"
    private static let formatVersion = 3

    /// Publishes a checkpoint in place of the last: whole, or not at all.
    package static func write(_ checkpoint: Checkpoint, run id: String, to file: URL) throws {
        let image = try HDF5File.image { root in
            try root.setAttribute("format", format)
            try root.setAttribute("format_version", formatVersion)
            try root.setAttribute("run_id", id)
            try root.setAttribute("epochs", checkpoint.epochs)
            try root.setAttribute("step", Int(checkpoint.step))
            try root.setAttribute("batches", checkpoint.batches)
            try root.setAttribute("correct", checkpoint.correct)
            try root.setAttribute("has_best", checkpoint.bestWeights.isEmpty ? 0 : 1)
            try root.write("open_seconds", [checkpoint.openSeconds], shape: [])
            try root.write("layout", [checkpoint.layout], shape: [])
            try root.write("loss_sum", [checkpoint.lossSum], shape: [])
            try root.write("seconds", checkpoint.seconds, shape: [checkpoint.seconds.count])
            try root.write("digests", checkpoint.digests, shape: [checkpoint.digests.count])
            let history = try root.makeGroup("history")
            for one in checkpoint.histories {
                try history.write(one.name, one.values, shape: [one.values.count])
            }
            let state = try root.makeGroup("state")
            for (name, values) in [
                ("weights", checkpoint.weights), ("averages", checkpoint.averages),
                ("first", checkpoint.first),
                ("second", checkpoint.second), ("averaged", checkpoint.averaged),
            ] {
                try state.write(name, values, shape: [values.count])
            }
            let best = try root.makeGroup("best_weights")
            for tensor in checkpoint.bestWeights {
                try best.write(tensor.name, tensor.values, shape: tensor.shape)
            }
        }
        try SealedFile.write(image, to: file)
    }

    /// Reads a checkpoint after its digest was verified.
    /// - Throws: `StoreError` where it is damaged, or another run's.
    package static func read(_ file: URL, run id: String) throws -> Checkpoint {
        try SealedFile.read(file) { root in
            let found = "\(try root.text("format")) \(try root.integer("format_version"))"
            guard found == "\(format) \(formatVersion)" else {
                throw StoreError.otherFormat(path: file.path, found: found, known: formatVersion)
            }
            let owner = try root.text("run_id")
            guard owner == id else {
                throw StoreError.unreadable(
                    path: file.path, reason: "it is the checkpoint of run \(owner)")
            }
            let history = try root.group("history")
            let state = try root.group("state")
            let best = try root.group("best_weights")
            return Checkpoint(
                epochs: try root.integer("epochs"),
                step: UInt64(clamping: try root.integer("step")),
                batches: try root.integer("batches"),
                lossSum: try root.dataset("loss_sum").doubles().first ?? .nan,
                correct: try root.integer("correct"),
                histories: try TrainingRun.metricNames(withClasses: true)
                    .filter { history.has($0) }
                    .map { History(name: $0, values: try history.dataset($0).doubles()) },
                seconds: try root.dataset("seconds").doubles(),
                openSeconds: try root.dataset("open_seconds").doubles().first ?? .nan,
                layout: try root.dataset("layout").texts().first ?? "",
                weights: try state.dataset("weights").floats(),
                averages: try state.dataset("averages").floats(),
                first: try state.dataset("first").floats(),
                second: try state.dataset("second").floats(),
                averaged: try state.dataset("averaged").floats(),
                bestWeights: try best.datasets().map { name, dataset in
                    Tensor(name: name, shape: try dataset.shape(), values: try dataset.floats())
                }, digests: root.has("digests") ? try root.dataset("digests").texts() : [])
        }
    }
}
