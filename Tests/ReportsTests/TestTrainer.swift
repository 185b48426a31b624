import Studies

extension TrainerRecord {
    /// A trainer that chooses the best epoch, with metrics as the built-in one has them.
    static let choosing = TrainerRecord(
        name: "visual_speech",
        metrics: MetricSet(
            names: ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr"],
            unjudged: ["lr"],
            standard: .valAccuracy, unit: "1"), bestEpoch: .whileTraining)

    static func command(_ command: TrainerCommand) -> TrainerRecord {
        TrainerRecord(
            name: "command", metrics: MetricSet(standard: .valAccuracy), bestEpoch: .fromHistories,
            command: command)
    }
}
