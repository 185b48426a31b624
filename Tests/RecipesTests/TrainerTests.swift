import Execution
import Foundation
import Recipes
import Studies
import Testing

private func command(_ recipe: Recipe) throws -> TrainerCommand {
    try #require(recipe.trainer.command)
}

private let recipe = """
    base: base.yaml
    trainer:
      command: [sh, train.sh, "--lr={lr}", "{model.name}", "{{seed}}", "{a: 1}"]
      files: [src]
      env: {MODE: fast}
    metrics: {exclude: [seconds]}
    resources: {gpus: 1, threads: 2}
    keep: [best, last]
    set: {model: {name: deep, layers: [1, 2]}}
    sweep: {lr: [0.1, 1e-3], seed: [1, 2]}
    """

private func scratch(_ text: String = recipe) throws -> Scratch {
    let scratch = try Scratch([
        "base.yaml": "epochs: 3\nflag: true\n", "train.sh": "exit 0\n", "r.yaml": text,
    ])
    let folder = scratch.url.appending(path: "src/deep")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data("a".utf8).write(to: folder.appending(path: "a.py"))
    try Data("h".utf8).write(to: folder.appending(path: ".hidden"))
    return scratch
}

@Test func aCommandsRecipeMayHaveAnyKey() throws {
    let scratch = try scratch()
    let read = try scratch.recipe()
    let trainer = try command(read)
    let run = try read.expand()[1]
    #expect(run.label == "lr=0.1,seed=2")
    #expect(try read.expand().map(\.label)[2] == "lr=0.001,seed=1")
    #expect(
        run.configuration.nestedJSON
            == #"{"epochs":3,"flag":true,"lr":0.1,"model":{"layers":[1,2],"name":"deep"},"seed":2}"#
    )
    #expect(
        CommandTrainer(trainer).arguments(run.configuration) == [
            "sh", scratch.url.standardizedFileURL.appending(path: "train.sh").path, "--lr=0.1",
            "deep", "{seed}",
            "{a: 1}",
        ])
    #expect(trainer.files.map(\.path) == ["src/deep/a.py", "train.sh"])
    #expect(trainer.environment == ["MODE": "fast"] && trainer.gpus == 1 && trainer.threads == 2)
    #expect(trainer.excludedMetrics == ["seconds"] && read.keep == [.best, .last])
}

@Test func aCommandsIdentityIsItsWordsItsFilesAndItsKeysWhereverTheyLie() throws {
    let (one, other) = (try scratch(), try scratch())
    let ids = try identities(try one.recipe()).map(\.id)
    #expect(ids.count == 4 && Set(ids).count == 4)
    #expect(try identities(try other.recipe()).map(\.id) == ids, "another folder")
    #expect(
        try identities(
            try scratch(recipe.replacing("gpus: 1, threads: 2", with: "threads: 4")).recipe()
        ).map(\.id)
            == ids)
    #expect(
        try identities(try scratch(recipe + "\nquestion: Why?\nmetric: {name: f1}").recipe()).map(
            \.id) == ids)
    for (old, new) in [
        ("fast", "slow"), ("--lr=", "--rate="), ("deep,", "wide,"), ("[1, 2]}}", "[1, 3]}}"),
    ] {
        let changed = try identities(try scratch(recipe.replacing(old, with: new)).recipe()).map(
            \.id)
        #expect(Set(changed).isDisjoint(with: ids), "\(new)")
    }
    try Data("b".utf8).write(to: other.url.appending(path: "src/deep/a.py"))
    #expect(Set(try identities(try other.recipe()).map(\.id)).isDisjoint(with: ids), "a file")
}

@Test func aFileThatChangesAfterThePlanIsNoticed() throws {
    let scratch = try scratch()
    let watch = FileWatch(try command(try scratch.recipe()))
    #expect(watch.changedFile() == nil && watch.changedFile() == nil)
    try Data("exit 1\n".utf8).write(to: scratch.url.appending(path: "train.sh"))
    #expect(watch.changedFile() == "train.sh")
}

