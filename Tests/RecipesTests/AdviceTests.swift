import Execution
import Foundation
import Recipes
import Studies
import Testing

private func mistakes(_ text: String, _ overrides: [String] = [], _ files: [String: String] = [:])
    -> String
{
    let scratch = try? Scratch(files.merging(["r.yaml": text]) { $1 })
    return scratch?.mistakes(overrides).joined(separator: "\n") ?? ""
}

private let builtin = "set: {path_to_dataset: builtin:visemes}\n"

/// Names that people bring from other tools, and what is said of them.
@Test(arguments: [
    ("set: {optimizer: adamW}\n", "did you mean adamw?"),
    ("sweep: {lr: {distribution: loguniform, min: 0.1, max: 1, count: 2}}\n", "did you mean log?"),
    ("set: {learning_rate: 0.1}\n", "did you mean lr?"),
    ("metric: {name: val_acc}\n", "did you mean val_accuracy?"),
    ("metric: val_acc\n", "did you mean val_accuracy?"),
    ("metric: {name: val_loss, goal: max}\n", "did you mean maximize?"),
    ("swep: {lr: [0.1]}\n", "did you mean sweep?"),
    ("seeds: 3\nsweep: {lr: [0.1]}\n", "seeds: there is no such key: it belongs under sweep:"),
    ("set: {epochs: 3}\n", "did you mean epoch?"),
])
func namesOfOtherToolsGetTheRightOne(text: String, advice: String) {
    #expect(mistakes(text).contains(advice), "\(mistakes(text))")
}

@Test(arguments: [
    ("size_lips=64x48", "is a group of keys: size_lips.width=… size_lips.height=…"),
    ("metric.name=val_loss", "metric is a key of the recipe, not of the configuration"),
    ("learning_rate=0.1", "did you mean lr?"), ("epok=3", "did you mean epoch?"),
])
func overridesThatAreNoKeysGetTheRightOne(argument: String, advice: String) {
    let found = mistakes(builtin, [argument])
    #expect(found.contains(advice), "\(found)")
}

@Test func theMetricHasAShortForm() throws {
    let scratch = try Scratch(["r.yaml": builtin + "metric: val_loss\n"])
    let recipe = try scratch.recipe()
    #expect(recipe.metric == Metric(name: "val_loss", goal: .minimize) && recipe.namesMetric)
    let plain = try Scratch(["r.yaml": builtin])
    #expect(try !plain.recipe().namesMetric)
}

@Test func aNumberThatIsRatherAVersionIsNoted() throws {
    let scratch = try Scratch([
        "r.yaml": "trainer: {command: [sh]}\nset: {a: 3.10, b: 1.0, c: 2.5, d: \"3.10\"}\n"
    ])
    let notes = try scratch.recipe().notes.filter { $0.contains("quotes") }
    #expect(notes.count == 1 && notes[0].contains("3.10 is the number 3.1"), "\(notes)")
}

@Test func aSyntaxErrorDoesNotHideTheMistakesOfABase() {
    let found = mistakes("base: b.yaml\nset: [1\n", [], ["b.yaml": "lr: abc\nbatch_sise: 3\n"])
    #expect(
        found.contains("this is not YAML") && found.contains("b.yaml:1:5: lr: found abc")
            && found.contains("did you mean batch_size?"), "\(found)")
}

@Test func commasCanBeEscapedAndKeysForced() throws {
    let scratch = try Scratch([
        "r.yaml": "trainer: {command: [sh, \"{a}\", \"{b}\"]}\nset: {a: x, b: z}\n"
    ])
    func values(_ overrides: [String]) throws -> [String: String] {
        try scratch.recipe(overrides).expand()[0].configuration.values.mapValues(\.label)
    }
    #expect(try values([#"a=1\,2"#])["a"] == "1,2")
    #expect(try scratch.recipe(["a=1,2"]).expand().count == 2)
    #expect(try scratch.recipe([#"a=1\,2,3"#]).expand().count == 2)
    #expect(
        try values(["++a=z", "++new=1"]).filter { ["a", "new"].contains($0.key) } == [
            "a": "z", "new": "1",
        ])
    #expect(scratch.mistakes(["+a=z"]).first?.contains("is already set") ?? false)
}

