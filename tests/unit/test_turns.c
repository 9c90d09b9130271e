/* test_turns.c: two processes that take turns: strictly one at a time, the first slice to the side
 * that was told, who is done waits for the other's end, and nobody waits for who is gone. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/run/turns.h"

enum { SLICES = 6 };

/* What both sides write down, shared between processes. */
typedef struct diary {
    volatile int n, inside, together;
    volatile char marks[64];
} diary;

static diary *new_diary(void) {
    void *at = mmap(NULL, sizeof(diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(at != MAP_FAILED);
    return at;
}

static void note(diary *d, char mark) {
    d->together |= d->inside++;
    d->marks[d->n++] = mark;
    usleep(500);
    d->inside--;
}

/* A worker of `slices` slices; `dies` after that many, as if it crashed. Marks: load, each slice,
 * end. */
static void work(const char *path, int side, int slices, int dies, diary *d) {
    static const char names[2][3] = {"lae", "LAE"};
    rg_turns *turns = NULL;
    note(d, names[side][0]);
    if (rg_turns_join(path, side, &turns, NULL) != RG_OK)
        _exit(1);
    rg_turns_arrive(turns);
    for (int i = 0; i < slices; i++) {
        note(d, names[side][1]);
        if (i + 1 == dies)
            kill(getpid(), SIGKILL);
        if (i + 1 < slices)
            rg_turns_pass(turns);
    }
    rg_turns_finish(turns);
    note(d, names[side][2]);
    rg_turns_close(turns);
    _exit(0);
}

typedef struct seat {
    rg_turns *turns;
    int side, slices, dies, how;
    diary *d;
} seat;

static void *play(void *user) {
    seat *s = user;
    pid_t pid = fork();
    if (pid == 0)
        work(rg_turns_path(s->turns), s->side, s->slices, s->dies, s->d);
    waitpid(pid, &s->how, 0);
    rg_turns_leave(s->turns, s->side);
    return NULL;
}

/* As gate_turns.c does it: the first in a thread, the second when the first has arrived. */
static void play_both(seat *first, seat *second) {
    rg_turns *turns;
    pthread_t thread;
    cr_assert_eq(rg_turns_open(&turns, NULL), RG_OK);
    rg_turns_begin(turns, first->side);
    first->turns = second->turns = turns;
    cr_assert_eq(pthread_create(&thread, NULL, play, first), 0);
    rg_turns_await(turns, first->side);
    play(second);
    pthread_join(thread, NULL);
    rg_turns_close(turns);
}

Test(turns, alternate_from_the_first_side_and_never_overlap) {
    diary *d = new_diary();
    seat a = {.side = 0, .slices = SLICES, .d = d}, b = {.side = 1, .slices = SLICES, .d = d};
    play_both(&b, &a);
    cr_expect_str_eq((const char *)d->marks, "LlAaAaAaAaAaAaeE");
    cr_expect_eq(d->together, 0);
    cr_expect_eq(a.how | b.how, 0);
}

Test(turns, who_needs_fewer_slices_ends_after_the_other) {
    diary *d = new_diary();
    seat a = {.side = 0, .slices = 2, .d = d}, b = {.side = 1, .slices = 4, .d = d};
    play_both(&a, &b);
    cr_expect_str_eq((const char *)d->marks, "lLaAaAAAEe");
    cr_expect_eq(d->together, 0);
}

Test(turns, a_worker_that_crashes_leaves_the_other_to_measure_alone) {
    diary *d = new_diary();
    seat a = {.side = 0, .slices = 4, .d = d}, b = {.side = 1, .slices = 4, .dies = 2, .d = d};
    play_both(&a, &b);
    cr_expect_str_eq((const char *)d->marks, "lLaAaAaae");
    cr_expect(WIFSIGNALED(b.how));
    cr_expect_eq(a.how, 0);
}

Test(turns, a_worker_that_never_arrives_is_waited_for_until_it_ends) {
    rg_turns *turns;
    diary *d = new_diary();
    seat a = {.side = 0, .slices = 2, .d = d};
    pthread_t thread;
    cr_assert_eq(rg_turns_open(&turns, NULL), RG_OK);
    rg_turns_begin(turns, 0);
    a.turns = turns;
    cr_assert_eq(pthread_create(&thread, NULL, play, &a), 0);
    rg_turns_await(turns, 0);
    note(d, 'O'); /* an older build, which knows nothing of turns, runs meanwhile */
    rg_turns_leave(turns, 1);
    pthread_join(thread, NULL);
    cr_expect_str_eq((const char *)d->marks, "lOaae");
    cr_expect_eq(d->together, 0);
    rg_turns_close(turns);
}

Test(turns, a_page_that_is_not_there_is_refused) {
    rg_turns *turns = NULL;
    rg_err err = RG_ERR_INIT;
    cr_expect_eq(rg_turns_join("/proc/self/fd/99", 0, &turns, &err), RG_FAILED);
    cr_expect_eq(rg_turns_join("/proc/self/exe", 0, &turns, &err), RG_FAILED);
    cr_expect_null(turns);
    cr_expect(strstr(err.advice, "--slice 0"));
}
