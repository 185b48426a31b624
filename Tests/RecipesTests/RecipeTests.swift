import Execution
import Foundation
import Recipes
import Studies
import Testing
import Training

/// Recipe texts in a folder of their own, gone with the test.
final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")

    init(_ files: [String: String]) throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: url.appending(path: name)) }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func recipe(_ overrides: [String] = []) throws -> Recipe {
        try Recipe(path: url.appending(path: "r.yaml").path, overrides: overrides)
    }

    /// All mistakes, without the folder's name.
    func mistakes(_ overrides: [String] = []) -> [String] {
        do {
            _ = try recipe(overrides).expand()
            return []
        } catch let error as RecipeMistakes {
            return error.mistakes.map { mistake in
                let file = URL(filePath: mistake.place.file).lastPathComponent
                return "\(file):\(mistake.place.line):\(mistake.place.column): \(mistake.message)"
            }
        } catch {
            return ["\(error)"]
        }
    }
}

private let builtin = "path_to_dataset: builtin:visemes\n"

/// The recipes that the project comes with.
let projectRecipes = [
    "base.yaml", "grid_digits.yaml", "lr_grid.yaml", "lrw_bigru.yaml", "lrw_dctcn.yaml",
    "lrw_mstcn.yaml", "networks.yaml", "openav.yaml", "seed_study.yaml", "sklearn_digits.yaml",
    "speakers.yaml", "tiny.yaml",
]

/// Those whose clips a person has to name.
private func needsClips(_ recipe: String) -> Bool {
    ["grid_digits", "lrw_", "speakers"].contains { recipe.contains($0) }
}

@Test func everyRecipeOfTheProjectLoads() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "recipes")
    // The project's own: people put theirs beside them.
    let names = projectRecipes
    let counts = try names.map { name in
        let overrides = needsClips(name) ? ["path_to_dataset=/clips"] : []
        return try Recipe(path: folder.appending(path: name).path, overrides: overrides).expand()
            .count
    }
    #expect(counts == [1, 5, 18, 4, 2, 1, 18, 1, 10, 18, 5, 4])
}

@Test func aPageConfigurationIsARecipeOfOneRunWithThePagesDefaults() throws {
    let scratch = try Scratch(["r.yaml": "path_to_dataset: /data/lrw\n"])
    let run = try #require(try scratch.recipe().expand().first)
    let expected: [String: Value] = [
        "hide_metadata": .bool(false), "hide_libs_vers": .bool(false), "len_video": .integer(29),
        "size_lips.width": .integer(112), "size_lips.height": .integer(112),
        "padding_lips": .bool(true),
        "seed": .integer(42), "batch_size": .integer(8), "channels_lips": .integer(1),
        "lr": .number(0.0001),
        "epoch": .integer(100), "epoch_stop": .integer(5), "filters": .integer(64),
        "path_to_dataset": .text("/data/lrw"),
    ]
    for (key, value) in expected { #expect(run.configuration[key] == value, "\(key)") }
    #expect(run.label == "seed=42")
}

@Test func axesExpandInOrderWithTheSeedFastest() throws {
    let scratch = try Scratch([
        "b.yaml": builtin + "filters: 4\nepoch: 9\n",
        "r.yaml": """
        base: b.yaml
        set: {epoch: 3}
        sweep:
          seed: {from: 1, to: 2, step: 1}
          lr: {distribution: log, min: 0.001, max: 0.1, count: 3}
          batch_size: [8, 16]
        exclude: [{lr: 0.1, batch_size: [8, 32]}]
        metric: {name: val_loss}
        """,
    ])
    let recipe = try scratch.recipe()
    let runs = try recipe.expand()
    #expect(recipe.metric == Metric(name: "val_loss", goal: .minimize))
    #expect(
        runs.map(\.label) == [
            "lr=0.001,batch_size=8,seed=1", "lr=0.001,batch_size=8,seed=2",
            "lr=0.001,batch_size=16,seed=1",
            "lr=0.001,batch_size=16,seed=2", "lr=0.01,batch_size=8,seed=1",
            "lr=0.01,batch_size=8,seed=2",
            "lr=0.01,batch_size=16,seed=1", "lr=0.01,batch_size=16,seed=2",
            "lr=0.1,batch_size=16,seed=1",
            "lr=0.1,batch_size=16,seed=2",
        ])
    #expect(runs.map(\.trial) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    #expect(runs.map(\.number) == Array(1...10))
    #expect(
        runs[0].configuration["epoch"] == .integer(3)
            && runs[0].configuration["filters"] == .integer(4))
}

