import CVector
import KernelContract

extension Loops {
    public static func turnPixels(
        _ first: PixelTurn, mixedWith second: PixelTurn?, count: Int,
        target: UnsafeMutablePointer<Lanes>
    ) {
        var from = 0
        while from + laneCount <= count {
            turn(
                first, second, from,
                UnsafeMutableRawPointer(target + from).assumingMemoryBound(to: Float.self))
            from += laneCount
        }
        guard from < count else { return }
        // The bytes beyond a row are its padding, which belongs to the network.
        withUnsafeTemporaryAllocation(of: Lanes.self, capacity: laneCount) { last in
            guard let last = last.baseAddress else { return }
            turn(
                first, second, from,
                UnsafeMutableRawPointer(last).assumingMemoryBound(to: Float.self))
            (target + from).update(from: last, count: count - from)
        }
    }

    /// Sixteen numbers of each row.
    @inline(__always)
    private static func turn(
        _ first: PixelTurn, _ second: PixelTurn?, _ from: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        if let second, let shares = second.shares {
            viseme_turn_mixed(
                first.rows, first.tone, second.rows, second.tone, shares, from, target)
        } else {
            viseme_turn(first.rows, first.tone, from, target)
        }
    }
}
