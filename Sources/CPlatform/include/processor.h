#pragma once
#include <stdint.h>

/// What the processor and the operating system together allow, asked of the processor itself: under an emulator the
/// answer is the emulated processor's.
static inline int viseme_processor_has_avx2_fma(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

static inline int viseme_processor_has_avx512(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
    return 0;
#endif
}

/// What the processor calls itself, in at most 48 bytes and a zero; empty where it has no name. Under an emulator it is the
/// emulated processor's.
void viseme_processor_name(char name[49]);

/// Tells the processor that this thread is waiting in a loop.
static inline void viseme_processor_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// A Swift closure `(thread, first, end) -> Void`, as Swift passes it: code and what it captured.
typedef struct {
    void *code;
    void *captured;
} viseme_closure;

/// Calls a closure that another thread lent. It lies on that thread's stack: nothing is allocated, as it would be to let
/// it escape in Swift.
void viseme_call(viseme_closure closure, intptr_t thread, intptr_t first, intptr_t end);
