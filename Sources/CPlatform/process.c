#define _GNU_SOURCE
#include "process.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/types.h>

int viseme_limit_memory(int process, long bytes) {
    struct rlimit limit = {(rlim_t)bytes, (rlim_t)bytes};
    return prlimit(process, RLIMIT_AS, &limit, 0);
}
#else
int viseme_limit_memory(int process, long bytes) { return -1; }
#endif
