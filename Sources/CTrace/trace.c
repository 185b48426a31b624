// The trace library: preloaded into a command trainer and the processes that it starts, it notes
// which files they open below some folders. scripts/trace_library.sh compiles it; it needs nothing
// but the C library.
//
// Notes go into a file that all these processes map into memory: no descriptor stays open, none is
// lost where a program closes all of its own, and a note costs no system call. Its form, which
// TraceFile.swift reads, is `struct trace_file` below: a head, a table of hashes that keeps a note
// from being made twice, and notes one after the other.
//
// Nothing here allocates memory or takes a lock: functions are also called between vfork and exec.
// What can't be noted is counted. A program never fails for it.

#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { TABLE_SIZE = 1 << 16, PATH_LIMIT = 4096, ROOT_LIMIT = 16 };

struct trace_head {
    char magic[8];                  // "VISTRC01"
    uint64_t size;                  // of the whole file
    _Atomic uint64_t processes;     // that have loaded this library
    _Atomic uint64_t end;           // of the notes, from the beginning of the file
    _Atomic uint64_t lost;          // notes that had no room
    _Atomic uint64_t statics;       // programs that were started and can't load a library
    uint64_t reserved[2];
};

struct trace_file {
    struct trace_head head;
    _Atomic uint64_t table[TABLE_SIZE];
    // Notes follow, each a multiple of 8 bytes.
};

struct trace_note {
    uint32_t length;                // of the note
    uint32_t kind;                  // 'r' read, 'w' written, 'x' run, 's' run and not traced,
                                    // 'i' an interpreter, by the name that it was called
    int64_t size, seconds, nanoseconds;
    uint64_t inode;
    _Atomic uint32_t ready;         // 1 when it is whole
    uint32_t path_length;
    // The path follows, without a zero at its end.
};

static struct trace_file *trace;
static const char *roots[ROOT_LIMIT];
static size_t root_lengths[ROOT_LIMIT];
static int root_count;
// The variables that a child needs to be traced too: "LD_PRELOAD=…", …
static const char *own_variables[3];
static char preload_path[PATH_LIMIT];

// MARK: Notes

static int is_below(const char *path, size_t length) {
    for (int i = 0; i < root_count; i++) {
        size_t n = root_lengths[i];
        if (length > n && memcmp(path, roots[i], n) == 0 && path[n] == '/') return 1;
        if (length == n && memcmp(path, roots[i], n) == 0) return 1;  // A root may be a file.
    }
    return 0;
}

static uint64_t mixed(uint64_t hash, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * 1099511628211u;  // FNV-1a
    return hash;
}

// Whether a note is the first of its kind, for all processes together.
static int is_first(uint64_t hash) {
    if (hash == 0) hash = 1;
    for (int probe = 0; probe < 64; probe++) {
        _Atomic uint64_t *place = &trace->table[(hash + probe) % TABLE_SIZE];
        uint64_t found = atomic_load_explicit(place, memory_order_relaxed);
        if (found == 0 && atomic_compare_exchange_strong(place, &found, hash)) return 1;
        if (found == hash) return 0;
    }
    return 1;
}

static void note(uint32_t kind, const char *path, size_t length, const struct stat *facts) {
    uint64_t hash = mixed(14695981039346656037u, path, length);
    int64_t numbers[4] = {kind, facts->st_size, facts->st_mtim.tv_sec, facts->st_mtim.tv_nsec};
    if (!is_first(mixed(hash, numbers, sizeof numbers))) return;
    size_t size = (sizeof(struct trace_note) + length + 7) / 8 * 8;
    uint64_t start = atomic_fetch_add(&trace->head.end, size);
    if (start + size > trace->head.size) {
        atomic_fetch_add(&trace->head.lost, 1);
        return;
    }
    struct trace_note *made = (struct trace_note *)((char *)trace + start);
    made->length = (uint32_t)size;
    made->kind = kind;
    made->size = facts->st_size;
    made->seconds = facts->st_mtim.tv_sec;
    made->nanoseconds = facts->st_mtim.tv_nsec;
    made->inode = facts->st_ino;
    made->path_length = (uint32_t)length;
    memcpy((char *)made + sizeof *made, path, length);
    atomic_store_explicit(&made->ready, 1, memory_order_release);
}

