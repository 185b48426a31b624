#pragma once

// Vector operations that Swift's SIMD types do not give as one instruction. Each is compiled with the module that uses it.

/// Sixteen numbers: `SIMD16<Float>` in Swift.
typedef float viseme_lanes __attribute__((ext_vector_type(16)));

/// The square root of each number, exactly rounded (IEEE 754). In Swift, `squareRoot()` of a vector takes them one by one.
static inline viseme_lanes viseme_square_root(viseme_lanes x) { return __builtin_elementwise_sqrt(x); }

// Folds: each adds the halves of every group of numbers of both vectors and puts the two results into one vector.
// Sixteen vectors become the sixteen sums of their numbers by 8 folds of 8, 4 of 4, 2 of 2 and 1 of 1.

static inline viseme_lanes viseme_fold8(viseme_lanes a, viseme_lanes b) {
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
        + __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

static inline viseme_lanes viseme_fold4(viseme_lanes a, viseme_lanes b) {
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
        + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

static inline viseme_lanes viseme_fold2(viseme_lanes a, viseme_lanes b) {
    return __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29)
        + __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}

static inline viseme_lanes viseme_fold1(viseme_lanes a, viseme_lanes b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
        + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
