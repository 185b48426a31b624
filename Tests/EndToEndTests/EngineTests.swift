import Foundation
import Kernels
import Testing

/// A run of seconds that goes through every kernel: with 16 filters the first stage is computed by
/// Winograd's products, the others directly.
private let toy = """
    path_to_dataset: builtin:visemes
    len_video: 5
    size_lips: {width: 32, height: 32}
    channels_lips: 1
    filters: 16
    batch_size: 7
    dropout: 0.2
    epoch: 2
    builtin: {words: 2, train_speakers: 5, val_speakers: 1, test_speakers: 1, takes: 2}
    """

private func digest(threads: Int, simd: String?) async throws -> String {
    let program = try Program(["toy.yaml": toy])
    defer { program.close() }
    let ending = try await program.run(
        "train", "--config", "toy.yaml", "--threads", String(threads),
        environment: ["VISEME_SIMD": simd])
    #expect(ending.status == .exited(0), "\(ending.errors)")
    return try program.text("results/train/\(program.trainedRun())/digests.txt")
}

@Test func aRunIsTheSameForAnyNumberOfThreadsAndEveryVectorWidth() async throws {
    let alone = try await digest(threads: 1, simd: nil)
    #expect(alone.split(separator: "\n").count == 1)
    for threads in 2...4 {
        #expect(try await digest(threads: threads, simd: nil) == alone, "\(threads) threads")
    }
    for width in VectorWidth.allCases where width.isAvailable {
        #expect(try await digest(threads: 1, simd: width.rawValue) == alone, "\(width)")
    }
}

@Test func runsSideBySideAreTheSameAsAlone() async throws {
    let alone = try await digest(threads: 1, simd: nil)
    async let first = digest(threads: 2, simd: nil)
    async let second = digest(threads: 1, simd: nil)
    async let third = digest(threads: 3, simd: nil)
    #expect(try await [first, second, third] == [alone, alone, alone])
}

@Test func lrGridHasItsGoldenDigestsWithAVX2() async throws {
    guard VectorWidth.avx2.isAvailable else { return }
    let program = try Program()
    defer { program.close() }
    let ending = try await program.run(
        "sweep", Program.lrGrid, environment: ["VISEME_SIMD": "avx2"])
    #expect(ending.status == .exited(0), "\(ending.errors)")
    let golden = try String(
        contentsOfFile: Program.lrGrid.replacing(".yaml", with: ".digests"), encoding: .utf8)
    #expect(try program.text("results/lr_grid/digests.txt") == golden)
}

/// A wide instruction hidden in the narrow kernels, or in code that the linker merged, ends this
/// with an illegal instruction.
@Suite(.enabled(if: Program.has("qemu-x86_64"), "needs qemu-x86_64 (Debian: qemu-user)"))
struct OnAProcessorWithoutAVX512 {
    private let haswell = ["qemu-x86_64", "-cpu", "Haswell"]

    @Test func aRunIsTheSame() async throws {
        let program = try Program(["toy.yaml": toy])
        defer { program.close() }
        let ending = try await program.run(
            under: haswell, "train", "--config", "toy.yaml", "--threads", "2",
            environment: ["VISEME_SIMD": nil])
        #expect(ending.status == .exited(0), "\(ending.errors)")
        #expect(ending.output.contains("vectors avx2"))
        #expect(
            try await program.text("results/train/\(program.trainedRun())/digests.txt")
                == digest(threads: 1, simd: nil)
        )
    }

    @Test func askingForAVX512IsAnError() async throws {
        let program = try Program(["toy.yaml": toy])
        defer { program.close() }
        let ending = try await program.run(
            under: haswell, "train", "--config", "toy.yaml", environment: ["VISEME_SIMD": "avx512"])
        #expect(ending.status == .exited(2))
        #expect(
            ending.errors.contains(
                "VISEME_SIMD=avx512: this processor lacks it; the widest it has is avx2"))
    }
}

#if os(Linux)
    @Suite(
        .enabled(if: Program.has("cc"), "needs a C compiler, cc, for scripts/count_allocations.c"))
    struct Allocations {
        @Test(arguments: [
            ("resnet18_lstm", 1), ("resnet18_lstm", 2), ("resnet18_bigru", 1),
            ("resnet18_mstcn", 1), ("resnet18_dctcn", 2), ("cnn3d_gru", 1),
        ])
        func aTrainingStepAllocatesNothingAfterTheFirst(model: String, threads: Int) async throws {
            let program = try Program()
            defer { program.close() }
            let source = Program.package.appending(path: "scripts/count_allocations.c").path
            let compiled = try await program.run(
                command: ["cc", "-O2", "-shared", "-fPIC", "-o", "count_allocations.so", source])
            #expect(compiled.status == .exited(0), "\(compiled.errors)")
            func allocations(steps: Int) async throws -> Int? {
                let library = program.folder.appending(path: "count_allocations.so").path
                let ending = try await program.run(
                    "bench", "step", "--model", model, "--filters", "8", "--allocations", "--steps",
                    String(steps),
                    "--threads",
                    String(threads), environment: ["LD_PRELOAD": library])
                return Int(ending.output.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            let few = try #require(await allocations(steps: 2))
            // Reading the counter may allocate once itself; ten steps more must not add to it.
            #expect(few <= 2)
            #expect(try await allocations(steps: 12) == few)
        }
    }
#endif