@Test func foldersOfFilesAreFollowedThroughLinksAndResultsAreNoFilesOfTheTrainer() throws {
    let scratch = try scratch("trainer: {command: [sh, train.sh], files: [.]}\n")
    let folder = scratch.url
    for name in ["results/r/runs", "elsewhere"] {
        try FileManager.default.createDirectory(
            at: folder.appending(path: name), withIntermediateDirectories: true)
    }
    for name in ["results/r/plan.json", "results/r/report.md", "elsewhere/m.py"] {
        try Data().write(to: folder.appending(path: name))
    }
    for (link, target) in [("src/link", "../elsewhere"), ("src/loop", "..")] {
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: link).path, withDestinationPath: target)
    }
    let paths = try command(try scratch.recipe()).files.map(\.path)
    #expect(
        paths.contains { $0.hasSuffix("/m.py") } && paths.contains("./src/deep/a.py")
            && !paths.contains { $0.contains("results") }, "\(paths)")
    #expect(paths.count < 12, "a loop ends: \(paths)")
}

@Test func filesWhoseNamesHoldValuesAreFound() throws {
    let text =
        "trainer: {command: [sh, \"./{kind}.sh\", \"{kind}\"]}\nsweep: {kind: [train, other]}\n"
    let scratch = try scratch(text)
    let trainer = try command(try scratch.recipe())
    #expect(trainer.files.map(\.path) == ["./train.sh"])
    let words = try scratch.recipe().expand().map {
        CommandTrainer(trainer).arguments($0.configuration)
    }
    #expect(
        words[0][1].hasSuffix("/train.sh") && words[0][1].hasPrefix("/") && words[0][2] == "train")
    #expect(words[1][1] == "./other.sh")
}

@Test func mistakesOfACommandsRecipeAreFoundAllAtOnce() throws {
    let scratch = try scratch(
        """
        trainer:
          command: [no-such-program, "{lrr}", {lr}]
          files: [nowhere/*.py]
          comand: x
        resources: {gpus: many, cores: 1}
        metrics: {include: [a]}
        keep: some
        set: {on: yes, big: 1_000, hex: 0x1f, ok: "yes", none: ~, "a b": 1}
        sweep: {lr: [0.1, 1e-3x], p: [0.5, "sqrt"]}
        exclude: [{lrr: 1}]
        """)
    let mistakes = scratch.mistakes()
    let expected = [
        "r.yaml:2:13: command: there is no program no-such-program on the PATH",
        "r.yaml:2:39: command: each word is text: put \"{lr}\" into quotes",
        "r.yaml:3:11: files: there is no file nowhere/*.py, relative to the recipe's folder",
        "r.yaml:4:3: trainer: there is no such key: comand: did you mean command?",
        "resources: gpus: found many; expected a whole number from 0 to 1024",
        "resources: there is no such key: cores",
        "metrics: there is no such key: include",
        "keep: found some; expected best, last, none, or [best, last]",
        "on: found yes; expected a number, true or false, text, or a list of them: write true, or put it into quotes if it is text",
        "big: found 1_000; expected a number, true or false, text, or a list of them: write 1000, or put it into quotes",
        "hex: found 0x1f", "none: nothing to delete: it is not set", "a b: can't be a key",
        "lr: 1e-3x is text among numbers: correct it, or put it into quotes",
        "exclude: lrr: the recipe has no such key: did you mean lr?",
        "command: the recipe has no key lrr: did you mean {lr}?",
    ]
    for text in expected {
        #expect(mistakes.contains { $0.contains(text) }, "\(text)\n\(mistakes)")
    }
    #expect(mistakes.count == expected.count, "\(mistakes.joined(separator: "\n"))")
}

