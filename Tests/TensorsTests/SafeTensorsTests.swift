import Foundation
import Tensors
import Testing

/// `Tests/Golden/types.safetensors` is the safetensors package's own (make_safetensors.py).
private func golden() throws -> Data {
    try Data(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Golden/types.safetensors"))
}

@Test func everyTypeOfTheReferenceIsReadWithoutLoss() throws {
    let tensors = Dictionary(
        uniqueKeysWithValues: try SafeTensors.read(golden()).map { ($0.name, $0) })
    let halves: [Float] = [
        0, -0.0, 1, -2.5, 65504, 6.103515625e-05, 5.9604644775390625e-08, .infinity,
    ]
    #expect(tensors["half"]?.elements == .float32(halves) && tensors["half"]?.dtype == "F16")
    #expect(tensors["single"]?.elements == .float32([1.5, -0.25, 3.4028234663852886e38]))
    #expect(
        tensors["double"]?.elements == .float64([0.1, -1e300])
            && tensors["double"]?.shape == [1, 2])
    #expect(tensors["int64"]?.elements == .integer([Int.min, -1, Int.max]))
    #expect(tensors["int32"]?.elements == .integer([-2_147_483_648, 7]))
    #expect(
        tensors["int16"]?.elements == .integer([-32768, 9])
            && tensors["int8"]?.elements == .integer([-128, 127]))
    #expect(
        tensors["uint8"]?.elements == .integer([0, 255])
            && tensors["bool"]?.elements == .integer([1, 0]))
    #expect(tensors["scalar"]?.shape == [] && tensors["empty"]?.shape == [0, 3])
    #expect(tensors.count == 11)
}

@Test func whatIsWrittenIsReadBack() throws {
    let file = FileManager.default.temporaryDirectory.appending(
        path: "viseme-test-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    let tensors = [
        Tensor(name: "a.weight", shape: [2, 1], values: [1, -0.0]),
        Tensor(name: "b", shape: [1], elements: .float64([0.1]), dtype: "F64"),
        Tensor(name: "c", shape: [], elements: .integer([-3]), dtype: "I64"),
    ]
    try SafeTensors.write(tensors, to: file.path)
    #expect(try SafeTensors.read(Data(contentsOf: file)) == tensors)
}

@Test func noDamagedFileOfTensorsCrashes() throws {
    let whole = [UInt8](try golden())
    var stream = RandomStream(seed: 3, purpose: .order)
    for length in stride(from: 0, to: whole.count, by: 7) {
        _ = try? SafeTensors.read(Data(whole.prefix(length)))
    }
    for _ in 0..<2000 {
        var bytes = whole
        for _ in 0..<3 { bytes[Int(stream.below(UInt32(bytes.count)))] = UInt8(stream.below(256)) }
        _ = try? SafeTensors.read(Data(bytes))
    }
    let header = #"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    #expect(throws: SafeTensors.Problem.self) { try SafeTensors.read(length + Data(header.utf8)) }
    #expect(throws: SafeTensors.Problem.self) { try SafeTensors.read(Data()) }
}
