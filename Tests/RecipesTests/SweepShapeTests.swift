import Foundation
import Recipes
import Studies
import Testing

/// A recipe from texts, in a folder of its own.
private func recipe(_ text: String, overrides: [String] = [], files: [String: String] = [:]) throws
    -> Recipe
{
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, content) in files.merging(["r.yaml": text, "t.sh": ""], uniquingKeysWith: { $1 }) {
        try Data(content.utf8).write(to: folder.appending(path: name))
    }
    return try Recipe(path: folder.appending(path: "r.yaml").path, overrides: overrides)
}

private func mistakes(_ text: String, overrides: [String] = [], files: [String: String] = [:])
    -> String
{
    do {
        let runs = try recipe(text, overrides: overrides, files: files).expand()
        return "no mistake, \(runs.count) runs"
    } catch { return "\(error)" }
}

private let command = "trainer: {command: [sh, t.sh]}\n"

private func labels(_ text: String, overrides: [String] = []) throws -> [String] {
    try recipe(command + text, overrides: overrides).expand().map(\.label)
}

@Test func axesGoTogetherOrExistUnderConditions() throws {
    #expect(
        try labels("sweep: {a: [1, 2], b: [x, z], c: [5, 6], seeds: 1}\nzip: [[a, c]]") == [
            "a=1,c=5,b=x,seed=1", "a=1,c=5,b=z,seed=1", "a=2,c=6,b=x,seed=1", "a=2,c=6,b=z,seed=1",
        ])
    // A value may come twice where axes go together.
    #expect(
        try labels("sweep: {a: [1, 1], c: [5, 6]}\nzip: [a, c]") == [
            "a=1,c=5,seed=42", "a=1,c=6,seed=42",
        ])
    #expect(
        try labels("sweep: {opt: [adam, sgd], m: [0, 0.9]}\nwhen: {m: {opt: sgd}}") == [
            "opt=adam,seed=42", "opt=sgd,m=0,seed=42", "opt=sgd,m=0.9,seed=42",
        ])
    #expect(
        try labels("sweep: {size: [{w: 1, h: 2}, {w: 3, h: 4}]}") == [
            "size.w=1,size.h=2,seed=42", "size.w=3,size.h=4,seed=42",
        ])
    #expect(
        try labels(
            "sweep: {lr: [0.1, 0.01, 0.001], b: [8, 16]}\nexclude: [{lr: \">=0.1\"}, {lr: 0.01, b: \"!=8\"}]"
        )
            == [
                "lr=0.01,b=8,seed=42", "lr=0.001,b=8,seed=42", "lr=0.001,b=16,seed=42",
            ])
    #expect(
        try labels("sweep: {lr: [0.1, 0.01], b: [8, 16]}\ninclude: [{lr: \"<0.1\", b: [8, 9]}]")
            == [
                "lr=0.01,b=8,seed=42"
            ])
    // What the command line gives a single value goes with nothing.
    #expect(
        try labels("sweep: {a: [1, 2], c: [5, 6]}\nzip: [[a, c]]", overrides: ["a=7"]) == [
            "c=5,seed=42", "c=6,seed=42",
        ])
}

@Test func theShapeIsSaidInWords() throws {
    let made = try recipe(
        command
            + "sweep: {o: [a, b], x: [1, 2], z: [3, 4], m: [5, 6]}\nzip: [[x, z]]\nwhen: {m: {o: b}}\nexclude: [{x: \">1\", o: a}]"
    )
    let resolved = try made.resolved()
    #expect(
        resolved.hasSuffix(
            "# together: x, z\n# m is there only where o is \"b\"\n# no runs where o is \"a\" and x above 1\n"
        ),
        "\(resolved)")
}

@Test func conditionsDecideIdentitiesByWhatTheRunReallyHas() throws {
    let text =
        command + "set: {m: 0.5}\nsweep: {opt: [adam, sgd], m: [0.5, 0.9]}\nwhen: {m: {opt: sgd}}"
    let runs = try recipe(text).expand()
    #expect(runs.map { $0.configuration["m"]?.label } == ["0.5", "0.5", "0.9"])
    let loose = try recipe(command + "set: {m: 0.5, opt: adam}").expand()
    // The same setting, whether its key is swept elsewhere or not.
    let strip = { (identity: Identity) in
        identity.json.replacing(/"command":\[[^\]]*\]|"files":\{[^}]*\}/, with: "")
    }
    #expect(
        try strip(IdentityForm(recipe(text)).identity(runs[0].setting))
            == strip(
                IdentityForm(recipe(command + "set: {m: 0.5, opt: adam}")).identity(
                    loose[0].setting)))
}