@Test func sweepFilesOfWandbAreTakenAsTheyAre() throws {
    let text = """
        program: train.py
        method: random
        metric: {name: loss}
        parameters:
          flag: {values: [true, false]}
          none: {value: null}
          size: {min: 1, max: 3}
          lr: {distribution: log_uniform, min: -9.2, max: -2.3}
        """
    let scratch = try Scratch(["r.yaml": text, "train.py": ""])
    #expect(scratch.mistakes().first?.contains("samples=20 on the command line") ?? false)
    let recipe = try scratch.recipe(["samples=4"])
    #expect(recipe.trainer.command?.booleans == "python")
    let values = try recipe.expand()[0].configuration.values
    #expect(values["none"] == .text("None"))
    let grid = text.replacing("method: random", with: "method: grid").split(separator: "\n").filter
    {
        !$0.contains("lr:")
    }.joined(separator: "\n")
    let whole = try Scratch(["r.yaml": grid, "train.py": ""]).recipe().expand()
    #expect(Set(whole.compactMap { $0.setting["size"]?.label }) == ["1", "2", "3"])
    #expect(whole.count == 6)
}

/// What a second reader found: each was taken in silence.
@Test(arguments: [
    ("set: {x: !!str 1e3}", "tags (!name, !!str) have no meaning here"),
    ("set: {x: !env HOME}", "tags (!name, !!str) have no meaning here"),
    ("set: {a.b: 5, a: {b: 6}}", "a.b: given twice: keep one"),
    ("set: {d: {}}", "d: an empty mapping holds no values"),
    (
        "sweep: {x: [\"1e-3\", \"1e-2\"]}\nexclude: [{x: \">0.005\"}]",
        "no value of x is a number: > does not apply"
    ),
])
func whatWouldBeLostIsAMistake(text: String, message: String) {
    let found = mistakes("trainer: {command: [sh]}\n\(text)\n")
    #expect(found.contains(message), "\(found)")
}

@Test func twoSettingsOfOneLabelAreRefused() throws {
    let scratch = try Scratch([
        "r.yaml": "trainer: {command: [sh]}\nsweep: {x: [\"a,y=1\", a], y: [\"1\", \"1,y=1\"]}\n"
    ])
    let error = #expect(throws: RecipeMistakes.self) { try scratch.recipe().expand() }
    #expect(
        error?.description.contains("two settings are both called x=a,y=1,y=1,seed=42") ?? false)
}

@Test func aMistakeOfAValueIsNotAlsoAMissingKey() {
    let found = mistakes(
        "trainer: {command: [sh, \"{x}\", \"{z}\"]}\nsweep: {x: [010]}\nset: {z: 1_0}\n")
    #expect(!found.contains("the recipe has no key"), "\(found)")
    let base = mistakes(
        "base: b.yaml\nset: {d: 5}\ntrainer: {command: [sh]}\n", [], ["b.yaml": "d: {a: 1}\n"])
    #expect(base.contains("b.yaml:1:8"), "\(base)")
    let group = mistakes("trainer: {command: [sh]}\nset: {d: {a: 1, b: 2}}\n", ["d=5"])
    #expect(group.contains("is a group of keys: d.a=… d.b=…"), "\(group)")
}

@Test func leadingZerosOfTheEnvironmentStay() throws {
    setenv("VISEME_TEST_ZEROS", "007", 1)
    let scratch = try Scratch([
        "r.yaml":
            "trainer: {command: [sh]}\nrecord_env: [VISEME_TEST_ZEROS]\nset: {x: \"${env:VISEME_TEST_ZEROS}\", y: +5}\n"
    ])
    let values = try scratch.recipe().expand()[0].configuration.values
    #expect(values["x"] == .text("007") && values["y"]?.word == "5")
}
