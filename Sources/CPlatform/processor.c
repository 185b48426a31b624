#include "processor.h"

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