@Test func pointsOfAxesAreRoundNumbers() throws {
    func values(_ axis: String) throws -> [String] {
        let scratch = try Scratch([
            "r.yaml": "set: {path_to_dataset: builtin:visemes}\nsweep: {lr: \(axis)}\n"
        ])
        return try scratch.recipe().axes[0].domain.values.map(\.label)
    }
    #expect(
        try values("{distribution: log, min: 0.0001, max: 0.1, count: 4}") == [
            "0.0001", "0.001", "0.01", "0.1",
        ])
    #expect(
        try values("{distribution: log, min: 1e-4, max: 1e-2, count: 5}") == [
            "0.0001", "0.000316228", "0.001", "0.00316228", "0.01",
        ])
    #expect(
        try values("{distribution: uniform, min: 0.1, max: 0.3, count: 3}") == [
            "0.1", "0.2", "0.3",
        ])
    #expect(try values("{from: 0.1, to: 0.5, step: 0.1}") == ["0.1", "0.2", "0.3", "0.4", "0.5"])
    #expect(try values("[0.1, 0.10, 1e-1, .1]") == ["0.1"])
    let seeds = try Scratch([
        "r.yaml":
            "set: {path_to_dataset: builtin:visemes}\nsweep: {seed: {from: 12345678, to: 12345680, step: 1}}\n"
    ])
    #expect(
        try seeds.recipe().axes[0].domain.values.map(\.label) == [
            "12345678", "12345679", "12345680",
        ])
}

@Test func overridesSetAndSweep() throws {
    let scratch = try Scratch([
        "r.yaml": "set: {path_to_dataset: builtin:visemes}\nsweep: {lr: [0.1, 0.2], seed: [1, 2]}\n"
    ])
    #expect(try scratch.recipe(["lr=0.5"]).expand().map(\.label) == ["seed=1", "seed=2"])
    #expect(
        try scratch.recipe(["lr=[0.5,0.6]", "seed=7"]).expand().map(\.label) == [
            "lr=0.5,seed=7", "lr=0.6,seed=7",
        ])
    #expect(
        try scratch.recipe(["size_lips.width=64"]).expand()[0].configuration["size_lips.width"]
            == .integer(64))
}

@Test func allMistakesAreReportedAtOnceWithTheirPlaces() throws {
    let scratch = try Scratch([
        "b.yaml": builtin + "lr: abc\nsize_lips: {width: 4, hight: 32}\nlr_shedule: cosine\n",
        "r.yaml": """
        base: b.yaml
        set:
          batch_size: 0
          padding_lips: yes
          channels_lips: 2
          optimizer: adan
          epoch: 1_000
          seed: "3"
        sweeep: {lr: [0.1]}
        sweep:
          lr: {distribution: log, min: 0, max: 0.1, count: 3}
          filters: {from: 1, too: 5, step: 1}
          dropout: [0.1, 1]
        metric: {name: accuracy}
        """,
    ])
    #expect(
        scratch.mistakes(["lr=1e-3x", "epohc=5", "nonsense"]) == [
            "r.yaml:3:15: batch_size: found 0; expected a whole number from 1 to 4096",
            "r.yaml:4:17: padding_lips: found yes; expected true or false: write true",
            "r.yaml:5:18: channels_lips: found 2; expected 1 (grey) or 3 (RGB)",
            "r.yaml:6:14: optimizer: found adan; expected one of adam, adamw, sgd, lion: did you mean adam?",
            "r.yaml:7:10: epoch: found 1_000; expected a whole number from 1 to 10000: write 1000",
            "r.yaml:8:9: seed: found the text \"3\"; expected a whole number from 0 to 18446744073709551615: write 3",
            "r.yaml:9:1: sweeep: there is no such key: did you mean sweep?",
            "r.yaml:11:7: lr: found min 0; a log axis begins above 0",
            "r.yaml:12:12: filters: to missing: write {from: 1, to: 5, step: 1}",
            "r.yaml:12:22: filters: an axis has no too: did you mean to?",
            "r.yaml:13:18: dropout: found 1; expected a number from 0 to below 1",
            "r.yaml:14:16: metric: name: found accuracy; expected one of train_loss, train_accuracy, val_loss, val_accuracy, val_balanced_accuracy, val_macro_f1: did you mean val_accuracy?",
            "b.yaml:2:5: lr: found abc; expected a number, 0 or more",
            "b.yaml:3:20: size_lips.width: found 4; expected a whole number from 8 to 512",
            "b.yaml:3:23: size_lips.hight: there is no such key: did you mean size_lips.height?",
            "b.yaml:4:1: lr_shedule: there is no such key: did you mean lr_schedule?",
            "argument 1:1:4: lr: found 1e-3x; expected a number, 0 or more",
            "argument 2:1:1: epohc: there is no such key: did you mean epoch?",
            "argument 3:1:1: an override is key=value, as in epoch=5 or 'lr=[0.1,0.01]'; ~key deletes one",
        ])
}

