import ArgumentParser
import Clips
import Execution
import Files
import Foundation
import Kernels
import Networks
import Tensors
import Training

extension BenchCommand {
    /// What it takes to put a batch where the network reads it, beside the training step that
    /// follows.
    struct Batches: ParsableCommand {
        @OptionGroup var size: Size
        @Option var rounds = 200

        func run() throws {
            let context = ComputeContext(kernels: try chosenWidth().kernels, threads: size.threads)
            let network = Network(size.plan, clips: size.batch, context: context, seed: 0)
            let loss = CrossEntropy(
                classes: size.network.classes, clips: size.batch, context: context)
            let labels = (0..<size.batch).map { MixedLabel($0 % 10) }
            let step = try medianSeconds(11) {
                network.pack()
                _ = loss.losses(
                    network.forward(batch: size.batch, .training(seed: 0, step: 0)), labels)
                network.backward(loss.gradient(labels))
            }
            print("step \(decimals(step * 1000, 3)) ms")
            var all = Augmentation()
            (all.flip, all.shift, all.crop, all.time, all.speed) = (true, 2, 4, 1, 0.1)
            (all.randomWindow, all.mask, all.brightness, all.contrast) = (true, 4, 0.2, 0.2)
            var mixed = all
            mixed.mixup = 0.4
            let cases: [(String, (inout Augmentation) -> Void)] = [
                ("plain", { _ in }), ("flip", { $0.flip = true }), ("shift", { $0.shift = 2 }),
                ("crop", { $0.crop = 4 }),
                ("speed", { $0.speed = 0.1 }), ("mask", { $0.mask = 4 }),
                ("brightness", { $0.brightness = 0.2 }),
                ("contrast", { $0.contrast = 0.2 }), ("mixup", { $0.mixup = 0.4 }),
                ("all but mixup", { $0 = all }),
                ("all", { $0 = mixed }),
            ]
            for (name, set) in cases {
                var augmentation = Augmentation()
                set(&augmentation)
                let clips = try clips(margin: augmentation.crop)
                let batches = TrainingBatches(clips: clips, augmentation: augmentation, seed: 1)
                let chosen = (0..<size.batch).map { $0 * 7 % clips.count }
                var epoch = 0
                let seconds = try medianSeconds(rounds) {
                    epoch += 1
                    _ = try batches.load(chosen, epoch: epoch, into: network.input)
                }
                print(
                    "\(name)\t\(decimals(seconds * 1000, 3)) ms\t\(decimals(seconds / step * 100, 2)) %"
                )
            }
        }

        /// From a file, as a run reads them.
        private func clips(margin: Int) throws -> FramedClips {
            let folder = FileManager.default.temporaryDirectory.appending(
                path: "viseme-\(UUID().uuidString)")
            defer { FileManager.default.discard(folder) }
            var set = VisemeSet()
            (set.valSpeakers, set.testSpeakers) = (1, 0)
            var format = ClipFormat(
                frames: size.frames, height: size.size, width: size.size, channels: 1, padding: true
            )
            format.margin = margin
            format.keepsAllFrames = true
            let data = PreparedData(source: .visemes(set), digest: set.digest, file: nil)
            return try data.load(format, cache: folder).train
        }
    }

    /// A file of prepared clips of noise, as large as one likes.
    struct MakeClips: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "make-clips")

        @Argument var file: String
        @Option var clips = 1000
        @Option var size = 112
        @Option var frames = 29

        func run() throws {
            try NoiseSet.write(to: URL(filePath: file), clips: clips, size: size, frames: frames)
        }
    }
}