@Test func distributionsSpreadOrAreDrawn() throws {
    #expect(
        try labels("sweep: {n: {distribution: int_uniform, min: 1, max: 10, count: 4}}").map {
            $0.prefix(4)
        } == [
            "n=1,", "n=4,", "n=7,", "n=10",
        ])
    #expect(
        try labels("sweep: {z: {distribution: normal, mean: 1, std: 2, count: 3}}") == [
            "z=-0.934843,seed=42", "z=1,seed=42", "z=2.93484,seed=42",
        ])
    #expect(try labels("sweep: {k: {distribution: choice, values: [a, b]}}").count == 2)
    #expect(try labels("sweep: {seeds: 3}") == ["seed=1", "seed=2", "seed=3"])
    let sampled =
        "samples: 4\nsweep: {lr: {distribution: log, min: 0.001, max: 1}, n: [1, 2], seeds: 2}\n"
    #expect(
        try labels("method: sobol\n" + sampled) == [
            "lr=0.001,n=1,seed=1", "lr=0.001,n=1,seed=2", "lr=0.0316228,n=2,seed=1",
            "lr=0.0316228,n=2,seed=2",
            "lr=0.177828,n=1,seed=1", "lr=0.177828,n=1,seed=2", "lr=0.00562341,n=2,seed=1",
            "lr=0.00562341,n=2,seed=2",
        ])
    // The same points on every machine: pinned.
    #expect(
        try labels("method: random\n" + sampled).filter { $0.hasSuffix("seed=1") } == Pinned.random)
    #expect(
        try labels("method: latin_hypercube\n" + sampled).filter { $0.hasSuffix("seed=1") }
            == Pinned.latin)
    #expect(
        try labels("method: random\nsample_seed: 1\n" + sampled)
            != labels("method: random\n" + sampled))
    // Each of as many pieces is met once.
    let hypercube = try recipe(
        command
            + "method: latin_hypercube\nsamples: 50\nsweep: {x: {distribution: uniform, min: 0, max: 50}}"
    )
    #expect(
        Set(try hypercube.expand().map { Int($0.configuration["x"]?.double ?? -1) }) == Set(0..<50))
}

private enum Pinned {
    static let random = [
        "lr=0.0013836,n=1,seed=1", "lr=0.103458,n=2,seed=1", "lr=0.350221,n=2,seed=1",
        "lr=0.0111497,n=2,seed=1",
    ]
    static let latin = [
        "lr=0.82444,n=2,seed=1", "lr=0.128261,n=2,seed=1", "lr=0.0250777,n=1,seed=1",
        "lr=0.0013015,n=1,seed=1",
    ]
}

@Test func sobolsPointsAreScipys() throws {
    struct Golden: Decodable { let points: [[Double]] }
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let golden = try JSONDecoder().decode(
        Golden.self, from: Data(contentsOf: file.appending(path: "Golden/sobol.json")))
    let axes = (0..<64).map { "k\($0): {distribution: uniform, min: 0, max: 1}" }.joined(
        separator: ", ")
    let runs = try recipe(command + "method: sobol\nsamples: 64\nsweep: {\(axes)}").expand()
    #expect(runs.count == 64)
    for (run, point) in zip(runs, golden.points) {
        for (dimension, expected) in point.enumerated() {
            let value = try #require(run.configuration["k\(dimension)"]?.double)
            #expect(
                abs(value - expected) <= 5e-7 * max(expected, 0.1),
                "\(run.number) \(dimension): \(value) \(expected)")
        }
    }
}

