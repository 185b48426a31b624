import KernelContract

// The one-dimensional transforms of Winograd's F(2×2, 3×3), and how they load and store.

typealias Eight = SIMD8<Float>
typealias Four = (Register, Register, Register, Register)

@inline(__always)
func load(_ x: UnsafePointer<Lanes>, _ part: Int) -> Register {
    UnsafeRawPointer(x).load(
        fromByteOffset: part * MemoryLayout<Register>.stride, as: Register.self)
}

@inline(__always)
func store(_ value: Register, _ x: UnsafeMutablePointer<Lanes>, _ part: Int) {
    UnsafeMutableRawPointer(x).storeBytes(
        of: value, toByteOffset: part * MemoryLayout<Register>.stride, as: Register.self)
}

@inline(__always)
func storeFour(
    _ values: Four, _ target: UnsafeMutablePointer<Lanes>, _ stride: Int, _ part: Int
) {
    store(values.0, target, part)
    store(values.1, target + stride, part)
    store(values.2, target + 2 * stride, part)
    store(values.3, target + 3 * stride, part)
}

/// Bᵀ.
@inline(__always)
func transformFour(_ a: Register, _ b: Register, _ c: Register, _ d: Register) -> Four {
    (a - c, b + c, c - b, b - d)
}

/// Aᵀ.
@inline(__always)
func transformTwo(_ a: Register, _ b: Register, _ c: Register, _ d: Register) -> (
    top: Register, bottom: Register
) {
    (a + b + c, b - c - d)
}

/// A.
@inline(__always)
func spreadTwo(_ a: Register, _ b: Register) -> Four { (a, a + b, a - b, -b) }

/// G.
@inline(__always)
func transformThree(_ a: Eight, _ b: Eight, _ c: Eight) -> (Eight, Eight, Eight, Eight) {
    (a, (a + c + b) * 0.5, (a + c - b) * 0.5, c)
}

/// Gᵀ.
@inline(__always)
func gatherThree(_ a: Eight, _ b: Eight, _ c: Eight, _ d: Eight) -> (Eight, Eight, Eight) {
    let half = (b + c) * 0.5
    return (a + half, (b - c) * 0.5, half + d)
}

/// The first `count` of eight numbers, then zeros.
@inline(__always)
func loadEight(_ x: UnsafePointer<Float>, _ count: Int) -> Eight {
    if count == 8 { return UnsafeRawPointer(x).loadUnaligned(as: Eight.self) }
    var value = Eight.zero
    for i in 0..<count { value[i] = x[i] }
    return value
}

@inline(__always)
func storeEight(_ value: Eight, _ x: UnsafeMutablePointer<Float>, _ count: Int) {
    if count == 8 { return UnsafeMutableRawPointer(x).storeBytes(of: value, as: Eight.self) }
    for i in 0..<count { x[i] = value[i] }
}
