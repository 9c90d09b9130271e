/* child_start.c: descriptors, environment, fork and exec of a worker. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/run/child_priv.h"

enum {
    ABOVE = 16,
    MAX_PAD = 4096,
    MAX_WORDS = 16
}; /* our ends lie above those that the child gets */

extern char **environ;

static int above(int fd) {
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
    if (fd >= 0)
        close(fd);
    return high;
}

static bool pair(int ends[2], bool is_socket) {
    int made = is_socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
                         : pipe2(ends, O_CLOEXEC);
    if (made < 0)
        return false;
    ends[0] = above(ends[0]);
    ends[1] = above(ends[1]);
    return ends[0] >= 0 && ends[1] >= 0;
}

static bool make_memory(rg_running *running) {
    running->shared_bytes = rg_job_memory_bytes();
    running->memory = above(memfd_create("railgauge-samples", MFD_CLOEXEC));
    if (running->memory < 0 || ftruncate(running->memory, (off_t)running->shared_bytes))
        return false;
    void *at =
        mmap(NULL, running->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, running->memory, 0);
    running->shared = at == MAP_FAILED ? NULL : at;
    if (running->shared)
        running->shared->magic = RG_JOB_MAGIC;
    return running->shared != NULL;
}

/* The environment, with the padding first. NULL when out of memory; the caller frees. */
static char **padded_environment(uint64_t seed, char pad[MAX_PAD + 32]) {
    size_t n = 0, length = (size_t)(seed % (MAX_PAD / 16)) * 16;
    int head = sprintf(pad, "RAILGAUGE_PAD=");
    memset(pad + head, 'x', length);
    pad[(size_t)head + length] = '\0';
    while (environ[n])
        n++;
    char **all = calloc(n + 2, sizeof *all);
    if (all) {
        all[0] = pad;
        memcpy(all + 1, environ, n * sizeof *all);
    }
    return all;
}

/* What is executed: the wrapper's words, the program and its verb. */
static const char *words_of(const rg_child_spec *spec, char *argv[MAX_WORDS + 3]) {
    static char verb[] = "worker", name[] = "railgauge";
    size_t n = 0;
    for (; spec->wrapper && spec->wrapper[n] && n < MAX_WORDS; n++)
        argv[n] = (char *)spec->wrapper[n];
    argv[n] = n ? (char *)spec->program : name;
    argv[n + 1] = verb;
    argv[n + 2] = NULL;
    return n ? argv[0] : spec->program;
}

/* In the child, between fork and exec: async-signal-safe calls only. */
static void become_worker(const rg_child_spec *spec, char **env, int socket, int output, int memory,
                          pid_t parent) {
    char *argv[MAX_WORDS + 3];
    const char *file = words_of(spec, argv);
    int nothing = open("/dev/null", O_RDONLY);
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
        dup2(socket, RG_JOB_SOCKET) < 0 || dup2(memory, RG_JOB_MEMORY) < 0)
        _exit(1);
    execve(file, argv, env);
    _exit(127);
}

static rg_status start(const rg_child_spec *spec, char **env, rg_running *running, int child_socket,
                       int child_output, rg_err *err) {
    pid_t parent = getpid();
    running->pid = fork();
    if (running->pid < 0)
        return rg_fail(err, RG_FAILED, "close other programs", "cannot start a process: %s",
                       strerror(errno));
    if (running->pid == 0)
        become_worker(spec, env, child_socket, child_output, running->memory, parent);
    setpgid(running->pid, running->pid); /* also here, so that a kill never comes too early */
    fcntl(running->socket, F_SETFL, O_NONBLOCK);
    fcntl(running->output, F_SETFL, O_NONBLOCK);
    return RG_OK;
}

rg_status rg_running_start(const rg_child_spec *spec, rg_running *ret_running, rg_err *err) {
    rg_running running = {.socket = -1, .output = -1, .memory = -1};
    int sockets[2] = {-1, -1}, pipes[2] = {-1, -1};
    char *pad = malloc(MAX_PAD + 32), **env = pad ? padded_environment(spec->job->seed, pad) : NULL;
    rg_status status = RG_OK;
    if (!env || !pair(sockets, true) || !pair(pipes, false) || !make_memory(&running))
        status = rg_fail(err, RG_FAILED, "raise the limit of open files (ulimit -n) or free memory",
                         "cannot prepare a worker: %s", strerror(errno));
    running.socket = sockets[0];
    running.output = pipes[0];
    if (status == RG_OK)
        status = start(spec, env, &running, sockets[1], pipes[1], err);
    if (sockets[1] >= 0)
        close(sockets[1]);
    if (pipes[1] >= 0)
        close(pipes[1]);
    free(env);
    free(pad);
    if (status == RG_OK)
        *ret_running = running;
    else
        rg_running_close(&running);
    return status;
}

void rg_running_close(rg_running *running) {
    if (running->shared)
        munmap(running->shared, running->shared_bytes);
    int ends[] = {running->socket, running->output, running->memory};
    for (size_t i = 0; i < 3; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
    }
    *running = (rg_running){.socket = -1, .output = -1, .memory = -1};
}
