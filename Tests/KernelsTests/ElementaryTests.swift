import Foundation
import Kernels
import Tensors
import Testing

/// What `Tests/Golden/make_elementary.py` computed with mpmath.
private struct Table: Decodable {
    let x, y: Data

    static func load() throws -> [String: Table] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = folder.appending(path: "Golden/elementary.json")
        return try JSONDecoder().decode([String: Table].self, from: Data(contentsOf: file))
    }

    var arguments: [Float] {
        x.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
    }

    var values: [Double] {
        y.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
                Double(
                    bitPattern: UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)))
            }
        }
    }
}

private func values(_ function: ElementaryFunction, _ x: [Float], _ width: VectorWidth) -> [Float] {
    let count = (x.count + laneCount - 1) / laneCount
    let (input, output) = (Buffer<Lanes>(count: count), Buffer<Lanes>(count: count))
    for (index, value) in x.enumerated() {
        input.pointer[index / laneCount][index % laneCount] = value
    }
    width.kernels.apply(function, input.pointer, output.pointer, count: count)
    return x.indices.map { output.pointer[$0 / laneCount][$0 % laneCount] }
}

/// Distance from the true value in units of the last place of the result.
private func error(_ got: Float, _ expected: Double) -> Double {
    if Float(expected) == got {
        return abs(Double(got) - expected) / Double(Float(abs(expected)).ulp)
    }
    return abs(Double(got) - expected)
        / Double(max(Float(abs(expected)).ulp, .leastNonzeroMagnitude))
}

/// The bounds that the doc comments of `Elementary.swift` and docs/determinism.md state.
@Test(arguments: [
    (ElementaryFunction.exp, 1.2), (.log, 0.9), (.tanh, 1.4), (.sigmoid, 2.5), (.rsqrt, 1.5),
])
func elementaryFunctionsAreAsNearAsTheirDocumentationSays(
    function: ElementaryFunction, limit: Double
) throws {
    let table = try #require(try Table.load()["\(function)"])
    let (x, expected) = (table.arguments, table.values)
    for width in VectorWidth.allCases where width.isAvailable {
        let errors = zip(values(function, x, width), expected).map { error($0, $1) }
        let worst = errors.indices.max { errors[$0] < errors[$1] } ?? 0
        #expect(errors[worst] <= limit, "\(function) \(width): \(errors[worst]) ulp at \(x[worst])")
    }
}

@Test func elementaryFunctionsKeepToTheirEnds() {
    for width in VectorWidth.allCases where width.isAvailable {
        let ends: [Float] = [.infinity, -.infinity, .nan, 0, -0.0, 100, -200]
        let e = values(.exp, ends, width)
        #expect(
            e[0] == .infinity && e[1] == 0 && e[2].isNaN && e[3] == 1 && e[4] == 1
                && e[5] == .infinity && e[6] == 0)
        let l = values(.log, [0, -1, .infinity, .nan, 1, 1e-40], width)
        #expect(l[0] == -.infinity && l[1].isNaN && l[2] == .infinity && l[3].isNaN && l[4] == 0)
        #expect(error(l[5], Foundation.log(Double(Float(1e-40)))) <= 0.9)
        let t = values(.tanh, ends, width)
        #expect(t[0] == 1 && t[1] == -1 && t[2].isNaN && t[3] == 0 && t[5] == 1 && t[6] == -1)
        let s = values(.sigmoid, ends, width)
        #expect(s[0] == 1 && s[1] == 0 && s[2].isNaN && s[3] == 0.5)
        let r = values(.rsqrt, [0, -1, .infinity, .nan, 4], width)
        #expect(r[0] == .infinity && r[1].isNaN && r[2] == 0 && r[3].isNaN && r[4] == 0.5)
    }
}

@Test(arguments: ElementaryFunction.allCases)
func elementaryFunctionsAreTheSameToTheBitAtEveryWidth(function: ElementaryFunction) throws {
    let table = try #require(try Table.load()["\(function)"])
    let ends: [Float] = [
        .infinity, -.infinity, .nan, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        .leastNormalMagnitude,
        .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e-40, -1e-40, 88.8, -103.97, -104.5,
        9.02, 0.625,
    ]
    let x = table.arguments + ends
    let plain = values(function, x, .plain)
    for width in VectorWidth.allCases where width.isAvailable {
        let different = zip(plain, values(function, x, width)).filter {
            $0.bitPattern != $1.bitPattern
        }
        // Two NaNs may differ in their sign and payload: the digests take every NaN as one.
        #expect(different.allSatisfy { $0.isNaN && $1.isNaN }, "\(function) \(width)")
    }
}
