import Foundation
import Kernels
import Networks

/// What `Tests/Golden/make_layers.py` computed with PyTorch for one layer, in float64. Shapes are
/// `[clip, time, channel, row, column]`, `[clip, time, channel]` or `[clip, channel]`.
struct GoldenLayer: Decodable {
    let weights, gradients, averages: [String: GoldenArray]
    let x, y, gradient, xGradient, evaluated: GoldenArray

    private enum CodingKeys: String, CodingKey {
        case weights, gradients, averages, x, y, gradient, evaluated
        case xGradient = "x_gradient"
    }

    private struct File: Decodable { let cases: [String: GoldenLayer] }

    struct Missing: Error { let name: String }

    init(_ name: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = folder.appending(path: "Golden/layers.json")
        let cases = try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).cases
        guard let layer = cases[name] else { throw Missing(name: name) }
        self = layer
    }

    /// Writes an array's numbers to their places; zero everywhere else.
    func place(_ array: GoldenArray, in a: Activations) {
        for at in 0..<a.count { a.pointer[at] = Lanes(repeating: 0) }
        let values = array.values
        forEachPlace(array.shape, a) { a.pointer[$1][$2] = values[$0] }
    }

    /// The numbers of a layer, in the array's order.
    func read(_ a: Activations, as array: GoldenArray) -> [Float] {
        var values = [Float](repeating: 0, count: array.shape.reduce(1, *))
        forEachPlace(array.shape, a) { values[$0] = a.pointer[$1][$2] }
        return values
    }

    /// Pairs the index in PyTorch's order with a place and lane of ours. Pictures smaller than
    /// their memory lie in the middle of it, as "same" padding has it.
    private func forEachPlace(
        _ shape: [Int], _ a: Activations, _ body: (_ index: Int, _ place: Int, _ lane: Int) -> Void
    ) {
        let (clips, channels) = (shape[0], shape.count == 2 ? shape[1] : shape[2])
        let steps = shape.count == 2 ? 1 : shape[1]
        let (height, width) = shape.count == 5 ? (shape[3], shape[4]) : (1, 1)
        let (top, left) = ((a.height - height) / 2, (a.width - width) / 2)
        var index = 0
        for clip in 0..<clips {
            for time in 0..<steps {
                let frame = time * clips + clip
                let number = a.layout == .frames ? frame : clip
                let block =
                    switch a.layout {
                    case .sequence: number / laneCount + time * a.clipBlocks
                    case .timeline: number / laneCount * a.steps + time
                    case .frames, .clips: number / laneCount
                    }
                for channel in 0..<channels {
                    for row in 0..<height {
                        for column in 0..<width {
                            let pixel = (block * a.height + row + top) * a.width + column + left
                            body(index, pixel * a.channels + channel, number % laneCount)
                            index += 1
                        }
                    }
                }
            }
        }
    }
}
