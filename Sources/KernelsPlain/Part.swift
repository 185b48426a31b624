import KernelContract

#if AVX512
    /// As many lanes as one register holds.
    typealias Part = Lanes
    let partsOfLanes = 1
#elseif AVX2
    typealias Part = SIMD8<Float>
    let partsOfLanes = 2
#else
    typealias Part = SIMD4<Float>
    let partsOfLanes = 4
#endif
