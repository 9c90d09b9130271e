/* verify.c: the child that proves and the parent that watches it. They share one board: where the
 * child is, and what it found. When the child dies the kernel that it was at is to blame, and the
 * next child goes on behind it. */
#include "bench/run/verify.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/run/trial.h"

/* Streams of random numbers of one case, told apart from its seed. */
enum { STREAM_CONSTANTS = 1, STREAM_INPUTS = 2, STREAM_TRIALS = 3 };

typedef struct board {
    uint32_t at_case, at_row; /* where the child is; at_row counts from 0 */
    uint32_t skip_rows;       /* of case at_case: done before the last child died */
    bool in_trial;            /* else it draws, builds or computes the truth */
    uint64_t beats;           /* grows while it goes on */
    bool no_such_case, finished;
    bool loose;         /* as the spec says */
    char fault_at[96];  /* of a fault: where the address lies */
    rg_verify_fault at; /* case, seed and conditions of the trial under way */
    rg_verify result;
} board;

/* For the handler of faults. */
static const rg_trial_memory *trial_memory;
static board *shared_board;

static uint64_t stream_of(uint64_t seed, uint64_t stream) {
    rg_rng rng = rg_rng_seeded(seed ^ stream << 56);
    return rg_rng_next(&rng);
}

bool rg_verify_refused_too_many(uint32_t drawn, uint32_t refused) {
    return refused > 2 && (uint64_t)refused * 20 > drawn;
}

/* --- the child -------------------------------------------------------------------------------- */

