/// What a network computes of each number by itself.
public enum ActivationFunction: @unchecked Sendable {
    /// max(0, x).
    case rectifier
    /// x, or x times the slope of its channel below 0 (PReLU, He et al. 2015).
    case leaky(slopes: UnsafePointer<Float>)
    /// x·σ(x) (Ramachandran et al. 2017).
    case swish
}

/// Numbers of pixels that do not lie side by side: pixel p begins at `pointer + p·stride`.
public struct StridedPixels: @unchecked Sendable {
    public let pointer: UnsafeMutablePointer<Lanes>
    /// `Lanes` from one pixel to the next.
    public let stride: Int

    public init(_ pointer: UnsafeMutablePointer<Lanes>, stride: Int) {
        (self.pointer, self.stride) = (pointer, stride)
    }
}

/// Where the windows of a pooling lie.
public struct PoolGeometry: Sendable, Equatable {
    public let height, width, channels: Int
    public let kernel, stride, padding: Int

    public init(height: Int, width: Int, channels: Int, kernel: Int, stride: Int, padding: Int) {
        (self.height, self.width, self.channels) = (height, width, channels)
        (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    }

    public var outputHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
    public var outputWidth: Int { (width + 2 * padding - kernel) / stride + 1 }

    /// The taps of a window that are on the picture.
    @inline(__always)
    public func taps(_ position: Int, size: Int) -> Range<Int> {
        let first = position * stride - padding
        return Range(uncheckedBounds: (max(0, -first), min(kernel, size - first)))
    }
}
