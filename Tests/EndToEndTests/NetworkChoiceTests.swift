import Foundation
import Testing

/// Choices of networks and training that are no study: said before anything runs, status 2.
@Test(arguments: [
    (
        ["network.bidirectional=true"],
        "network.bidirectional: the last step knows the other direction after one frame only"
    ),
    (["network.kernels=3/x"], "whole numbers from 1 to 99 with slashes between them"),
    (
        ["model=[resnet18_lstm,resnet18_mstcn]", "network.kernels=3/5"],
        "parts of the networks of 4 runs do not go together"
    ),
    (["average_decay=0.9"], "average_decay: has no effect without weight_average"),
    (["weight_average=ema", "average_epochs=3"], "set it to swa, or leave this out"),
    (["lr_scale=2"], "lr_scale: has no effect without lr_scaled"),
    (["lr_scaled=[foo.*]", "lr_scale=2"], "lr_scaled: no parameter is called foo.*"),
    (["augment.mixup=0.2", "augment.mixup_batch=0.4"], "clips are mixed by augment.mixup already"),
    (["class_metrics=[true,false]"], "changes what is recorded, not how a run trains"),
])
func choicesThatAreNoStudyAreRefused(changes: [String], message: String) async throws {
    let program = try Program()
    defer { program.close() }
    let plan = try await program.run(
        command: [Program.url.path, "plan", Program.tiny] + changes)
    #expect(plan.status != .exited(0))
    #expect(plan.errors.contains(message), "\(plan.errors)")
}

@Test(arguments: ["ema", "swa"])
func averagesAndClassMetricsAreStoredAndRepeated(average: String) async throws {
    let program = try Program([
        "r.yaml": """
        set:
          path_to_dataset: builtin:visemes
          builtin: {words: 3, train_speakers: 3}
          len_video: 8
          size_lips: {width: 16, height: 16}
          model: cnn3d_gru
          filters: 2
          epoch: 3
          batch_size: 4
          accumulate: 2
          class_weights: balanced
          length: mask
          normalize: dataset
          flip_average: true
          weight_average: \(average)
        sweep: {seed: [1, 2]}
        metric: val_macro_f1
        """
    ])
    defer { program.close() }
    let swept = try await program.run("sweep", "r.yaml")
    #expect(swept.status == .exited(0), "\(swept.errors)")
    let record = try program.record("seed=1")
    #expect(record.histories.map(\.name).contains("val_balanced_accuracy"))
    #expect(
        record.best?.value == record.histories.first { $0.name == "val_macro_f1" }?.values.max())
    let verified = try await program.run("verify", "r.yaml")
    #expect(verified.status == .exited(0), "\(verified.errors)")
    #expect(verified.output.contains("2 compared, 0 differ"), "\(verified.output)")
    let report = try program.text("results/r/report.md")
    #expect(report.contains("With the probabilities of its 2 seeds averaged, **"))
}
