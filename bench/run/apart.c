/* apart.c: fork, work, and word of it through a pipe. */
#include "bench/run/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void work_and_tell(int (*work)(void *user), void *user, int tell) {
    int code = work(user);
    if (fflush(stdout) || ferror(stdout))
        code = RG_EXIT_IO;
    _exit(write(tell, &code, sizeof code) == (ssize_t)sizeof code ? RG_EXIT_OK : RG_EXIT_IO);
}

static rg_status blame(const char *who, int how, rg_err *err) {
    static const char advice[] = "reinstall the vendor's library";
    if (WIFSIGNALED(how))
        return rg_fail(err, RG_FAILED, advice, "the library of %s crashed: %s", who,
                       strsignal(WTERMSIG(how)));
    return rg_fail(err, RG_FAILED, advice,
                   "the library of %s ended the process with %d before the work was done", who,
                   WEXITSTATUS(how));
}

rg_status rg_run_apart(const char *who, int (*work)(void *user), void *user, int *ret_code,
                       rg_err *err) {
    int ends[2], how = 0, code;
    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return rg_fail(err, RG_FAILED, "close other programs", "cannot make a pipe: %s",
                       strerror(errno));
    pid_t child = fork();
    if (child == 0)
        work_and_tell(work, user, ends[1]);
    pid_t ended = child;
    while (child > 0 && (ended = waitpid(child, &how, 0)) < 0 && errno == EINTR)
        ;
    bool told = child > 0 && read(ends[0], &code, sizeof code) == (ssize_t)sizeof code;
    close(ends[0]);
    close(ends[1]);
    if (told)
        *ret_code = code;
    if (told)
        return RG_OK;
    return child > 0 && ended == child ? blame(who, how, err)
                                       : rg_fail(err, RG_FAILED, "close other programs",
                                                 "cannot start a process for %s", who);
}