@Test(arguments: [
    (
        "trainer: {command: [sh, trian.sh]}\n",
        "r.yaml:1:25: command: there is no file trian.sh, relative to the recipe's folder"
    ),
    ("trainer: {command: [sh], env: {VISEME_SEED: 5}}\n", "env: Viseme sets VISEME_SEED itself"),
    ("trainer: {command: [sh]}\nset: {a.b: 1, a: {b: {c: 2}}}\n", "a.b.c: a.b has a value"),
    ("trainer: {command: [sh]}\nsweep: {lr: [1, '1']}\n", "lr: two values are both called lr=1"),
    (
        "trainer: {command: [sh]}\nmetrics: {exclude: [val_accuracy]}\n",
        "val_accuracy is the metric of the study"
    ),
    ("trainer: {command: [sh]}\nset: {time: 1:30}\n", "time: found 1:30"),
    ("trainer: {command: [sh]}\nset: {day: 2024-01-01}\n", "day: found 2024-01-01"),
    ("trainer: {command: [sh]}\nsweep: {lr: [1, ~, 'y']}\n", "r.yaml:2:17: lr: found ~"),
])
func mistakesThatAFirstReaderMade(text: String, message: String) throws {
    let mistakes = try scratch(text).mistakes()
    #expect(mistakes.count == 1 && mistakes[0].contains(message), "\(mistakes)")
}

@Test func labelsAreOneLine() throws {
    let text =
        "trainer: {command: [sh, -c, exit, \"{text}\"]}\nset: {seed: 1}\nsweep: {text: [\"a\\nb\", 'c,d']}\n"
    let recipe = try scratch(text).recipe()
    #expect(try recipe.expand().map(\.label) == ["text=a\\nb,seed=1", "text=c,d,seed=1"])
    #expect(
        CommandTrainer(try command(recipe)).arguments(try recipe.expand()[0].configuration)[3]
            == "a\nb")
}

@Test func overridesOfACommandsRecipeAreOfItsKeys() throws {
    let scratch = try scratch()
    #expect(
        try scratch.recipe(["lr=[0.5]", "epochs=9"]).expand().map(\.label) == [
            "lr=0.5,seed=1", "lr=0.5,seed=2",
        ])
    #expect(try scratch.recipe(["+new.key=a"]).expand()[0].configuration["new.key"] == .text("a"))
    #expect(
        scratch.mistakes(["epoch=9"]) == [
            "argument 1:1:1: epoch: the recipe has no such key: did you mean epochs?; +epoch=… adds one"
        ])
    #expect(scratch.mistakes(["epochs=9x"])[0].contains("9x is text, and the value before was 3"))
    #expect(
        try scratch.recipe(["seed=7"]).expand().map(\.label) == [
            "lr=0.1,seed=7", "lr=0.001,seed=7",
        ])
}

@Test func whatBelongsToACommandIsRefusedWithoutOne() throws {
    let scratch = try Scratch([
        "r.yaml":
            "set: {path_to_dataset: builtin:visemes}\nresources: {gpus: 1}\nmetrics: {exclude: [a]}\n"
    ])
    #expect(
        scratch.mistakes().count == 2
            && scratch.mistakes()[0].contains("gpus: the built-in trainer uses none")
            && scratch.mistakes()[1].contains("belongs to a command trainer"))
}

@Test func tenThousandRunsAreExpandedInOrder() throws {
    let text = """
        trainer: {command: [sh, -c, exit]}
        sweep: {a: {from: 1, to: 100, step: 1}, b: {from: 1, to: 10, step: 1}, seed: {from: 1, to: 10, step: 1}}
        """
    let runs = try scratch(text).recipe().expand()
    #expect(
        runs.count == 10_000 && runs[9_999].label == "a=100,b=10,seed=10"
            && runs[9_999].trial == 999)
    #expect(Set(try identities(try scratch(text).recipe()).map(\.id)).count == 10_000)
}