/* Stack buffers and snprintf only; the process ends here. */
static void on_fault(int signal_number, siginfo_t *info, void *context) {
    (void)context;
    if (signal_number != SIGILL && trial_memory)
        rg_trial_memory_tell(trial_memory, info->si_addr, shared_board->fault_at,
                             sizeof shared_board->fault_at);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_faults(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static char spare[64 * 1024];
    stack_t stack = {.ss_sp = spare, .ss_size = sizeof spare};
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigaction(faults[i], &action, NULL);
}

static bool suits(const rg_kernel *kernel, const rg_op_call *call) {
    return !kernel || !kernel->suits || kernel->suits(call);
}

/* Random with ends, then an extreme fill by the case's turn; both alignments of pages and none. */
enum { FILLS = 2 };

static rg_fill fill_of(uint64_t seed, int turn) {
    return turn == 0 ? RG_FILL_ENDS : (rg_fill)(RG_FILL_LOWEST + seed % 5);
}

static rg_status try_places(const rg_made_case *made, const rg_truth *truth, rg_verify_row *row,
                            uint64_t seed, rg_trial_memory *memory, rg_err *err) {
    rg_verify_fault *at = &shared_board->at;
    rg_status status = RG_OK;
    int first = shared_board->loose ? RG_PLACE_FRONT : RG_PLACE_END;
    for (int place = first; status == RG_OK && place < RG_PLACE_COUNT; place++) {
        rg_trial trial = {made, row->kernel, truth, (rg_place)place,
                          stream_of(seed + (uint64_t)place, STREAM_TRIALS)};
        snprintf(at->conditions, sizeof at->conditions, "inputs %s, buffers placed %s",
                 rg_fill_word(truth->fill), rg_place_word((rg_place)place));
        shared_board->beats++;
        status = rg_trial_run(&trial, memory, at->how, sizeof at->how, err);
        row->trials++;
    }
    return status;
}

static void put_fault(rg_verify_fault *ret, rg_status status, const rg_err *err) {
    *ret = shared_board->at;
    ret->status = status;
    snprintf(ret->what, sizeof ret->what, "%.250s", err->what);
}

static void try_row(const rg_made_case *made, const rg_truth *truths, uint32_t r, uint64_t seed,
                    rg_trial_memory *memory) {
    rg_verify_row *row = &shared_board->result.rows[r];
    rg_err err = RG_ERR_INIT;
    rg_status status = RG_OK;
    shared_board->at_row = r;
    shared_board->in_trial = true;
    row->tried++;
    if (suits(row->kernel, made->call)) {
        row->suited++;
        for (int f = 0; status == RG_OK && f < FILLS; f++)
            status = try_places(made, &truths[f], row, seed, memory, &err);
        if (status != RG_OK)
            put_fault(&row->fault, status, &err);
    }
    shared_board->in_trial = false;
}

/* All rows that are still sound, on one case. */
static void try_case(const rg_made_case *made, uint64_t seed, bool with_reference,
                     rg_trial_memory *memory, rg_err *err) {
    rg_verify *result = &shared_board->result;
    rg_truth truths[FILLS] = {{0}};
    rg_status status = RG_OK;
    for (int f = 0; status == RG_OK && f < FILLS; f++) {
        shared_board->beats++;
        status = rg_truth_make(made, fill_of(seed, f), stream_of(seed + (uint64_t)f, STREAM_INPUTS),
                               &truths[f], err);
    }
    for (uint32_t r = shared_board->skip_rows; status == RG_OK && r < result->n_rows; r++) {
        if (result->rows[r].fault.status == RG_OK && (result->rows[r].kernel || with_reference))
            try_row(made, truths, r, seed, memory);
    }
    for (int f = 0; f < FILLS; f++)
        rg_truth_free(&truths[f]);
    shared_board->skip_rows = 0;
}

static void refuse(const rg_err *err) {
    rg_verify *result = &shared_board->result;
    if (result->refused++ == 0)
        snprintf(result->refused_because, sizeof result->refused_because, "%.250s", err->what);
}

static void announce(const rg_op *op, const rg_case *c, uint64_t seed, bool named) {
    rg_verify_fault *at = &shared_board->at;
    memset(at, 0, sizeof *at);
    rg_case_text(op, c, at->case_text, sizeof at->case_text);
    if (named)
        snprintf(at->case_name, sizeof at->case_name, "%s", c->name);
    at->seed = seed;
}

static void try_drawn(const rg_verify_spec *spec, uint32_t i, rg_trial_memory *memory) {
    uint64_t seed = spec->seed + i;
    rg_rng rng = rg_rng_seeded(stream_of(seed, 0));
    rg_case c = {0};
    rg_err err = RG_ERR_INIT;
    rg_made_case *made;
    spec->set->draw(spec->op, &rng, &c);
    announce(spec->op, &c, seed, false);
    shared_board->result.drawn = i + 1;
    if (rg_made_case_new(spec->op, &c, stream_of(seed, STREAM_CONSTANTS), false, &made, &err) !=
        RG_OK) {
        refuse(&err);
        return;
    }
    try_case(made, seed, true, memory, &err);
    if (err.status != RG_OK)
        refuse(&err);
    rg_made_case_free(made);
}

/* The reference in pieces is not tried on cases that take it long. */
static void try_bench_case(const rg_verify_spec *spec, const rg_case *c, rg_trial_memory *memory) {
    enum { MOST_MACS_OF_REFERENCE = 4000000 };
    rg_made_case *made;
    rg_err err = RG_ERR_INIT;
    announce(spec->op, c, spec->seed, true);
    if (rg_made_case_new(spec->op, c, stream_of(spec->seed, STREAM_CONSTANTS), true, &made, &err) !=
        RG_OK) {
        put_fault(&shared_board->result.set_fault, err.status, &err);
        return;
    }
    if (spec->named || made->work.macs <= spec->limit_macs)
        try_case(made, spec->seed, spec->named || made->work.macs <= MOST_MACS_OF_REFERENCE, memory,
                 &err);
    if (err.status != RG_OK)
        put_fault(&shared_board->result.set_fault, err.status, &err);
    rg_made_case_free(made);
}

/* False when every row is known to be wrong: nothing is left to learn. */
static bool any_sound(void) {
    const rg_verify *result = &shared_board->result;
    for (size_t r = 0; r < result->n_rows; r++) {
        if (result->rows[r].fault.status == RG_OK)
            return true;
    }
    return false;
}

static bool wanted(const rg_verify_spec *spec, const rg_case *c) {
    return spec->named ? !strcmp(c->name, spec->named) : spec->bench_cases;
}

/* Cases are numbered: the drawn ones, then the bench cases. */
static void child_main(const rg_verify_spec *spec, uint32_t first_case) {
    rg_trial_memory memory = {0};
    uint32_t drawn = spec->named ? 0 : spec->cases;
    bool found = false;
    trial_memory = &memory;
    catch_faults();
    for (uint32_t i = first_case; any_sound() && i < drawn; i++) {
        shared_board->at_case = i;
        try_drawn(spec, i, &memory);
    }
    for (uint32_t i = first_case > drawn ? first_case - drawn : 0; any_sound(); i++) {
        rg_case c = {0};
        if (!spec->set->bench || !spec->set->bench(spec->op, i, &c))
            break;
        shared_board->at_case = drawn + i;
        found |= wanted(spec, &c);
        if (wanted(spec, &c))
            try_bench_case(spec, &c, &memory);
    }
    shared_board->no_such_case |= spec->named && !found && first_case == 0;
    rg_trial_memory_free(&memory);
    shared_board->finished = true;
}

/* --- the parent ------------------------------------------------------------------------------- */

/* Waits for the child; kills one that makes no progress within the limit. */
static int watch(pid_t child, const board *shared, int64_t limit_ns, bool *ret_hung) {
    uint64_t beats = shared->beats;
    int64_t since_ns = rg_clock_real_ns();
    int how = 0;
    *ret_hung = false;
    for (unsigned pause_us = 200;; pause_us = pause_us < 5000 ? pause_us * 2 : pause_us) {
        pid_t done = waitpid(child, &how, WNOHANG);
        if (done == child)
            return how;
        if (done < 0 && errno != EINTR)
            return -1;
        int64_t now_ns = rg_clock_real_ns();
        uint64_t now_beats = __atomic_load_n(&shared->beats, __ATOMIC_RELAXED);
        if (now_beats != beats)
            since_ns = now_ns;
        beats = now_beats;
        if (now_ns - since_ns > limit_ns && !*ret_hung) {
            *ret_hung = true;
            kill(child, SIGKILL);
        }
        usleep(pause_us);
    }
}

static const char *signal_word(int number) {
    static const struct {
        int number;
        const char *word;
    } words[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},   {SIGFPE, "SIGFPE"},
        {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"}, {SIGKILL, "SIGKILL"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].number == number)
            return words[i].word;
    }
    return "a signal";
}

/* In words what ended the child: "SIGSEGV at 3 bytes behind output 0 (40 bytes)". */
static void tell_end(const board *shared, int how, bool hung, char *ret, size_t cap) {
    if (hung)
        snprintf(ret, cap, "did not come to an end");
    else if (WIFSIGNALED(how))
        snprintf(ret, cap, "%s%s%s", signal_word(WTERMSIG(how)), *shared->fault_at ? " at " : "",
                 shared->fault_at);
    else
        snprintf(ret, cap, "ended the process with exit code %d", WEXITSTATUS(how));
}

/* Blames the row at work, or the operator when it was none; false when nothing is left to do. */
static bool blame(board *shared, int how, bool hung, uint32_t *ret_next) {
    char what[192];
    tell_end(shared, how, hung, what, sizeof what);
    bool in_trial = shared->in_trial && shared->at_row < shared->result.n_rows;
    rg_verify_fault *fault =
        in_trial ? &shared->result.rows[shared->at_row].fault : &shared->result.set_fault;
    *fault = shared->at;
    fault->status = RG_FAILED;
    snprintf(fault->what, sizeof fault->what, "%s%s",
             in_trial ? "" : "drawing the case or its reference: ", what);
    shared->in_trial = false;
    shared->fault_at[0] = '\0';
    *ret_next = shared->at_case;
    shared->skip_rows = shared->at_row + 1;
    return in_trial;
}

static rg_status drive(const rg_verify_spec *spec, board *shared, rg_err *err) {
    int64_t limit_ns = spec->limit_ns ? spec->limit_ns : INT64_C(60000000000);
    bool more = true;
    for (uint32_t next = 0; more;) {
        bool hung;
        fflush(NULL);
        pid_t child = fork();
        if (child < 0)
            return rg_fail(err, RG_FAILED, NULL, "no process can be started: %s", strerror(errno));
        if (child == 0) {
            child_main(spec, next);
            _exit(0);
        }
        int how = watch(child, shared, limit_ns, &hung);
        more = !shared->finished && blame(shared, how, hung, &next);
    }
    if (shared->no_such_case)
        return rg_fail(err, RG_USAGE, "see `railgauge list cases`", "%s has no bench case '%s'",
                       spec->op->name, spec->named);
    return RG_OK;
}

static void judge_refusals(board *shared) {
    rg_verify *result = &shared->result;
    if (result->set_fault.status == RG_OK &&
        rg_verify_refused_too_many(result->drawn, result->refused)) {
        memset(&shared->at, 0, sizeof shared->at);
        result->set_fault.status = RG_INVALID;
        snprintf(result->set_fault.what, sizeof result->set_fault.what,
                 "the operator refuses %u of %u drawn cases; first: %.160s", result->refused,
                 result->drawn, result->refused_because);
    }
}

rg_status rg_verify_run(const rg_verify_spec *spec, rg_verify **ret_verify, rg_err *err) {
    size_t n = spec->n_kernels + (spec->reference ? 1 : 0);
    size_t bytes = sizeof(rg_verify) + n * sizeof(rg_verify_row);
    rg_verify *copy = malloc(bytes);
    board *shared = mmap(NULL, sizeof(board) + n * sizeof(rg_verify_row), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!copy || shared == MAP_FAILED) {
        free(copy);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a proof");
    }
    shared_board = shared;
    shared->result.n_rows = n;
    shared->loose = spec->loose;
    for (size_t i = 0; i < spec->n_kernels; i++)
        shared->result.rows[i].kernel = spec->kernels[i];
    rg_status status = drive(spec, shared, err);
    judge_refusals(shared);
    memcpy(copy, &shared->result, bytes);
    shared_board = NULL;
    munmap(shared, sizeof(board) + n * sizeof(rg_verify_row));
    if (status == RG_OK)
        *ret_verify = copy;
    else
        free(copy);
    return status;
}

bool rg_verify_ok(const rg_verify *verify) {
    bool ok = verify->set_fault.status == RG_OK;
    for (size_t i = 0; i < verify->n_rows; i++)
        ok &= verify->rows[i].fault.status == RG_OK;
    return ok;
}
