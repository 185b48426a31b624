#pragma once
#ifdef __linux__
#include <sys/prctl.h>
#endif

/// From now on a process may take so many bytes of address space, where the system can say so.
int viseme_limit_memory(int process, long bytes);

/// From now on, programs whose parent ends become children of this process, if it started their ancestors.
static inline int viseme_adopt_orphans(void) {
#ifdef __linux__
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#else
    return -1;
#endif
}
