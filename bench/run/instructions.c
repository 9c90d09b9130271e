/* instructions.c: three workers under cachegrind and the differences of their counts. */
#include "bench/run/instructions.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/run/child.h"
#include "bench/run/tool.h"

enum { LIMIT_S = 300, TRIES = 3 };
#define MACS_A_RUN UINT64_C(20000000) /* a second or less under valgrind */

static json_t *refuse(const rg_err *why) {
    return json_pack("{s:s, s:s, s:s}", "na", "no-counters", "what", why->what, "try", why->advice);
}

/* "   1,234" up to the line's end. */
static int64_t number_at(const char *at) {
    int64_t n = 0;
    for (; *at && *at != '\n'; at++)
        n = isdigit((unsigned char)*at) ? 10 * n + (*at - '0') : n;
    return n;
}

/* Is the word before `refs:` the I of instructions? Data references may follow. */
static bool counts_instructions(const char *words, const char *refs) {
    while (refs > words && refs[-1] == ' ')
        refs--;
    return refs > words && refs[-1] == 'I';
}

int64_t rg_instructions_parse(const char *words) {
    static const char mark[] = "refs:";
    int64_t sum = -1;
    for (const char *at = words; at && (at = strstr(at, mark)); at += strlen(mark)) {
        if (counts_instructions(words, at))
            sum = (sum < 0 ? 0 : sum) + number_at(at + strlen(mark));
    }
    return sum;
}

/* n, 2 n and 3 n have as many digits, so that reading the job takes the same instructions too. */
static uint32_t inferences_for(uint64_t macs) {
    uint64_t n = macs ? MACS_A_RUN / macs : 1;
    return n >= 10 ? 10 : n >= 3 ? 3 : n > 1 ? (uint32_t)n : 1;
}

/* One worker under the tool: its count, and the instruction sets it was offered. */
static rg_status count_run(const rg_instructions_ask *ask, const char *valgrind, uint32_t n,
                           int64_t *ret_count, json_t **ret_isa, rg_err *err) {
    const char *const wrapper[] = {valgrind,
                                   "--tool=cachegrind",
                                   "--cache-sim=no",
                                   "--branch-sim=no",
                                   "--cachegrind-out-file=/dev/null",
                                   "--trace-children=yes",
                                   NULL};
    rg_job job = *ask->job;
    job.kind = RG_JOB_REPEAT;
    job.inferences = n;
    const rg_child_spec spec = {.program = ask->program,
                                .job = &job,
                                .wrapper = wrapper,
                                .limit_ns = LIMIT_S * INT64_C(1000000000),
                                .stop = ask->stop};
    rg_child child;
    rg_child_run(&spec, &child);
    rg_status status = child.status;
    *ret_count = rg_instructions_parse(child.output);
    *ret_isa = json_incref(json_object_get(child.facts, "isa"));
    if (status != RG_OK)
        *err = child.err;
    else if (*ret_count < 0)
        status = rg_fail(err, RG_FAILED, "run `valgrind --tool=cachegrind true` to see why",
                         "valgrind told no count");
    rg_child_free(&child);
    if (status != RG_OK)
        rg_err_prefix(err, "under valgrind");
    return status;
}

/* "valgrind-3.19.0" */
static void name_of(char *valgrind, char *ret, size_t cap) {
    static char question[] = "--version";
    char *argv[] = {valgrind, question, NULL};
    if (rg_tool_run(argv, 10, ret, cap, NULL) != RG_OK)
        snprintf(ret, cap, "valgrind");
    ret[strcspn(ret, "\n")] = '\0';
}

/* Counts of n, 2 n and 3 n inferences. */
typedef struct counts {
    int64_t of[3];
    json_t *isa;
} counts;

static rg_status count_thrice(const rg_instructions_ask *ask, const char *valgrind, uint32_t n,
                              counts *ret, rg_err *err) {
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < 3; i++) {
        json_decref(ret->isa);
        status = count_run(ask, valgrind, (i + 1) * n, &ret->of[i], &ret->isa, err);
    }
    return status;
}

/* What the system told at start (its mounts, say) may change between two runs: then once more. */
static bool is_even(const counts *c) {
    return c->of[2] - c->of[1] == c->of[1] - c->of[0];
}

static json_t *count(const rg_instructions_ask *ask, char *valgrind) {
    uint32_t n = inferences_for(ask->macs);
    counts c = {.isa = NULL};
    rg_err err = RG_ERR_INIT;
    rg_status status = count_thrice(ask, valgrind, n, &c, &err);
    for (int again = 1; status == RG_OK && !is_even(&c) && again < TRIES; again++)
        status = count_thrice(ask, valgrind, n, &c, &err);
    if (status == RG_OK && c.of[2] <= c.of[0])
        status = rg_fail(&err, RG_FAILED, "measure it where hardware counters work",
                         "under valgrind: more inferences took no more instructions");
    char by[64];
    name_of(valgrind, by, sizeof by);
    json_t *answer = status != RG_OK
                         ? refuse(&err)
                         : json_pack("{s:f, s:s, s:O?, s:i, s:b}", "value",
                                     (double)(c.of[2] - c.of[0]) / (2 * n), "by", by, "isa", c.isa,
                                     "inferences", (int)(2 * n), "even", is_even(&c));
    json_decref(c.isa);
    return answer;
}

json_t *rg_instructions_count(const rg_instructions_ask *ask) {
    rg_err err = RG_ERR_INIT;
    rg_arena *arena = rg_arena_new(0);
    char *valgrind = arena ? rg_fs_program(arena, "valgrind") : NULL;
    json_t *answer;
    if (ask->job->cell.threads > 1) {
        rg_fail(&err, RG_UNSUPPORTED, "count a cell of one thread",
                "no hardware counter here, and valgrind would count the waiting of %u threads too",
                (unsigned)ask->job->cell.threads);
        answer = refuse(&err);
    } else if (!valgrind) {
        rg_fail(&err, RG_ABSENT, "sudo apt-get install valgrind",
                "no hardware counter here, and valgrind, which counts without one, is not there");
        answer = refuse(&err);
    } else {
        answer = count(ask, valgrind);
    }
    rg_arena_free(arena);
    return answer;
}