@Test func compositionTakesTheLaterAndSaysWhereItStands() throws {
    let files = [
        "a.yaml": "lr: 1\nb: 2\n", "deep.yaml": "c: 3\nlr: 2\n",
        "b.yaml": "base: deep.yaml\nb: 4\n",
        "loop.yaml": "base: loop2.yaml\n", "loop2.yaml": "base: loop.yaml\n",
    ]
    let made = try recipe(
        command
            + "base: [a.yaml, b.yaml]\nset: {d: \"${lr}\", e: \"lr is ${lr}\", c: ~, f: \"$${x}\"}\n",
        files: files)
    let resolved = try made.resolved()
    #expect(
        resolved.contains(/b: 4 +# .*b\.yaml:2/) && resolved.contains(/lr: 2 +# .*deep\.yaml:2/),
        "\(resolved)")
    #expect(made.configuration["d"] == .integer(2) && made.configuration["e"] == .text("lr is 2"))
    #expect(made.configuration["c"] == nil && made.configuration["f"] == .text("${x}"))
    #expect(
        mistakes(command + "base: loop.yaml", files: files).contains(
            "is its own base, by r.yaml → loop.yaml → loop2.yaml → loop.yaml"))
    #expect(
        mistakes(command + "base: a.yaml\nset: {x: ~}", files: files).contains(
            "x: nothing to delete"))
    #expect(mistakes(command + "set: {x: \"${y}\", y: \"${x}\"}").contains("refers to itself"))
    #expect(
        mistakes(command + "set: {x: \"${lr}\"}\nsweep: {lr: [1, 2]}").contains(
            "refers to lr, which is swept"))
    #expect(
        mistakes(command + "set: {x: \"${nope}\"}").contains(
            "refers to nope, which has no value here"))
    #expect(
        mistakes(command + "set: {x: \"${env:HOME}\"}").contains("name it under record_env: [HOME]")
    )
    #expect(
        mistakes(command + "record_env: [NO_SUCH]\nset: {x: \"${env:NO_SUCH}\"}").contains(
            "there is no environment variable NO_SUCH"))
    #expect(
        mistakes(command + "record_env: [NO_SUCH]\nset: {x: \"${env:NO_SUCH,5}\"}")
            == "no mistake, 1 runs")
}

@Test func theCommandLineSpeaksHydra() throws {
    let text = "set: {a: 1, t: x}\nsweep: {b: [1, 2]}\n"
    #expect(try labels(text, overrides: ["a=3,4", "b=7"]).count == 2)
    #expect(
        try labels(text, overrides: ["a=range(1,5,2)", "~b"]) == ["a=1,seed=42", "a=3,seed=42"])
    #expect(
        try labels(text, overrides: ["a=range(0.1,0.4,0.1)", "b=1"]).map { $0.prefix(6) } == [
            "a=0.1,", "a=0.2,", "a=0.3,",
        ])
    #expect(
        try labels(text, overrides: ["t=choice(x,'y,z')", "~b"]) == [
            "t=x,seed=42", "t=y,z,seed=42",
        ])
    #expect(
        try labels(text, overrides: ["t='x,y'", "+n.m=2", "seeds=2", "~b"]) == ["seed=1", "seed=2"])
    #expect(
        mistakes(command + text, overrides: ["a=1,zz"]).contains(
            "argument 1:1:5: error: a: zz is text among numbers"))
    #expect(mistakes(command + text, overrides: ["~zz"]).contains("zz: nothing to delete"))
    #expect(mistakes(command + text, overrides: ["seeds=x"]).contains("seeds: found x"))
    #expect(
        mistakes(command + text, overrides: ["max_runs=1"]).contains(
            "the sweep makes 2 runs, and at most 1"))
    #expect(mistakes(command + text, overrides: ["zip=1"]).contains("zip: is a key of the recipe"))
    #expect(mistakes(command + text, overrides: ["+a=1"]).contains("a: is already set"))
    #expect(
        mistakes(command + text, overrides: ["a=interval(0,1)"]).contains(
            "interval(…) is not supported"))
    #expect(
        try labels("set: {m: {d: 1, w: 2}}\nsweep: {b: [1]}", overrides: ["m={d: 3}"]).count == 1)
    // A sampled sweep keeps the points of the other axes.
    let drawn =
        "method: random\nsamples: 3\nsweep: {x: {distribution: uniform, min: 0, max: 1}, y: {distribution: uniform, min: 0, max: 1}}\n"
    let (before, after) = (try labels(drawn), try labels(drawn, overrides: ["x=1"]))
    #expect(
        zip(before, after).allSatisfy {
            $0.split(separator: ",")[1...] == $1.split(separator: ",")[0...]
        })
    let ours = "path_to_dataset: \"builtin:visemes\"\n"
    #expect(mistakes(ours, overrides: ["init_from=[a,b]"]).contains("init_from: can't be swept"))
    #expect(mistakes(ours, overrides: ["classes=a,b"]).contains("write classes=[…]"))
}

