/* disturb.c: processes that disturb on purpose. */
#include "bench/run/disturb.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 256, BYTES = 64 << 20, PIECE = 4 << 20 };

const char *const rg_disturb_words[] = {"none", "cpu", "mem", "io", NULL};

struct rg_disturb {
    pid_t children[MOST];
    unsigned n;
    int go;   /* closed: they may begin */
    int file; /* of the writer, else -1 */
};

static unsigned cores(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    return n < 1 ? 1 : n > MOST ? MOST : (unsigned)n;
}

/* --- what they do ----------------------------------------------------------------------------- */

static void compute(void) {
    for (volatile uint64_t x = 1;;)
        x = x * 6364136223846793005u + 1442695040888963407u;
}

/* The child's own, so that the parent's memory figures do not know of it. */
static char *own_memory(void) {
    char *memory = malloc(BYTES);
    if (!memory)
        _exit(1);
    memset(memory, 1, BYTES);
    return memory;
}

static void copy(void) {
    for (char *memory = own_memory();;) {
        memcpy(memory, memory + BYTES / 2, BYTES / 2);
        memcpy(memory + BYTES / 2, memory, BYTES / 2);
    }
}

static void write_and_sync(int file) {
    for (const char *memory = own_memory();;) {
        for (off_t at = 0; at < BYTES; at += PIECE) {
            if (pwrite(file, memory + at, PIECE, at) != PIECE || fdatasync(file))
                _exit(1);
        }
    }
}

/* Waits for the end of the pipe, then disturbs until it is killed. Files of the parent are closed:
 * nobody shall wait for a copy of them. */
static void be_child(rg_disturb_kind kind, int go, int file, pid_t parent) {
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    for (int fd = 0; fd < 1024; fd++) {
        if (fd != go && fd != file)
            close(fd);
    }
    while (read(go, &byte, 1) < 0 && errno == EINTR)
        ;
    if (kind == RG_DISTURB_CPU)
        compute();
    else if (kind == RG_DISTURB_MEM)
        copy();
    else
        write_and_sync(file);
    _exit(0);
}

/* --- public ----------------------------------------------------------------------------------- */

static rg_status open_file(rg_disturb *disturb, rg_err *err) {
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/var/tmp";
    disturb->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (disturb->file >= 0)
        return RG_OK;
    return rg_fail(err, RG_FAILED, "set TMPDIR to a folder on the disk that is to be disturbed",
                   "no temporary file in %s: %s", folder, strerror(errno));
}

static rg_status start_children(rg_disturb *disturb, rg_disturb_kind kind, int wait, rg_err *err) {
    unsigned wanted = kind == RG_DISTURB_IO ? 1 : cores();
    pid_t parent = getpid();
    while (disturb->n < wanted) {
        pid_t child = fork();
        if (child == 0)
            be_child(kind, wait, disturb->file, parent);
        if (child < 0)
            return rg_fail(err, RG_FAILED, "close other programs",
                           "cannot start a process that disturbs: %s", strerror(errno));
        disturb->children[disturb->n++] = child;
    }
    return RG_OK;
}

rg_status rg_disturb_open(rg_disturb_kind kind, rg_disturb **ret_disturb, rg_err *err) {
    int ends[2] = {-1, -1};
    rg_disturb *disturb = calloc(1, sizeof *disturb);
    rg_status status =
        disturb ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory to disturb");
    if (disturb)
        disturb->go = disturb->file = -1;
    if (status == RG_OK && pipe2(ends, O_CLOEXEC) < 0)
        status = rg_fail(err, RG_FAILED, NULL, "no pipe: %s", strerror(errno));
    if (status == RG_OK && kind == RG_DISTURB_IO)
        status = open_file(disturb, err);
    if (disturb)
        disturb->go = ends[1];
    if (status == RG_OK)
        status = start_children(disturb, kind, ends[0], err);
    if (ends[0] >= 0)
        close(ends[0]);
    if (status == RG_OK)
        *ret_disturb = disturb;
    else
        rg_disturb_close(disturb);
    return status;
}

unsigned rg_disturb_count(const rg_disturb *disturb) {
    return disturb->n;
}

void rg_disturb_start(rg_disturb *disturb) {
    if (disturb->go >= 0)
        close(disturb->go);
    disturb->go = -1;
}

void rg_disturb_close(rg_disturb *disturb) {
    if (!disturb)
        return;
    for (unsigned i = 0; i < disturb->n; i++)
        kill(disturb->children[i], SIGKILL);
    for (unsigned i = 0; i < disturb->n; i++) {
        while (waitpid(disturb->children[i], NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (disturb->go >= 0)
        close(disturb->go);
    if (disturb->file >= 0)
        close(disturb->file);
    free(disturb);
}