// Takes `.`, `..` and empty parts out of an absolute path.
static size_t normalise(char *path, size_t length) {
    size_t to = 0;
    for (size_t at = 0; at < length;) {
        size_t end = at + 1;
        while (end < length && path[end] != '/') end++;
        size_t count = end - at - 1;
        const char *part = path + at + 1;
        if (count == 2 && part[0] == '.' && part[1] == '.') {
            while (to > 0 && path[--to] != '/') {}
        } else if (count > 0 && !(count == 1 && part[0] == '.')) {
            memmove(path + to, path + at, count + 1);
            to += count + 1;
        }
        at = end;
    }
    return to;
}

// Where an open file lies; 0 outside of the roots.
static size_t real_place(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_LIMIT);
    return length > 0 && length < PATH_LIMIT && is_below(path, (size_t)length) ? (size_t)length : 0;
}

// What it was called, if that is in the roots: a link may lead elsewhere; 0 otherwise.
static size_t named_place(const char *name, int folder, char *path) {
    if (name == NULL) return 0;
    size_t count = strlen(name), length = 0;
    if (name[0] != '/') {
        char link[64];
        if (folder == AT_FDCWD) {
            snprintf(link, sizeof link, "/proc/self/cwd");
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        }
        ssize_t found = readlink(link, path, PATH_LIMIT);
        if (found <= 0) return 0;
        length = (size_t)found;
        if (length + 1 >= PATH_LIMIT) return 0;
        path[length++] = '/';
    }
    if (length + count >= PATH_LIMIT) return 0;
    memcpy(path + length, name, count);
    length = normalise(path, length + count);
    return length > 0 && is_below(path, length) ? length : 0;
}

static void note_open(int file, const char *name, int folder, int flags) {
    if (trace == NULL || file < 0 || (flags & O_PATH) != 0) return;
    int saved = errno;
    char path[PATH_LIMIT + 1], named[PATH_LIMIT + 1];
    size_t length = real_place(file, path), also = 0;
    // Names cost a system call more where they are not absolute: only what lies in the roots, or
    // says that it does, is worth it.
    if (length > 0 || (name != NULL && (name[0] != '/' || is_below(name, strlen(name))))) {
        also = named_place(name, folder, named);
        if (also == length && memcmp(path, named, also) == 0) also = 0;
    }
    struct stat facts;
    if ((length > 0 || also > 0) && fstat(file, &facts) == 0 && S_ISREG(facts.st_mode)) {
        int access = flags & O_ACCMODE;
        // What is cut to nothing was not read.
        if (access == O_RDONLY || (access == O_RDWR && facts.st_size > 0 && !(flags & O_TRUNC))) {
            if (length > 0) note('r', path, length, &facts);
            if (also > 0) note('r', named, also, &facts);
        }
        if (access != O_RDONLY) {
            facts.st_size = facts.st_mtim.tv_sec = facts.st_mtim.tv_nsec = 0;
            if (length > 0) note('w', path, length, &facts);
            if (also > 0) note('w', named, also, &facts);
        }
    }
    errno = saved;
}

// A file that is there by this name now: `rename` and the like made it.
static void note_made(int folder, const char *name) {
    if (trace == NULL || name == NULL) return;
    int saved = errno;
    int file = openat(folder, name, O_PATH | O_CLOEXEC);
    if (file >= 0) {
        note_open(file, name, folder, O_WRONLY);
        close(file);
    }
    errno = saved;
}

// MARK: The functions behind ours

#define NEXT(type, name, ...)                                        \
    static type (*next)(__VA_ARGS__);                                \
    if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, name)

static int has_mode(int flags) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

#define MODE_OF(flags)                          \
    mode_t mode = 0;                            \
    if (has_mode(flags)) {                      \
        va_list rest;                           \
        va_start(rest, flags);                  \
        mode = (mode_t)va_arg(rest, unsigned);  \
        va_end(rest);                           \
    }