@Test func everyMistakeOfAShapeIsSaid() {
    let cases = [
        ("method: sobul\nsweep: {a: [1]}", "did you mean sobol?"),
        ("method: random\nsweep: {a: [1]}", "samples: missing"),
        ("samples: 3\nsweep: {a: [1]}", "samples: belongs to a sampled sweep"),
        (
            "sample_seed: -1\nmethod: random\nsamples: 1\nsweep: {a: [1]}",
            "sample_seed: found -1; expected a whole number"
        ),
        ("sweep: {a: [1, 2], b: [1]}\nzip: [[a, b]]", "a has 2, b has 1"),
        ("sweep: {a: [1]}\nzip: [[a, c]]", "zip: c is not swept"),
        ("sweep: {a: [1]}\nzip: [[a]]", "two swept keys or more"),
        ("sweep: {a: [1]}\nwhen: {b: {a: 1}}", "when: b is not swept"),
        ("sweep: {a: [1], b: [2]}\nwhen: {a: {b: 2}}", "which has to come before it"),
        (
            "sweep: {a: [1, 2, 3], seeds: 5}\nmax_runs: 14",
            "the sweep makes 15 runs, and at most 14"
        ),
        ("sweep: {a: [1]}\ninclude: [{a: \"!=1\"}]", "include: leaves no run over"),
        (
            "sweep: {a: [1, 2]}\nexclude: [{a: 3}]",
            "exclude: a never has the value 3; its values are 1, 2"
        ),
        ("sweep: {seed: [1], seeds: 2}", "seed and seeds are both given"),
        ("method: random\nsamples: 2", "nothing is swept"),
        (
            "method: random\nsamples: 2\nsweep: {seed: {distribution: int_uniform, min: 1, max: 9}}",
            "seed: can't be drawn"
        ),
        (
            "set: {x: 1}\nsweep: {a: [\"${x}\", 2]}",
            "a: references are not resolved in lists and axes"
        ),
        ("set: {x: [\"${y}\"], y: 1}", "x: references are not resolved in lists and axes"),
        ("sweep: {a: [1]}\nexclude: [{a: \">x\"}]", "found x after >; expected a number"),
        ("sweep: {a: {distribution: uniform, min: 0, max: 1}}", "count missing"),
        ("sweep: {a: {distribution: unifrm, min: 0, max: 1, count: 2}}", "did you mean uniform?"),
        (
            "sweep: {a: {distribution: normal, mean: 0, std: 0, count: 2}}",
            "std: expected a number above 0"
        ),
        ("sweep: {a: {distribution: int_uniform, min: 0.5, max: 2, count: 2}}", "whole numbers"),
        ("sweep: {a: {distribution: log, min: 0, max: 2, count: 2}}", "a log axis begins above 0"),
        ("sweep: {s: [{w: 1}, {h: 2}]}", "has to set the same keys"),
        ("sweep: {s: [{w: 1, h: 1}, {w: ~, h: 2}]}", "s.w: expected a value"),
        ("sweep: {seeds: 0}", "seeds: found 0"),
    ]
    for (text, message) in cases {
        let told = mistakes(command + text)
        #expect(told.contains(message), "\(text)\n\(told)")
    }
    #expect(
        mistakes(
            "set: {path_to_dataset: \"builtin:visemes\"}\nmethod: random\nsamples: 9\nsweep: {dropout: {distribution: normal, mean: 0.5, std: 5}}"
        ).contains("dropout: the axis gives"))
    #expect(
        mistakes(
            "set: {path_to_dataset: \"builtin:visemes\"}\nsweep: {lr: [0.1]}\nexclude: [{optimizer: \">1\"}]"
        )
        .contains(
            "optimizer is not a number"))
}

@Test func sweepFilesOfWandbAreRecipes() throws {
    let text = """
        program: t.sh
        method: random
        run_cap: 6
        metric: {name: val_loss, goal: minimize}
        parameters:
          lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
          batch: {values: [8, 16]}
          epochs: {value: 3}
          model: {parameters: {depth: {min: 1, max: 4}}}
        """
    let made = try recipe(text)
    #expect(try made.expand().count == 6 && made.metric.name == "val_loss")
    guard let trainer = made.trainer.command else { return #expect(Bool(false), "a command") }
    #expect(
        trainer.command == [
            "python3", "t.sh", "--epochs={epochs}", "--lr={lr}", "--batch={batch}",
            "--model.depth={model.depth}",
        ])
    for (change, message) in [
        ("method: bayes", "method: bayes can't be translated"),
        (
            "method: random\nearly_terminate: {type: hyperband}",
            "early_terminate: can't be translated"
        ),
    ] {
        let told = mistakes(text.replacing("method: random", with: change))
        #expect(told.contains("r.yaml:2") || told.contains("r.yaml:3"), "\(told)")
        #expect(told.contains(message), "\(told)")
    }
    #expect(mistakes(text.replacing("run_cap: 6\n", with: "")).contains("samples: missing"))
    #expect(
        mistakes(text.replacing("log_uniform_values", with: "q_beta")).contains(
            "r.yaml:6:22: error: lr: the distribution q_beta can't be translated"))
    #expect(
        mistakes(
            text.replacing("values: [8, 16]", with: "values: [8, 16], probabilities: [0.1, 0.9]")
        ).contains(
            "probabilities can't be translated"))
}
