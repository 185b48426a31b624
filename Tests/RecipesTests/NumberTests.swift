import Execution
import Foundation
import Recipes
import Studies
import Testing

/// The values of an axis `x` of a command, or what is wrong with it.
private func values(_ axis: String, key: String = "x") throws -> [Value] {
    let scratch = try Scratch([
        "r.yaml": "trainer: {command: [sh, \"{\(key)}\"]}\nsweep: {\(key): \(axis)}\n"
    ])
    return try scratch.recipe().expand().compactMap { $0.setting[key] }
}

private func problem(_ axis: String, key: String = "x") -> String {
    let scratch = try? Scratch([
        "r.yaml": "trainer: {command: [sh, \"{\(key)}\"]}\nsweep: {\(key): \(axis)}\n"
    ])
    return scratch?.mistakes().joined(separator: "\n") ?? ""
}

@Test func aCommandReceivesWhatWasWritten() throws {
    func words(_ axis: String) throws -> [String] { try values(axis).map(\.word) }
    #expect(try words("[7, 8.0, 0.5]") == ["7", "8.0", "0.5"])
    #expect(try words("{from: 1, to: 3, step: 1}") == ["1", "2", "3"])
    #expect(try words("{from: 0.0, to: 1, step: 0.5}") == ["0.0", "0.5", "1.0"])
    #expect(try words("{distribution: uniform, min: 1, max: 2, count: 2}") == ["1.0", "2.0"])
    #expect(try words("{distribution: int_uniform, min: 1, max: 3, count: 2}") == ["1", "3"])
    #expect(
        try words("[-9223372036854775808, 9007199254740993, 18446744073709551615]")
            == ["-9223372036854775808", "9007199254740993", "18446744073709551615"])
}

@Test func numbersThatCannotBeHeldAreMistakesWithTheLimit() throws {
    #expect(
        problem("[1, 18446744073709551616]").contains(
            "whole numbers reach from -9223372036854775808 to 18446744073709551615"))
    #expect(problem("[1, -9223372036854775809]").contains("whole numbers reach from"))
    for number in ["1e-400", "-0.1e-400", "1e400"] {
        #expect(
            problem("[1, \(number)]").contains("numbers reach from 4.9e-324 to 1.8e308"),
            "\(problem("[1, \(number)]"))")
    }
    #expect(try values("[0.0e-400, 4.9e-324]").count == 2)
    #expect(try values("[-9223372036854775808, 18446744073709551615]", key: "seed").count == 2)
    #expect(
        problem("[18446744073709551616]", key: "seed").contains(
            "expected a whole number from -9223372036854775808 to 18446744073709551615"))
}

@Test func seedsOfTheBuiltInTrainerAreExact() throws {
    let scratch = try Scratch([
        "r.yaml":
            "set: {path_to_dataset: builtin:visemes}\nsweep: {seed: [9223372036854775807, 18446744073709551615]}\n"
    ])
    let runs = try scratch.recipe().expand()
    #expect(
        runs.map(\.label) == ["seed=9223372036854775807", "seed=18446744073709551615"])
    #expect(runs.map { $0.configuration.unsigned("seed") } == [UInt64(Int.max), UInt64.max])
    let negative = try Scratch(["r.yaml": "path_to_dataset: builtin:visemes\nseed: -1\n"])
    #expect(negative.mistakes().first?.contains("from 0 to 18446744073709551615") ?? false)
}

@Test func textsThatDifferOnlyInTheirFormAreAMistake() {
    #expect(problem("[\"\u{E9}\", \"e\u{301}\"]").contains("differ only in their Unicode form"))
    #expect(problem("[\"a\\0b\"]").contains("holds a NUL character"))
}
