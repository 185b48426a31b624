#pragma once
#include <stdint.h>
#include <string.h>

#include "vector.h"

typedef int32_t viseme_numbers __attribute__((ext_vector_type(16)));
/// Sixteen numbers anywhere in memory.
typedef float viseme_loose __attribute__((ext_vector_type(16), aligned(4)));
typedef uint8_t viseme_bytes __attribute__((ext_vector_type(16)));

static inline __attribute__((always_inline)) void viseme_interleave(const viseme_bytes *a, viseme_bytes *b) {
#pragma clang loop unroll(full)
    for (int row = 0; row < 8; row++) {
        b[2 * row] = __builtin_shufflevector(
            a[row], a[row + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        b[2 * row + 1] = __builtin_shufflevector(
            a[row], a[row + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

/// Sixteen bytes of each of sixteen rows, turned: out[16·column + row] is that byte, in its tone, divided by 255.
///
/// The quotient is the exactly rounded one: 1/255 is split into 0x1.01p-8, whose products with bytes are exact, and the
/// rest (all 256 bytes are tested).
/// - tone: NULL, or three vectors, gain, contrast and mean of each row: what becomes of a byte is
///   mean + (byte·gain − mean)·contrast, rounded to the nearest of 0…255.
static inline __attribute__((always_inline)) void viseme_turn(
    const uint8_t *const *rows, const float *tone, long from, float *out) {
#pragma STDC FP_CONTRACT OFF
    viseme_bytes a[16], b[16];
#pragma clang loop unroll(full)
    for (int row = 0; row < 16; row++) memcpy(&a[row], rows[row] + from, 16);
    // Four times a row and the one eight further down are interleaved.
    viseme_interleave(a, b);
    viseme_interleave(b, a);
    viseme_interleave(a, b);
    viseme_interleave(b, a);
    if (!tone) {
        for (int column = 0; column < 16; column++) {
            viseme_lanes value = __builtin_convertvector(a[column], viseme_lanes);
            ((viseme_loose *)out)[column] = value * 0x1.01p-8f + value * 0x1.010102p-24f;
        }
        return;
    }
    for (int column = 0; column < 16; column++) {
        viseme_lanes value = __builtin_convertvector(a[column], viseme_lanes);
        const viseme_loose *t = (const viseme_loose *)tone;
        viseme_lanes changed = t[2] + (value * t[0] - t[2]) * t[1] + 0.5f;
        changed = __builtin_elementwise_min(changed, (viseme_lanes)(255.0f));
        changed = __builtin_elementwise_max(changed, (viseme_lanes)(0.0f));
        value = __builtin_convertvector(__builtin_convertvector(changed, viseme_numbers), viseme_lanes);
        ((viseme_loose *)out)[column] = value * 0x1.01p-8f + value * 0x1.010102p-24f;
    }
}

/// The same of two sets of rows, mixed: share·first + rest·second, row by row; `shares` are two vectors.
static inline void viseme_turn_mixed(
    const uint8_t *const *first, const float *tone, const uint8_t *const *second, const float *other_tone,
    const float *shares, long from, float *out) {
#pragma STDC FP_CONTRACT OFF
    viseme_lanes other[16];
    viseme_lanes share = ((const viseme_loose *)shares)[0], rest = ((const viseme_loose *)shares)[1];
    viseme_turn(first, tone, from, out);
    viseme_turn(second, other_tone, from, (float *)other);
    for (int column = 0; column < 16; column++) {
        viseme_loose *place = (viseme_loose *)out + column;
        *place = share * *place + rest * other[column];
    }
}