@Test func aMistakeShowsItsLineWithACaret() throws {
    let scratch = try Scratch(["r.yaml": builtin + "lr:  abc\n"])
    let error = #expect(throws: RecipeMistakes.self) { try scratch.recipe() }
    let text = error?.description ?? ""
    #expect(
        text.hasSuffix(
            "r.yaml:2:6: error: lr: found abc; expected a number, 0 or more\n    lr:  abc\n         ^"
        ))
}

@Test(arguments: [
    "", "\u{FEFF}", "just a word", "- a list", "a: [1, 2", "a: 1\na: 2\n", "\tlr: 1", "lr: *nobody",
    "lr: &a [*a]",
    "sweep: 5", "sweep: {lr: []}", "set: [1]", "exclude: {lr: 1}", "metric: val_loss",
    "base: nowhere.yaml",
    "? [complex]\n: 1\n", "lr: !!binary x", "--- 1\n--- 2\n", "path_to_dataset: ''",
    "path_to_dataset: builtin:vowels",
    "sweep: {seed: {from: 1, to: 1e9, step: 1}}", "sweep: {lr: {from: 1, to: 0, step: 1}}",
    "seed: -1", "seed: 1e400",
    "set: {path_to_dataset: builtin:visemes}\nsweep: {hide_metadata: [true, false]}",
    "set: {path_to_dataset: builtin:visemes}\nexclude: [{seed: 42}]",
    "sweep: {path_to_dataset: [a, 1: 2]}", "lr: .inf",
    "lr: .nan", "lr: 0x10", "lr: ~", "size_lips: 5", "lr: 1e-400", "seed: 18446744073709551616",
    "question: \"a\\0b\"", "path_to_dataset: \"a\\0b\"",
])
func wrongTextsAreMistakesAndNeverACrash(text: String) throws {
    let scratch = try Scratch(["r.yaml": text])
    #expect(!scratch.mistakes().isEmpty, "\(text)")
}

@Test func fiftyThousandMistakesOnOneLineAreAnsweredAtOnce() throws {
    let scratch = try Scratch([
        "r.yaml": "sweep: {lr: [" + String(repeating: "abc, ", count: 50_000) + "abc]}\n"
    ])
    let error = #expect(throws: RecipeMistakes.self) { try scratch.recipe() }
    #expect(error?.description.hasSuffix("… and 49901 more mistakes") == true)
}

func identities(_ recipe: Recipe, data: String = "") throws -> [Identity] {
    let form = IdentityForm(recipe, data: data)
    return try recipe.expand().map { form.identity($0.setting) }
}

@Test func identityIsWhatDecidesTheOutcome() throws {
    func id(_ text: String, data: String = "d") throws -> String {
        try #require(try identities(try Scratch(["r.yaml": text]).recipe(), data: data).first).id
    }
    let plain = try id(builtin)
    #expect(try id("path_to_dataset: /elsewhere\n") == plain)
    #expect(try id(builtin + "hide_metadata: true\n") == plain)
    #expect(try id(builtin + "lr: 0.0001\n") == plain)
    #expect(try id(builtin + "lr: 1e-4\n") == plain)
    #expect(
        try id("set: {path_to_dataset: builtin:visemes}\nquestion: Why?\nsweep: {lr: [0.0001]}\n")
            == plain)
    #expect(try id(builtin + "lr: 0.0002\n") != plain)
    #expect(try id(builtin + "seed: 43\n") != plain)
    #expect(try id(builtin, data: "e") != plain)
    let text = "base: b.yaml\nset: {lr: 0.5, classes: [b, a]}\nmetric: {name: val_loss}\n"
    let recipe = try Scratch(["b.yaml": "path_to_dataset: /elsewhere\n", "r.yaml": text]).recipe()
    #expect(
        try identities(recipe, data: "d").map(\.json) == [
            #"{"configuration":{"lr":0.5,"metric":{"goal":"minimize","name":"val_loss"}},"data":"d","numerics":\#(numericsRevision)}"#
        ])
}

@Test func relativePathsStartFromTheFileTheyStandIn() throws {
    let scratch = try Scratch(["r.yaml": "path_to_dataset: clips\n"])
    let path = try scratch.recipe().expand()[0].configuration["path_to_dataset"]
    #expect(path == .text(scratch.url.standardizedFileURL.appending(path: "clips").path))
}

