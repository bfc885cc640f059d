/* Whether a call ends in a failed assertion: tried in a child process. */
#ifndef SIM_CORE_TEST_DIES_H
#define SIM_CORE_TEST_DIES_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool dies(void (*call)(void *ctx), void *ctx)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr))
            call(ctx);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

#endif
