#define _GNU_SOURCE
#include "guard.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
#endif

/// How the library can end a process over a damaged file, and the signal of the clock.
static const int failures[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { failure_count = sizeof failures / sizeof *failures, timeout_signal = SIGPROF };

/// What this thread reads at the moment. A signal of a fault, and of a thread's own clock, is delivered to that thread.
static _Thread_local struct {
    int active, status, has_stack;
    char file[1024];
    // A stack of its own, for a library that used up the thread's.
    char stack[32768];
#ifdef __linux__
    timer_t timer;
    int has_timer;
#endif
} guard;

static struct sigaction before[failure_count];

static void say(const char *text) {
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written <= 0) return;
        text += written;
        length -= (size_t)written;
    }
}

static void failed(int signal) {
    if (!guard.active) {
        if (signal == timeout_signal) return;
        // None of our business: as if we were not here.
        for (int i = 0; i < failure_count; i++)
            if (failures[i] == signal) sigaction(signal, &before[i], NULL);
        raise(signal);
        return;
    }
    say(guard.file);
    say(signal == timeout_signal ? ": can't be read: reading it does not come to an end: it is damaged. Move it away\n"
                                 : ": can't be read: the HDF5 library fails over it: it is damaged. Move it away\n");
    _exit(guard.status);
}

void viseme_guard_begin(const char *file, int seconds, int status) {
    static int installed;
    if (!__atomic_exchange_n(&installed, 1, __ATOMIC_ACQ_REL)) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = failed;
        action.sa_flags = SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        for (int i = 0; i < failure_count; i++) sigaction(failures[i], &action, &before[i]);
        sigaction(timeout_signal, &action, NULL);
    }
    strncpy(guard.file, file, sizeof guard.file - 1);
    guard.status = status;
    if (!guard.has_stack) {
        stack_t stack = {.ss_sp = guard.stack, .ss_size = sizeof guard.stack};
        guard.has_stack = sigaltstack(&stack, NULL) == 0;
    }
#ifdef __linux__
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = timeout_signal;
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    guard.has_timer = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &guard.timer) == 0;
    struct itimerspec limit = {.it_value = {.tv_sec = seconds}};
    if (guard.has_timer) timer_settime(guard.timer, 0, &limit, NULL);
#else
    (void)seconds;
#endif
    guard.active = 1;
}

void viseme_guard_end(void) {
    guard.active = 0;
#ifdef __linux__
    if (guard.has_timer) timer_delete(guard.timer);
    guard.has_timer = 0;
#endif
}
