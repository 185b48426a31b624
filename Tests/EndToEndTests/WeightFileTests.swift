import Foundation
import Studies
import Tensors
import Testing

private let python = ProcessInfo.processInfo.environment["VISEME_PYTHON"] ?? ""

/// Weights that a command leaves as NumPy writes them.
@Suite(
    .enabled(
        if: !python.isEmpty,
        "needs Python with Tests/Interop/requirements.txt, named by VISEME_PYTHON"))
struct WeightFileTests {
    private func program(_ arrays: String) throws -> Program {
        try Program([
            "r.yaml": """
            trainer: {command: ["\(python)", train.py], weights: out/w.npz, trace: false}
            metrics: {stdout: key=value}
            sweep: {seed: [1]}
            metric: {name: loss, goal: minimize}
            """,
            "train.py": """
            import numpy as np, os
            os.mkdir("out")
            print("epoch=1 loss=2")
            \(arrays)
            """,
        ])
    }

    @Test(arguments: ["savez", "savez_compressed"]) func arraysOfNumPyAreWeights(_ function: String)
        async throws
    {
        let program = try program(
            """
            np.\(function)("out/w.npz", c=np.arange(6.).reshape(2, 3),
                f=np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)),
                be=np.array([1.5, -2.5], ">f4"), h=np.array([1, 0.5], np.float16),
                t=np.array([True, False]), s=np.array(3, np.uint8), z=np.zeros((0, 2), np.float32))
            """)
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(0), "\(swept.output)")
        let weights = Dictionary(
            uniqueKeysWithValues: try program.record("seed=1").weights.map { ($0.name, $0) })
        #expect(Set(weights.keys) == ["c", "f", "be", "h", "t", "s", "z"])
        #expect(weights["c"]?.elements == .float64([0, 1, 2, 3, 4, 5]))
        #expect(weights["f"]?.elements == .integer(Array(0..<24)))
        #expect(weights["f"]?.shape == [2, 3, 4] && weights["f"]?.dtype == "I32")
        #expect(weights["be"]?.elements == .float32([1.5, -2.5]))
        #expect(weights["h"]?.elements == .float32([1, 0.5]) && weights["h"]?.dtype == "F16")
        #expect(weights["t"]?.elements == .integer([1, 0]) && weights["t"]?.dtype == "BOOL")
        #expect(weights["s"]?.elements == .integer([3]) && weights["s"]?.shape == [])
        #expect(weights["z"]?.shape == [0, 2])
        #expect(try await program.run("verify", "r.yaml").status == .exited(0))
    }

    @Test(arguments: [
        (
            #"np.savez("out/w.npz", o=np.array([{}]))"#,
            "o is of the type |O; expected numbers or truth values, since objects are pickles"
        ),
        (#"np.savez("out/w.npz", s=np.array(["a"]))"#, "s is of the type <U1"),
        (#"open("out/w.npz", "w").write("no")"#, "it is truncated, or not a ZIP archive"),
        (
            #"np.savez("out/w.npz", a=np.zeros(9)); b = open("out/w.npz", "rb").read(); open("out/w.npz", "wb").write(b.replace(b"NUMPY", b"NUMPX"))"#,
            "is damaged: its checksum differs"
        ),
        ("pass", "the program left no such file of weights"),
    ])
    func whatIsNoArrayOfNumbersIsRefused(_ arrays: String, _ message: String) async throws {
        let program = try program(arrays)
        defer { program.close() }
        let swept = try await program.run("sweep", "r.yaml")
        #expect(swept.status == .exited(1) && swept.output.contains(message), "\(swept.output)")
    }
}
