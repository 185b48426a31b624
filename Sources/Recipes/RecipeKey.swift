import Studies

/// One key of a recipe, beside those of the configuration: what it means and what it may be. The
/// reader of recipes, the schema for editors, `viseme explain` and docs/recipes.md are generated
/// from these definitions.
package struct RecipeKey: Sendable {
    package let name: String
    /// What it may be, in words.
    package let rule: String
    package let meaning: String
    package let example: String
    /// JSON Schema of its value.
    let schema: String

    package static let all: [RecipeKey] = [
        RecipeKey(
            "base", "a file, or a list of files",
            "configuration keys from other files, relative to this one; a base may have bases; later files override earlier ones",
            "base: [base.yaml, large.yaml]", texts),
        RecipeKey(
            "question", "text", "what the study asks; it opens the report",
            "question: Which learning rate is best?",
            #"{"type":"string"}"#),
        RecipeKey(
            "set", "a mapping of configuration keys",
            "configuration keys of every run; they override the base. `key: ~` deletes one; `${key}` and `${env:NAME,default}` take values from elsewhere",
            "set: {epoch: 20, size_lips: {width: 32, height: 32}}",
            ##"{"$ref":"#/definitions/settings"}"##),
        RecipeKey(
            "sweep", "a mapping of keys to axes",
            "what is swept: a list, `{from, to, step}`, or `{distribution: …}`; `seeds: 5` is short for `seed: [1, 2, 3, 4, 5]`",
            "sweep: {lr: [0.1, 0.01], seeds: 3}", ##"{"$ref":"#/definitions/sweep"}"##),
        RecipeKey(
            "method", "one of grid, random, sobol, latin_hypercube",
            "how points are chosen: all combinations (the default), or `samples` points drawn from the axes; every point is run with every seed",
            "method: sobol", #"{"enum":["grid","random","sobol","latin_hypercube"]}"#),
        RecipeKey(
            "samples", "a whole number, 1…100000", "points that a sampled sweep draws",
            "samples: 20",
            #"{"type":"integer","minimum":1,"maximum":100000}"#),
        RecipeKey(
            "sample_seed", "a whole number from 0 to 18446744073709551615",
            "seed of the points that are drawn; default 0 (sobol draws none)",
            "sample_seed: 1", #"{"type":"integer","minimum":0}"#),
        RecipeKey(
            "zip", "a list of lists of swept keys",
            "axes that are combined value by value instead of in all combinations",
            "zip: [[lr, batch_size]]",
            #"{"type":"array","items":{"type":["array","string"],"items":{"type":"string"}}}"#),
        RecipeKey(
            "when", "a mapping of swept keys to patterns",
            "an axis that exists only where the pattern matches; elsewhere its key has the value of all runs",
            "when: {momentum: {optimizer: sgd}}",
            #"{"type":"object","additionalProperties":{"type":"object"}}"#),
        RecipeKey(
            "include", "a list of patterns",
            "only runs that match one of them are kept. A pattern maps keys to a value, a list of values, or a comparison (`\">0.01\"`, `\"!=8\"`)",
            "include: [{lr: \"<=0.01\"}]", patterns),
        RecipeKey(
            "exclude", "a list of patterns", "runs that match one of them are excluded",
            "exclude: [{lr: \">0.05\", batch_size: 8}]", patterns),
        RecipeKey(
            "max_runs", "a whole number, 1…100000", "limit: more runs than this are a mistake",
            "max_runs: 500",
            #"{"type":"integer","minimum":1,"maximum":100000}"#),
        RecipeKey(
            "metric", "a name, or a mapping of name, goal and range",
            "the metric that the study is judged by: `train_loss`, `train_accuracy`, `val_loss`, `val_accuracy` (the default), or any metric of a command; `goal`: `maximize`, or `minimize` (the default for losses); `range`: where a command's metric can be (`[0, 1]`, `[0, ~]`), so that intervals stay there. Name and goal decide the best epoch and early stopping of the built-in trainer, and are part of its runs' identity",
            "metric: {name: val_loss, goal: minimize}",
            #"{"type":["object","string"],"properties":{"name":{"type":"string"},"goal":{"enum":["maximize","minimize"]},"range":{"type":"array","minItems":2,"maxItems":2,"items":{"type":["number","null"]}}},"additionalProperties":false}"#
        ),
        RecipeKey(
            "trainer",
            "a mapping of command, files, env, config, folder, artifacts, weights, watch, trace and booleans",
            "another program as the trainer: [trainers.md](trainers.md)",
            "trainer: {command: [python3, train.py, --lr, \"{lr}\"]}",
            #"{"type":"object","properties":{"command":{"type":"array","items":{"type":["string","number"]}},"files":{"type":["array","string"]},"env":{"type":"object"},"config":{"type":"object"},"folder":{"enum":["private","repository"]},"artifacts":{"type":["array","string"]},"weights":{"type":"string"},"watch":{"type":["array","string"]},"trace":{"type":"boolean"},"booleans":{"enum":["json","python"]}},"required":["command"],"additionalProperties":false}"#
        ),
        RecipeKey(
            "metrics", "a mapping of exclude",
            "metrics of a command that the content digest excludes, such as times",
            "metrics: {exclude: [seconds]}",
            #"{"type":"object","properties":{"exclude":{"type":["array","string"]}},"additionalProperties":false}"#
        ),
        RecipeKey(
            "resources", "a mapping of threads, memory, gpus, time, retries and on_oom",
            "what each run needs of a machine: threads; memory (`4G`) and time of one attempt (`2h`), above which it fails; graphics processors of a command; attempts after the first (`retries`), with more memory after one that used too much (`on_oom: {memory: x2}`). Not part of the identity",
            "resources: {gpus: 1, threads: 2, memory: 8G, time: 4h, retries: 2, on_oom: {memory: x2}}",
            #"{"type":"object","properties":{"gpus":{"type":"integer","minimum":0},"threads":{"type":"integer","minimum":1},"memory":{"type":["string","integer"]},"time":{"type":["string","integer"]},"retries":{"type":"integer","minimum":0},"on_oom":{"type":"object","properties":{"memory":{"type":"string"}},"additionalProperties":false}},"additionalProperties":false}"#
        ),
        RecipeKey(
            "keep", "best, last, none, or [best, last]",
            "what is kept of each run's weights (default `best`). Digests are always kept; not part of the identity",
            "keep: none",
            #"{"type":["string","array"],"items":{"enum":["best","last"]},"enum":["best","last","none",["best","last"],["last","best"],["best"],["last"],["none"]]}"#
        ),
        RecipeKey(
            "record_env", "a list of names",
            "environment variables whose values are recorded with each run; no other variable is, and no other may be referred to",
            "record_env: [SLURM_JOB_ID]", texts),
        RecipeKey(
            "report", "a mapping",
            "what the report shows, in which formats, and your own text in it: [report.md](report.md); not part of the identity",
            "report: {formats: [html], metrics: [val_loss]}",
            #"{"type":"object","properties":{"sections":{"type":"array","items":{"enum":\#(sections)}},"metrics":{"type":["array","string"]},"formats":{"type":"array","items":{"enum":["md","html","ipynb"]}},"introduction":{"type":"string"},"discussion":{"type":"string"},"template":{"type":["array","string"]}},"additionalProperties":false}"#
        ),
    ]

    private static let sections =
        "[" + ReportSettings.sectionNames.map(jsonString).joined(separator: ",") + "]"
    private static let texts = #"{"type":["string","array"],"items":{"type":"string"}}"#
    private static let patterns = #"{"type":"array","items":{"type":"object"}}"#

    private init(
        _ name: String, _ rule: String, _ meaning: String, _ example: String, _ schema: String
    ) {
        (self.name, self.rule, self.meaning, self.example, self.schema) = (
            name, rule, meaning, example, schema
        )
    }

    /// All keys as the rows of a Markdown table.
    package static var documentation: String {
        all.map { "| `\($0.name)` | \($0.rule) | \($0.meaning) |\n" }.joined()
    }
}

extension ParameterSchema {
    /// All keys as the rows of a Markdown table: key, value and default, meaning, and whether it is
    /// left out of identity.
    package var documentation: String {
        parameters.map { key in
            let standard =
                key.defaultValue.map { "; default " + ($0.label.isEmpty ? "empty" : $0.label) }
                ?? ""
            return
                "| `\(key.name)` | \(key.rule)\(standard) | \(key.meaning) | \(key.decidesOutcome ? "" : "—") |\n"
        }.joined()
    }
}

/// What `viseme explain` says of a key.
package enum Explanation {
    /// Without the Markdown links of the documentation: `[report.md](report.md)` is docs/report.md.
    private static func plain(_ meaning: String) -> String {
        meaning.replacing(/\[[^\]]*\]\(([^)]*)\)/) { "docs/\($0.1)" }
    }

    /// - Returns: nil where there is no such key.
    package static func text(_ name: String, _ schema: ParameterSchema) -> String? {
        var parts: [String] = []
        if let key = RecipeKey.all.first(where: { $0.name == name }) {
            parts.append(
                "\(key.name): a key of recipes\n  value    \(key.rule)\n  meaning  \(plain(key.meaning))\n  example  \(key.example)"
            )
        }
        if let key = schema.parameters.first(where: { $0.name == name }) {
            let standard =
                key.defaultValue.map { $0.label.isEmpty ? "empty" : $0.label }
                ?? "none: it has to be given"
            let identity =
                key.decidesOutcome ? "part of a run's identity" : "not part of a run's identity"
            parts.append(
                "\(key.name): a key of the configuration, under set: or sweep:\n  value    \(key.rule)\n  default  \(standard)\n  meaning  \(key.meaning)\n  \(identity)"
            )
        }
        let members = schema.parameters.filter { $0.name.hasPrefix(name + ".") }
        if !members.isEmpty {
            parts.append("\(name): a group of keys: \(members.map(\.name).joined(separator: ", "))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n")
    }

    /// Names of all keys, for a hint.
    package static func nearestKey(to name: String, _ schema: ParameterSchema) -> String? {
        nearest(name, in: RecipeKey.all.map(\.name) + schema.parameters.map(\.name))
    }

    /// Every key in a line.
    package static func list(_ schema: ParameterSchema) -> [(name: String, rule: String)] {
        RecipeKey.all.map { ($0.name, $0.rule) } + schema.parameters.map { ($0.name, $0.rule) }
    }
}
