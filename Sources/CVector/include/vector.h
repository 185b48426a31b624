#pragma once

/// Sixteen numbers: `SIMD16<Float>` in Swift.
typedef float viseme_lanes __attribute__((ext_vector_type(16)));

/// The square root of each number, exactly rounded (IEEE 754). In Swift, `squareRoot()` of a vector takes them one by one.
static inline viseme_lanes viseme_square_root(viseme_lanes x) { return __builtin_elementwise_sqrt(x); }
