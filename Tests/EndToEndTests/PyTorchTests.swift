import Foundation
import RunStore
import Tensors
import Testing

/// What `Tests/Golden/make_logits.py` had PyTorch compute from weights and clips that viseme
/// exported.
private struct PyTorchLogits: Decodable {
    let label: String
    let content_digest: String
    let logits: [String: [[Double]]]
    let shapes: [String: [Int]]
}

/// The weights have the names and shapes that PyTorch's module took with strict=True, and PyTorch
/// sees in the exported clips what we see.
@Test func exportedWeightsGivePyTorchsLogits() async throws {
    let file = Program.package.appending(path: "Tests/Golden/tiny_logits.json")
    let golden = try JSONDecoder().decode(PyTorchLogits.self, from: Data(contentsOf: file))
    let program = try Program()
    defer { program.close() }
    _ = try await program.run("sweep", Program.tiny, "--only", golden.label)
    let exported = try await program.run(
        "export", "results/tiny:\(golden.label)", "--safetensors", "w.safetensors", "--clips",
        "clips.safetensors")
    #expect(exported.status == .exited(0), "\(exported.errors)")
    let record = try program.record(golden.label, study: "tiny")
    #expect(record.contentDigest == golden.content_digest)
    let weights = try SafeTensors.read(
        Data(contentsOf: program.folder.appending(path: "w.safetensors")))
    #expect(Dictionary(uniqueKeysWithValues: weights.map { ($0.name, $0.shape) }) == golden.shapes)
    #expect(
        weights == record.weights.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    let clips = try SafeTensors.read(
        Data(contentsOf: program.folder.appending(path: "clips.safetensors")))
    #expect(clips.map(\.name) == ["test/clips", "test/labels", "val/clips", "val/labels"])
    for predictions in record.predictions {
        let expected = try #require(golden.logits[predictions.split.rawValue]).flatMap { $0 }
        #expect(predictions.logits.count == expected.count)
        let scale = expected.map { abs($0) }.max() ?? 0
        for (ours, theirs) in zip(predictions.logits, expected) {
            #expect(
                abs(Double(ours) - theirs) <= 1e-4 * scale,
                "\(predictions.split): \(ours) against \(theirs)")
        }
    }
}
