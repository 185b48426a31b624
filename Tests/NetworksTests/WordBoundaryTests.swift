import Kernels
import Networks
import Tensors
import Testing

private func context(clips: Int, steps: Int, boundary: WordBoundary) -> LayerContext {
    LayerContext(
        compute: ComputeContext(kernels: VectorWidth.best.kernels, threads: 1),
        parameters: Parameters([]), clips: clips, steps: steps, boundary: boundary)
}

@Test(arguments: [Activations.Layout.sequence, .timeline])
func theBoundaryIsTheLastChannel(layout: Activations.Layout) {
    let (clips, steps, channels) = (18, 3, 4)
    let boundary = WordBoundary(clips: clips, steps: steps)
    let layer = AppendBoundary(
        boundary, channels: channels, in: context(clips: clips, steps: steps, boundary: boundary))
    let words = (0..<clips).map { clip in (0..<steps).map { Float(($0 + clip) % 2) } }
    boundary.set(words)
    let memory = Buffer<Lanes>(count: 2 * steps * channels)
    for at in 0..<2 * steps * channels {
        for lane in 0..<laneCount { memory.pointer[at][lane] = Float(100 * at + lane) }
    }
    let x = Activations(
        pointer: memory.pointer, layout: layout, batch: clips, steps: steps, channels: channels)
    let y = layer.forward(x, .evaluation)
    #expect(y.channels == 5)
    func row(_ clip: Int, _ time: Int) -> Int {
        layout == .timeline ? clip / laneCount * steps + time : time * 2 + clip / laneCount
    }
    for clip in 0..<clips {
        for time in 0..<steps {
            let (row, lane) = (row(clip, time), clip % laneCount)
            #expect(y.pointer[row * 5 + 4][lane] == words[clip][time])
            for channel in 0..<4 {
                #expect(
                    y.pointer[row * 5 + channel][lane] == x.pointer[row * 4 + channel][lane])
            }
        }
    }
    // Back goes what belongs to the features.
    let gradient = layer.backward(y)
    #expect(gradient?.channels == 4)
    for at in 0..<2 * steps * channels {
        #expect(gradient?.pointer[at] == x.pointer[at])
    }
    withExtendedLifetime(memory) {}
}

/// Longer clips of an earlier batch leave nothing behind.
@Test func aSmallerBatchHasItsOwnBoundaries() {
    let boundary = WordBoundary(clips: 3, steps: 2)
    let layer = AppendBoundary(
        boundary, channels: 1, in: context(clips: 3, steps: 2, boundary: boundary))
    let memory = Buffer<Lanes>(count: 2)
    boundary.set([[1, 1], [1, 1], [1, 1]])
    boundary.set([[0, 1]])
    let x = Activations(
        pointer: memory.pointer, layout: .sequence, batch: 1, steps: 2, channels: 1)
    let y = layer.forward(x, .evaluation)
    #expect((0..<3).map { y.pointer[1][$0] } == [0, 0, 0])
    #expect((0..<3).map { y.pointer[3][$0] } == [1, 0, 0])
    withExtendedLifetime(memory) {}
}

/// Mixed clips have a share of each word, as they have of each picture.
@Test func mixedClipsMixTheirBoundaries() {
    let frame: [UInt8] = [0]
    frame.withUnsafeBufferPointer { pixels in
        let frames = pixels.baseAddress.map { [$0, $0, $0] } ?? []
        func clip(_ word: [Float]) -> ClipPixels {
            ClipPixels(
                frames: frames, rows: [0], columns: [0], tone: Tone(), wordBoundary: word)
        }
        let mixed = MixedPixels(clip([0, 1, 1]), mixedWith: clip([1, 1, 0]), share: 0.75)
        #expect(mixed.wordBoundary == [0.25, 1, 0.75])
        #expect(MixedPixels(clip([0, 1, 1])).wordBoundary == [0, 1, 1])
    }
}
