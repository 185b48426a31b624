#pragma once

/// From here to `viseme_guard_end`, on this thread, a library that fails or never returns over a file ends the process with
/// one line on standard error and this exit status, instead of a crash or a hang.
/// - file: named in that line.
/// - seconds: processor time that this thread may take; where the system can't count it, there is no limit.
void viseme_guard_begin(const char *file, int seconds, int status);
void viseme_guard_end(void);
