import Studies
import Tensors

extension TrainingRun {
    func state(_ progress: Progress) -> Checkpoint {
        let parameters = network.parameters
        return Checkpoint(
            epochs: progress.epochs, step: step, batches: progress.batches,
            lossSum: progress.lossSum,
            correct: progress.correct, histories: progress.histories, seconds: progress.seconds,
            openSeconds: progress.openSeconds, layout: parameters.layout,
            weights: Array(parameters.weights.elements),
            averages: Array(parameters.averages.elements),
            first: Array(optimizer.first.elements), second: Array(optimizer.second.elements),
            averaged: Array(average.averaged.elements),
            bestWeights: progress.bestWeights, digests: progress.digests)
    }

    func restore(_ checkpoint: Checkpoint, _ progress: inout Progress) throws {
        let parameters = network.parameters
        let states = [
            (parameters.weights, checkpoint.weights), (parameters.averages, checkpoint.averages),
            (optimizer.first, checkpoint.first), (optimizer.second, checkpoint.second),
            (average.averaged, checkpoint.averaged),
        ]
        let names = parameters.tensors.map(\.name)
        let best = Dictionary(
            checkpoint.bestWeights.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let bestWeights = names.compactMap { best[$0] }
        let batches = (data.train.count + settings.batchSize - 1) / settings.batchSize
        guard checkpoint.layout == parameters.layout, states.allSatisfy({ $0.count == $1.count }),
            (0...batches).contains(checkpoint.batches), checkpoint.openSeconds >= 0,
            checkpoint.histories.map(\.name) == metricNames,
            checkpoint.histories.allSatisfy({ $0.values.count == checkpoint.epochs }),
            checkpoint.seconds.count == checkpoint.epochs, checkpoint.epochs <= settings.epochs,
            checkpoint.bestWeights.isEmpty || bestWeights.count == names.count
        else { throw UnfitCheckpoint() }
        for (buffer, values) in states {
            for (index, value) in values.enumerated() { buffer.pointer[index] = value }
        }
        step = checkpoint.step
        let steps = { (batches: Int) in
            (batches + self.settings.accumulate - 1) / self.settings.accumulate
        }
        optimizer.resume(
            after: checkpoint.epochs * steps(batches) + steps(checkpoint.batches))
        progress.histories = checkpoint.histories
        progress.seconds = checkpoint.seconds
        progress.bestWeights = bestWeights
        progress.batches = checkpoint.batches
        progress.lossSum = checkpoint.lossSum
        progress.correct = checkpoint.correct
        progress.openSeconds = checkpoint.openSeconds
        progress.digests = checkpoint.digests
    }
}

/// A checkpoint that belongs to other settings or data.
package struct UnfitCheckpoint: Error, CustomStringConvertible {
    package var description: String { "the checkpoint does not fit this run" }
}