@Test func theDocumentationListsEveryKeyAsItIs() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "docs/recipes.md")
    let package = file.deletingLastPathComponent().deletingLastPathComponent()
    var text = try String(contentsOf: file, encoding: .utf8)
    // To write what is derived anew: VISEME_UPDATE_DOCS=1 make test
    let updates = ProcessInfo.processInfo.environment["VISEME_UPDATE_DOCS"] != nil
    for (name, table) in [
        ("keys", TrainerCatalog.declarations.builtIn.schema.documentation),
        ("recipe keys", RecipeKey.documentation),
    ] {
        let (begin, end) = ("<!-- \(name) -->\n", "<!-- end of \(name) -->\n")
        let parts = text.components(separatedBy: begin)
        let rest = try #require(parts.last).components(separatedBy: end)
        #expect(parts.count == 2 && rest.count == 2)
        if updates {
            text = parts[0] + begin + table + end + rest[1]
        } else {
            #expect(rest[0] == table)
        }
    }
    let schema = package.appending(path: "recipes/recipe.schema.json")
    if updates {
        try Data(text.utf8).write(to: file)
        try Data(RecipeSchema.json(TrainerCatalog.declarations.builtIn.schema).utf8).write(
            to: schema)
    }
    #expect(
        try String(contentsOf: schema, encoding: .utf8)
            == RecipeSchema.json(TrainerCatalog.declarations.builtIn.schema)
    )
}

@Test func everyKeyIsExplained() throws {
    let schema = TrainerCatalog.declarations.builtIn.schema
    for key in RecipeKey.all.map(\.name) + schema.parameters.map(\.name) {
        #expect(try #require(Explanation.text(key, schema)).contains("meaning"), "\(key)")
    }
    #expect(
        Explanation.text("size_lips", schema)?.contains("size_lips.width") == true
            && Explanation.text("nope", schema) == nil)
    #expect(Explanation.nearestKey(to: "epochs", schema) == "epoch")
}

/// Every recipe of the documents and of this repository is one.
@Test func everyRecipeThatIsShownLoads() throws {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
        at: folder.appending(path: "recipes"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let examples = ["lightning_digits", "pytorch_digits"]
    for path in projectRecipes.map({ "recipes/\($0)" }) + examples.map({ "examples/\($0).yaml" }) {
        let recipe = try Recipe(
            path: package.appending(path: path).path,
            overrides: needsClips(path) ? ["path_to_dataset=x"] : [])
        #expect(try !recipe.expand().isEmpty, "\(path)")
    }
    for name in ["base.yaml", "large.yaml", "house.html.mustache", "train.py", "notes.md"] {
        let text = name == "base.yaml" ? "path_to_dataset: builtin:visemes\n" : ""
        try Data(text.utf8).write(to: folder.appending(path: "recipes/\(name)"))
    }
    try FileManager.default.copyItem(
        at: package.appending(path: "examples"), to: folder.appending(path: "examples"))
    try FileManager.default.createDirectory(
        at: folder.appending(path: "recipes/models"), withIntermediateDirectories: true)
    try Data().write(to: folder.appending(path: "recipes/models/m.py"))
    var count = 0
    let documents =
        try FileManager.default.contentsOfDirectory(atPath: package.appending(path: "docs").path)
        .filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" } + ["README.md"]
    for document in documents {
        // Blocks of files (<!-- file: NAME -->, <!-- part of: NAME -->) belong to the commands
        // beside them, which DocumentTests runs.
        let text = try String(contentsOf: package.appending(path: document), encoding: .utf8)
            .replacing(
                /<!-- (?:file|part of): [^>]* -->\n```yaml\n.*?```/.dotMatchesNewlines(), with: "")
        for block in text.matches(of: /```yaml\n(.*?)```/.dotMatchesNewlines()) {
            var yaml = String(block.1)
            // Parts of a recipe get what they leave out.
            if !yaml.contains("trainer:"), !yaml.contains("base:"), !yaml.contains("parameters:") {
                yaml += "base: base.yaml\n"
            }
            if yaml.contains("{lr}"), !yaml.contains("lr:") {
                yaml += "sweep: {lr: [0.1], alpha: [1]}\n"
            }
            let file = folder.appending(path: "recipes/shown.yaml")
            try Data(yaml.utf8).write(to: file)
            #expect(throws: Never.self, "\(document): \(yaml)") { try Recipe(path: file.path) }
            count += 1
        }
    }
    #expect(count >= 8)
}
