#include "processor.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

typedef __attribute__((swiftcall)) void (*swift_code)(
    intptr_t thread, intptr_t first, intptr_t end, __attribute__((swift_context)) void *captured);

void viseme_call(viseme_closure closure, intptr_t thread, intptr_t first, intptr_t end) {
    ((swift_code)closure.code)(thread, first, end, closure.captured);
}

/// Called from Swift with a closure where C sees its two words (`Team.swift`).
__attribute__((swiftcall)) void viseme_lend(
    void *code, void *captured, void *job, void (*run)(void *job, viseme_closure closure)) {
    run(job, (viseme_closure){code, captured});
}

void viseme_processor_name(char name[49]) {
    memset(name, 0, 49);
#if defined(__x86_64__)
    unsigned words[12];
    unsigned most = __get_cpuid_max(0x80000000, 0);
    if (most < 0x80000004) return;
    for (unsigned leaf = 0; leaf < 3; leaf++) {
        __get_cpuid(
            0x80000002 + leaf, &words[4 * leaf], &words[4 * leaf + 1], &words[4 * leaf + 2], &words[4 * leaf + 3]);
    }
    memcpy(name, words, 48);
#endif
}
