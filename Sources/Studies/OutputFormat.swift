/// How common tools print metrics: expressions whose named groups say what is found. `epoch` and
/// `step` count; `metric` and `value` are a name and its number, divided by `of`; any other group is a
/// metric of that name; after `end` nothing counts, and of a line with `skip` neither.
package struct OutputFormat: Sendable {
    package let name: String
    package let patterns: [String]
    /// Whether the end of a line of values ends the epoch: what is printed without a new epoch, an
    /// evaluation say, does not count.
    package let endsWithLine: Bool
    /// Whether values lie in columns under a line of names.
    package let isTable: Bool
    /// One line, for documents.
    package let example: String

    private init(
        _ name: String, _ patterns: [String], endsWithLine: Bool = false, isTable: Bool = false,
        _ example: String
    ) {
        (self.name, self.patterns, self.example) = (name, patterns, example)
        (self.endsWithLine, self.isTable) = (endsWithLine, isTable)
    }

    /// A number as programs print it.
    static let number =
        #"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|(?i:nan|inf(?:inity)?))(?![\w.]*[A-Za-z_])"#

    /// A count, with separators of thousands or without; `1k` is none.
    private static let count = #"(?:\d{1,3}(?:,\d{3})+|\d+)(?![\w.,]*\w)"#
    /// What may come after a number that is whole: `45/50`, `1:23` and `1.2.3` are none.
    private static let end = #"(?=[\s,;)\]}|%]|\.?(?:\s|$)|$)"#

    /// A word before a metric's name that is part of it: `Val Loss`, `Avg loss`.
    private static let prefix =
        "(?:(?i:train(?:ing)?|val(?:id(?:ation)?)?|test|eval|dev|avg\\.?|average|mean|running|final) )"

    package static let all = [
        OutputFormat(
            "keras",
            [
                #"^Epoch (?<epoch>\d+)(?:/\d+)?\s*$"#,
                #" - (?<metric>[A-Za-z_][\w/. -]*?): (?<value>"# + number + ")",
            ], endsWithLine: true,
            "100/100 - 1s - 9ms/step - accuracy: 0.91 - loss: 0.29 - val_loss: 0.31"),
        OutputFormat(
            "huggingface",
            [
                #"['"](?<metric>[\w/.-]+)['"]: ['"]?(?<value>"# + number + #")['"]?[,}]"#
            ], "{'eval_loss': 0.31, 'eval_runtime': 0.42, 'epoch': 2.0}"),
        OutputFormat(
            "lightning",
            [
                #"^Epoch (?<epoch>\d+):"#,
                #"[\[, ](?<metric>[A-Za-z_][\w/]*)=(?<value>"# + number + #")[,\]]"#,
                #"^\s*[│┃|]?\s*(?<metric>(?:val|test)[\w/]*)\s+[│┃|]?\s*(?<value>"# + number
                    + #")\s*[│┃|]?\s*$"#,
            ],
            "Epoch 4: 100%|██████████| 8/8 [00:00<00:00, v_num=0, train_loss=0.29, val_loss=0.31]"),
        OutputFormat(
            "xgboost",
            [
                #"^\[(?<epoch>\d+)\]\t"#,
                #"\t(?<metric>[^\t:]+):(?<value>"# + number + #")(?:\+[\d.e-]+)?(?=\t|$)"#,
            ], "[12]\tvalidation-rmse:0.48"),
        OutputFormat(
            "lightgbm",
            [
                #"(?<end>best iteration is|Did not meet early stopping)"#,
                #"^(?:\[LightGBM\][^\[]*)?\[(?<epoch>\d+)\]\t"#,
                #"\t(?<metric>[^\t:]+): (?<value>"# + number + ")",
            ], "[10]\tvalid_0's l2: 0.21"),
        OutputFormat(
            "catboost",
            [
                #"^(?<epoch>\d+):\t"#,
                #"\t(?<metric>learn|test\d*|best): (?<value>"# + number + ")",
            ], "0:\tlearn: 0.69\ttest: 0.70\tbest: 0.70 (0)\ttotal: 52ms\tremaining: 51s"),
        OutputFormat(
            "fastai", [], isTable: true, "epoch     train_loss  valid_loss  accuracy  time"),
        OutputFormat(
            "key=value",
            [
                // A summary names an epoch that is over; printed arguments are no metrics.
                #"(?i)(?<skip>\bbest\b|\bNamespace\(|^\s*(?:parsed |command.line )?(?:args|arguments|config|configuration|hparams|hyper-?parameters?|options|settings|params)\b\s*[:=({])"#,
                #"(?i)\b(?:epoch|ep)\b\s*[=:#\[]?\s*(?<epoch>"# + count + ")",
                #"(?i)\b(?:global_step|step|iter(?:ation)?)\b\s*[=:#\[]?\s*(?<step>"#
                    + count + ")",
                #"(?<![\w./])(?!(?i:epoch|ep|step|global_step|iter|iteration)\b)(?<metric>"#
                    + prefix
                    + #"?(?!(?i:epoch|step|iter)\b|[\w./-]+\.(?i:py|cc|cpp|jl|r):)[A-Za-z_][\w/.-]*)\s*[=:]\s*(?<value>"#
                    + number + ")" + end,
                // `Accuracy: 9820/10000 (98%)`: a share.
                #"(?<![\w./])(?<metric>"# + prefix
                    + #"?[A-Za-z_][\w/.-]*)\s*[=:]\s*(?<value>\d+)/(?<of>\d+)\s*\([\d.]+\s*%\)"#,
                // `train loss 4.28, val loss 4.30`, without a sign between.
                #"(?<![\w./])(?<metric>"# + prefix
                    + #"?(?i:loss|acc|accuracy|auc|f1|rmse|mae|mse|error|perplexity|ppl|bleu|wer|cer))\s+(?<value>"#
                    + number + ")" + end,
            ], "epoch=3 loss=0.29 val_accuracy: 0.91"),
    ]

    package static func named(_ name: String) -> OutputFormat? { all.first { $0.name == name } }

    /// Metrics that measure time, which is not reproduced: they are recorded and are not part of
    /// the content digest.
    package static let timings = [
        "elapsed", "elapsed_time", "epoch_time", "eval_runtime", "eval_samples_per_second",
        "eval_steps_per_second", "predict_runtime", "samples_per_second", "test_runtime",
        "test_samples_per_second", "test_steps_per_second", "time", "v_num", "train_runtime",
        "train_samples_per_second", "train_steps_per_second", "train_tokens_per_second",
        "wall_time",
    ]
}