#define OPEN(function)                                          \
    EXPORT int function(const char *name, int flags, ...) {     \
        MODE_OF(flags)                                          \
        NEXT(int, #function, const char *, int, ...);           \
        int file = next(name, flags, mode);                     \
        note_open(file, name, AT_FDCWD, flags);                 \
        return file;                                            \
    }
#define OPENAT(function)                                                    \
    EXPORT int function(int folder, const char *name, int flags, ...) {     \
        MODE_OF(flags)                                                      \
        NEXT(int, #function, int, const char *, int, ...);                  \
        int file = next(folder, name, flags, mode);                         \
        note_open(file, name, folder, flags);                               \
        return file;                                                        \
    }
// As programs call them that were compiled with checks (_FORTIFY_SOURCE).
#define OPEN_CHECKED(function)                              \
    EXPORT int function(const char *name, int flags) {      \
        NEXT(int, #function, const char *, int);            \
        int file = next(name, flags);                       \
        note_open(file, name, AT_FDCWD, flags);             \
        return file;                                        \
    }
#define OPENAT_CHECKED(function)                                        \
    EXPORT int function(int folder, const char *name, int flags) {      \
        NEXT(int, #function, int, const char *, int);                   \
        int file = next(folder, name, flags);                           \
        note_open(file, name, folder, flags);                           \
        return file;                                                    \
    }

OPEN(open)
OPEN(open64)
OPEN(__open)
OPEN(__open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_CHECKED(__open_2)
OPEN_CHECKED(__open64_2)
OPENAT_CHECKED(__openat_2)
OPENAT_CHECKED(__openat64_2)

#define CREAT(function)                                             \
    EXPORT int function(const char *name, mode_t mode) {            \
        NEXT(int, #function, const char *, mode_t);                 \
        int file = next(name, mode);                                \
        note_open(file, name, AT_FDCWD, O_WRONLY | O_TRUNC);        \
        return file;                                                \
    }
CREAT(creat)
CREAT(creat64)

static void note_stream(FILE *stream, const char *name, const char *mode) {
    if (stream == NULL || mode == NULL) return;
    int flags = mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    if (strchr(mode, '+') != NULL) flags = O_RDWR;
    if (mode[0] == 'w') flags |= O_TRUNC;
    note_open(fileno(stream), name, AT_FDCWD, flags);
}

#define FOPEN(function)                                                 \
    EXPORT FILE *function(const char *name, const char *mode) {         \
        NEXT(FILE *, #function, const char *, const char *);            \
        FILE *stream = next(name, mode);                                \
        note_stream(stream, name, mode);                                \
        return stream;                                                  \
    }
#define FREOPEN(function)                                                           \
    EXPORT FILE *function(const char *name, const char *mode, FILE *stream) {       \
        NEXT(FILE *, #function, const char *, const char *, FILE *);                \
        FILE *opened = next(name, mode, stream);                                    \
        if (name != NULL) note_stream(opened, name, mode);                          \
        return opened;                                                              \
    }
FOPEN(fopen)
FOPEN(fopen64)
FREOPEN(freopen)
FREOPEN(freopen64)

EXPORT int rename(const char *from, const char *to) {
    NEXT(int, "rename", const char *, const char *);
    int result = next(from, to);
    if (result == 0) note_made(AT_FDCWD, to);
    return result;
}

EXPORT int renameat(int from_folder, const char *from, int folder, const char *to) {
    NEXT(int, "renameat", int, const char *, int, const char *);
    int result = next(from_folder, from, folder, to);
    if (result == 0) note_made(folder, to);
    return result;
}

EXPORT int renameat2(
    int from_folder, const char *from, int folder, const char *to, unsigned flags) {
    NEXT(int, "renameat2", int, const char *, int, const char *, unsigned);
    int result = next(from_folder, from, folder, to, flags);
    if (result == 0) note_made(folder, to);
    return result;
}

EXPORT int link(const char *from, const char *to) {
    NEXT(int, "link", const char *, const char *);
    int result = next(from, to);
    if (result == 0) note_made(AT_FDCWD, to);
    return result;
}

// MARK: Programs and libraries

// Whether a program is linked without a loader, which would load this library.
static int is_static(int file) {
    unsigned char head[4096];
    ssize_t count = pread(file, head, sizeof head, 0);
    if (count < (ssize_t)sizeof(ElfW(Ehdr)) || memcmp(head, ELFMAG, SELFMAG) != 0) return 0;
    if (head[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)) return 1;
    const ElfW(Ehdr) *elf = (const void *)head;
    for (int i = 0; i < elf->e_phnum; i++) {
        size_t at = elf->e_phoff + (size_t)i * elf->e_phentsize;
        if (at + sizeof(ElfW(Phdr)) > (size_t)count) return 0;
        if (((const ElfW(Phdr) *)(const void *)(head + at))->p_type == PT_INTERP) return 0;
    }
    return 1;
}

// Notes a program that is about to be started.
static void note_program(int folder, const char *name) {
    if (trace == NULL || name == NULL) return;
    int saved = errno;
    NEXT(int, "openat", int, const char *, int, ...);
    int file = next(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file >= 0) {
        struct stat facts;
        if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & 0111) != 0) {
            char path[PATH_LIMIT + 1];
            size_t length = real_place(file, path);
            if (length == 0) length = named_place(name, folder, path);
            if (length > 0) note('x', path, length, &facts);
            if (is_static(file)) {
                atomic_fetch_add(&trace->head.statics, 1);
                char link[64];
                snprintf(link, sizeof link, "/proc/self/fd/%d", file);
                ssize_t count = readlink(link, path, PATH_LIMIT);
                if (count > 0) note('s', path, (size_t)count, &facts);
            }
        }
        close(file);
    }
    errno = saved;
}

// The same of a name that is looked for on the PATH.
static void note_named_program(const char *name) {
    if (trace == NULL || name == NULL) return;
    if (strchr(name, '/') != NULL) return note_program(AT_FDCWD, name);
    const char *folders = getenv("PATH");
    char path[PATH_LIMIT];
    while (folders != NULL && *folders != 0) {
        const char *end = strchrnul(folders, ':');
        int count = snprintf(path, sizeof path, "%.*s/%s", (int)(end - folders), folders, name);
        if (count > 0 && count < (int)sizeof path && access(path, X_OK) == 0) {
            return note_program(AT_FDCWD, path);
        }
        folders = *end == 0 ? end : end + 1;
    }
}

static int names(const char *entry, const char *variable) {
    size_t count = (size_t)(strchrnul(variable, '=') - variable) + 1;
    return strncmp(entry, variable, count) == 0;
}

static size_t count_of(char *const *words) {
    size_t count = 0;
    while (words != NULL && words[count] != NULL) count++;
    return count;
}

// Whether all of our variables are in an environment.
static int is_complete(char *const *environment) {
    int found = 0;
    for (char *const *entry = environment; entry != NULL && *entry != NULL; entry++) {
        for (int i = 0; i < 3; i++) {
            if (!names(*entry, own_variables[i])) continue;
            found += i > 0 || strstr(*entry, preload_path) != NULL;
        }
    }
    return found == 3;
}

// A child whose environment was made anew is traced too.
#define COMPLETED(environment)                                                          \
    char *const *given_environment = (environment);                                     \
    if (trace != NULL && !is_complete(given_environment)) {                             \
        size_t entries = count_of(given_environment), kept = 0;                         \
        char **made = alloca((entries + 4) * sizeof *made);                             \
        const char *preloads = own_variables[0];                                        \
        for (size_t i = 0; i < entries; i++) {                                          \
            char *entry = given_environment[i];                                         \
            if (names(entry, own_variables[0])) {                                       \
                if (strstr(entry, preload_path) == NULL) {                              \
                    size_t room = strlen(entry) + strlen(preload_path) + 2;             \
                    char *both = alloca(room);                                          \
                    snprintf(both, room, "%s:%s", entry, preload_path);                 \
                    entry = both;                                                       \
                }                                                                       \
                preloads = entry;                                                       \
            } else if (!names(entry, own_variables[1]) && !names(entry, own_variables[2])) { \
                made[kept++] = entry;                                                   \
            }                                                                           \
        }                                                                               \
        made[kept++] = (char *)preloads;                                                \
        made[kept++] = (char *)own_variables[1];                                        \
        made[kept++] = (char *)own_variables[2];                                        \
        made[kept] = NULL;                                                              \
        given_environment = made;                                                       \
    }

static int execute(const char *path, char *const *arguments, char *const *environment) {
    NEXT(int, "execve", const char *, char *const[], char *const[]);
    return next(path, arguments, environment);
}

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
    note_program(AT_FDCWD, path);
    COMPLETED(environment)
    return execute(path, arguments, given_environment);
}

EXPORT int execv(const char *path, char *const arguments[]) {
    return execve(path, arguments, environ);
}

EXPORT int execvpe(const char *name, char *const arguments[], char *const environment[]) {
    note_named_program(name);
    COMPLETED(environment)
    NEXT(int, "execvpe", const char *, char *const[], char *const[]);
    return next(name, arguments, given_environment);
}

EXPORT int execvp(const char *name, char *const arguments[]) {
    return execvpe(name, arguments, environ);
}

EXPORT int fexecve(int file, char *const arguments[], char *const environment[]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    note_program(AT_FDCWD, link);
    COMPLETED(environment)
    NEXT(int, "fexecve", int, char *const[], char *const[]);
    return next(file, arguments, given_environment);
}

// The words of a call with any number of arguments.
#define WORDS(first)                                            \
    va_list rest;                                               \
    size_t word_count = 1;                                      \
    va_start(rest, first);                                      \
    while (va_arg(rest, char *) != NULL) word_count++;          \
    va_end(rest);                                               \
    char **words = alloca((word_count + 1) * sizeof *words);    \
    words[0] = (char *)first;                                   \
    va_start(rest, first);                                      \
    for (size_t i = 1; i <= word_count; i++) words[i] = va_arg(rest, char *);

EXPORT int execl(const char *path, const char *first, ...) {
    WORDS(first)
    va_end(rest);
    return execve(path, words, environ);
}

EXPORT int execlp(const char *name, const char *first, ...) {
    WORDS(first)
    va_end(rest);
    return execvpe(name, words, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
    WORDS(first)
    char *const *environment = va_arg(rest, char *const *);
    va_end(rest);
    return execve(path, words, environment);
}

EXPORT int posix_spawn(
    pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    note_program(AT_FDCWD, path);
    COMPLETED(environment)
    NEXT(int, "posix_spawn", pid_t *, const char *, const posix_spawn_file_actions_t *,
         const posix_spawnattr_t *, char *const[], char *const[]);
    return next(process, path, actions, attributes, arguments, given_environment);
}

EXPORT int posix_spawnp(
    pid_t *process, const char *name, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    note_named_program(name);
    COMPLETED(environment)
    NEXT(int, "posix_spawnp", pid_t *, const char *, const posix_spawn_file_actions_t *,
         const posix_spawnattr_t *, char *const[], char *const[]);
    return next(process, name, actions, attributes, arguments, given_environment);
}

// The loader finds out who calls it by the return address, and looks in the folders that the
// caller names. So this function jumps on, and notes the file before it is loaded.
EXPORT void *dlopen(const char *name, int flags) {
    NEXT(void *, "dlopen", const char *, int);
    if (trace != NULL && name != NULL && strchr(name, '/') != NULL) {
        int saved = errno;
        NEXT(int, "openat", int, const char *, int, ...);
        int file = next(AT_FDCWD, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (file >= 0) {
            note_open(file, name, AT_FDCWD, O_RDONLY);
            close(file);
        }
        errno = saved;
    }
    __attribute__((musttail)) return next(name, flags);
}

// MARK: Beginning and end

static int note_library(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    if (info->dlpi_name == NULL || info->dlpi_name[0] != '/') return 0;
    NEXT(int, "openat", int, const char *, int, ...);
    if (!is_below(info->dlpi_name, strlen(info->dlpi_name))) {
        char path[PATH_LIMIT + 1];
        ssize_t length = readlink(info->dlpi_name, path, PATH_LIMIT);
        if (length <= 0 || !is_below(path, (size_t)length)) return 0;
    }
    int file = next(AT_FDCWD, info->dlpi_name, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        note_open(file, info->dlpi_name, AT_FDCWD, O_RDONLY);
        close(file);
    }
    return 0;
}

// Python and R: their packages are part of what a run depends on. An environment's interpreter is a
// link to another: the name counts.
static void note_interpreter(void) {
    const char *name = program_invocation_name;
    if (name == NULL) return;
    const char *base = strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;
    if (strncmp(base, "python", 6) != 0 && strcmp(base, "R") != 0) return;
    char path[PATH_LIMIT + 1];
    int length = -1;
    if (name[0] == '/') {
        length = snprintf(path, sizeof path, "%s", name);
    } else if (base != name) {
        char folder[PATH_LIMIT];
        if (getcwd(folder, sizeof folder) != NULL) {
            length = snprintf(path, sizeof path, "%s/%s", folder, name);
        }
    } else {
        const char *folders = getenv("PATH");
        while (folders != NULL && *folders != 0 && length < 0) {
            const char *end = strchrnul(folders, ':');
            int count = snprintf(
                path, sizeof path, "%.*s/%s", (int)(end - folders), folders, name);
            if (count > 0 && count < (int)sizeof path && access(path, X_OK) == 0) length = count;
            folders = *end == 0 ? end : end + 1;
        }
    }
    struct stat facts;
    memset(&facts, 0, sizeof facts);
    if (length > 0 && length < (int)sizeof path) note('i', path, (size_t)length, &facts);
}

// Libraries that are loaded now, whoever asked for them.
static void note_libraries(void) {
    if (trace != NULL) dl_iterate_phdr(note_library, NULL);
}

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("VISEME_TRACE_FILE"), *folders = getenv("VISEME_TRACE_ROOTS");
    if (file == NULL || folders == NULL) return;
    int opened = open(file, O_RDWR | O_CLOEXEC);
    if (opened < 0) return;
    struct stat facts;
    struct trace_file *mapped = MAP_FAILED;
    if (fstat(opened, &facts) == 0 && facts.st_size >= (off_t)sizeof(struct trace_file)) {
        mapped = mmap(NULL, (size_t)facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    }
    close(opened);
    if (mapped == MAP_FAILED) return;
    if (memcmp(mapped->head.magic, "VISTRC01", 8) != 0 ||
        mapped->head.size != (uint64_t)facts.st_size) {
        munmap(mapped, (size_t)facts.st_size);
        return;
    }
    // Roots lie one after the other, with a newline behind each.
    while (*folders != 0 && root_count < ROOT_LIMIT) {
        const char *end = strchrnul(folders, '\n');
        roots[root_count] = folders;
        root_lengths[root_count] = (size_t)(end - folders);
        if (root_lengths[root_count] > 0) root_count++;
        folders = *end == 0 ? end : end + 1;
    }
    Dl_info own;
    if (dladdr((void *)begin, &own) == 0 || strlen(own.dli_fname) >= sizeof preload_path) {
        munmap(mapped, (size_t)facts.st_size);
        return;
    }
    strcpy(preload_path, own.dli_fname);
    static char preloads[PATH_LIMIT + 16];
    snprintf(preloads, sizeof preloads, "LD_PRELOAD=%s", preload_path);
    own_variables[0] = preloads;
    // As they lie in the environment of this process, which may change it later: copies.
    static char file_variable[PATH_LIMIT + 32], root_variable[PATH_LIMIT * 2];
    int a = snprintf(file_variable, sizeof file_variable, "VISEME_TRACE_FILE=%s", file);
    int b = snprintf(
        root_variable, sizeof root_variable, "VISEME_TRACE_ROOTS=%s", getenv("VISEME_TRACE_ROOTS"));
    if (a >= (int)sizeof file_variable || b >= (int)sizeof root_variable) {
        munmap(mapped, (size_t)facts.st_size);
        return;
    }
    own_variables[1] = file_variable;
    own_variables[2] = root_variable;
    for (int i = 0; i < root_count; i++) {
        roots[i] = root_variable + strlen("VISEME_TRACE_ROOTS=") +
                   (roots[i] - getenv("VISEME_TRACE_ROOTS"));
    }
    atomic_fetch_add(&mapped->head.processes, 1);
    trace = mapped;
    note_interpreter();
    note_libraries();
}

__attribute__((destructor)) static void end(void) { note_libraries(); }
