/* turns.c: a page of shared memory with whose turn it is and how far each side has come. Waiting is
 * a futex on a counter of events, with a limit, so that a wake that went astray costs little. */
#include "bench/run/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"

#define MAGIC UINT32_C(0x52475455)
enum { LOOK_NS = 50 * 1000000 };

typedef enum stage { AWAY, PLAYS, DONE, LEFT } stage;

typedef struct page {
    uint32_t magic;
    _Atomic uint32_t events, turn, stages[2];
    _Atomic int64_t cpu_ns[2]; /* of each side's process, as of its last event */
} page;

struct rg_turns {
    page *page;
    int fd, side;
    int64_t other_before_ns; /* CPU time of the other when this side joined */
    char path[64];
};

static rg_turns *map(int fd, int side) {
    rg_turns *turns = calloc(1, sizeof *turns);
    void *at = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!turns || at == MAP_FAILED) {
        if (at != MAP_FAILED)
            munmap(at, sizeof(page));
        free(turns);
        return NULL;
    }
    *turns = (rg_turns){.page = at, .fd = fd, .side = side};
    return turns;
}

static void tell(page *p) {
    atomic_fetch_add(&p->events, 1);
    syscall(SYS_futex, &p->events, FUTEX_WAKE, 2, NULL, NULL, 0);
}

/* Sleeps until there is an event after `seen`, at most LOOK_NS. */
static void wait_event(page *p, uint32_t seen) {
    struct timespec limit = {.tv_nsec = LOOK_NS};
    syscall(SYS_futex, &p->events, FUTEX_WAIT, seen, &limit, NULL, 0);
}

/* --- the supervisor -------------------------------------------------------------------------- */

rg_status rg_turns_open(rg_turns **ret_turns, rg_err *err) {
    int fd = memfd_create("railgauge-turns", MFD_CLOEXEC);
    rg_turns *turns = fd >= 0 && !ftruncate(fd, sizeof(page)) ? map(fd, -1) : NULL;
    if (!turns) {
        if (fd >= 0)
            close(fd);
        return rg_fail(err, RG_FAILED, "measure with --slice 0", "no shared memory for turns: %s",
                       strerror(errno));
    }
    snprintf(turns->path, sizeof turns->path, "/proc/%d/fd/%d", (int)getpid(), fd);
    turns->page->magic = MAGIC;
    *ret_turns = turns;
    return RG_OK;
}

void rg_turns_close(rg_turns *turns) {
    if (!turns)
        return;
    munmap(turns->page, sizeof(page));
    close(turns->fd);
    free(turns);
}

const char *rg_turns_path(const rg_turns *turns) {
    return turns->path;
}

void rg_turns_begin(rg_turns *turns, int first) {
    page *p = turns->page;
    for (int side = 0; side < 2; side++) {
        atomic_store(&p->stages[side], AWAY);
        atomic_store(&p->cpu_ns[side], 0);
    }
    atomic_store(&p->turn, (uint32_t)first);
}

void rg_turns_await(rg_turns *turns, int side) {
    page *p = turns->page;
    for (;;) {
        uint32_t seen = atomic_load(&p->events);
        if (atomic_load(&p->stages[side]) != AWAY)
            return;
        wait_event(p, seen);
    }
}

void rg_turns_leave(rg_turns *turns, int side) {
    atomic_store(&turns->page->stages[side], LEFT);
    tell(turns->page);
}

/* --- a worker -------------------------------------------------------------------------------- */

rg_status rg_turns_join(const char *path, int side, rg_turns **ret_turns, rg_err *err) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat info;
    bool whole = fd >= 0 && !fstat(fd, &info) && (size_t)info.st_size >= sizeof(page);
    rg_turns *turns = whole && (side == 0 || side == 1) ? map(fd, side) : NULL;
    if (turns && turns->page->magic == MAGIC) {
        turns->other_before_ns = atomic_load(&turns->page->cpu_ns[!side]);
        *ret_turns = turns;
        return RG_OK;
    }
    if (turns)
        rg_turns_close(turns);
    else if (fd >= 0)
        close(fd);
    return rg_fail(err, RG_FAILED, "measure with --slice 0", "no page of turns at %s", path);
}

static int64_t own_cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Says how far this side is, then whose turn it is, and sleeps until it may go on: when the other
 * has left, or else when the other has come, it is this side's turn, and this side has not
 * finished. In this order: from when it has the turn, the other acts on the stage that it sees. */
static int64_t sleep_as(rg_turns *turns, stage mine, bool hand_over) {
    page *p = turns->page;
    int64_t start_ns = rg_clock_real_ns();
    atomic_store(&p->cpu_ns[turns->side], own_cpu_ns());
    atomic_store(&p->stages[turns->side], (uint32_t)mine);
    if (hand_over)
        atomic_store(&p->turn, (uint32_t)!turns->side);
    tell(p);
    for (;;) {
        uint32_t seen = atomic_load(&p->events);
        uint32_t other = atomic_load(&p->stages[!turns->side]);
        bool own_turn = atomic_load(&p->turn) == (uint32_t)turns->side;
        if (other == LEFT || (mine == PLAYS && other != AWAY && own_turn))
            return rg_clock_real_ns() - start_ns;
        wait_event(p, seen);
    }
}

int64_t rg_turns_arrive(rg_turns *turns) {
    return sleep_as(turns, PLAYS, false);
}

/* Nobody to hand over to: not come (an older build never does), finished or gone. */
static bool is_alone(const rg_turns *turns) {
    return atomic_load(&turns->page->stages[!turns->side]) != PLAYS;
}

int64_t rg_turns_pass(rg_turns *turns) {
    atomic_store(&turns->page->cpu_ns[turns->side], own_cpu_ns()); /* told also when alone */
    return is_alone(turns) ? 0 : sleep_as(turns, PLAYS, true);
}

int64_t rg_turns_finish(rg_turns *turns) {
    atomic_store(&turns->page->cpu_ns[turns->side], own_cpu_ns());
    return is_alone(turns) ? 0 : sleep_as(turns, DONE, true);
}

int64_t rg_turns_other_cpu_ns(const rg_turns *turns) {
    return atomic_load(&turns->page->cpu_ns[!turns->side]) - turns->other_before_ns;
}
