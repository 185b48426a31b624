import KernelContract

#if AVX512
    /// As many lanes as one register holds.
    typealias Register = Lanes
    let registersOfLanes = 1
#elseif AVX2
    typealias Register = SIMD8<Float>
    let registersOfLanes = 2
#else
    typealias Register = SIMD4<Float>
    let registersOfLanes = 4
#endif
