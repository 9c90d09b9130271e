/* err.h: what can go wrong, said once. Statuses, exit codes and the error value that carries
 * what happened and what to try. Everything in the program returns an rg_status and, where a
 * caller may want words, fills an optional rg_err given last. Includes nothing of ours. */
#ifndef RG_CORE_ERR_H
#define RG_CORE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes shared by all verbs (architecture, section 5): name, code, sentence. */
#define RG_EXIT_LIST(X)                                                                            \
    X(OK, 0, "done; gate: pass")                                                                   \
    X(REGRESSED, 1, "gate: regression; verify: wrong outputs")                                     \
    X(INCONCLUSIVE, 2, "gate: inconclusive")                                                       \
    X(INCOMPLETE, 3, "gate: missing or error cells; run: some cells failed")                       \
    X(INVALID, 4, "not comparable or invalid run")                                                 \
    X(UNAVAILABLE, 5, "device or backend unavailable")                                             \
    X(USAGE, 64, "usage, scenario or option error")                                                \
    X(DATA, 65, "bad input file")                                                                  \
    X(IO, 74, "reading or writing failed")                                                         \
    X(INTERRUPTED, 130, "interrupted, everything finished is kept")

typedef enum rg_exit {
#define X(name, code, text) RG_EXIT_##name = code,
    RG_EXIT_LIST(X)
#undef X
} rg_exit;

/* Statuses: name, word used in files and reports, exit code it leads to, sentence. The words from
 * `ok` to `interrupted` are also the end states of a cell and are part of the bundle's contract. */
#define RG_STATUS_LIST(X)                                                                          \
    X(OK, "ok", OK, "finished and valid")                                                          \
    X(UNSUPPORTED, "unsupported", INCOMPLETE, "the target cannot do what the cell asks")           \
    X(ABSENT, "absent", UNAVAILABLE, "the device, library or sensor is not here")                  \
    X(DENIED, "denied", UNAVAILABLE, "it is here, but access is refused")                          \
    X(WRONG, "wrong", REGRESSED, "the output differs from the reference")                          \
    X(FAILED, "failed", INCOMPLETE, "crashed, timed out or was lost")                              \
    X(INTERRUPTED, "interrupted", INTERRUPTED, "stopped before it was finished")                   \
    X(USAGE, "usage", USAGE, "an option, argument or scenario is wrong")                           \
    X(BAD_DATA, "bad-data", DATA, "an input file is damaged or foreign")                           \
    X(IO, "io", IO, "reading or writing failed")                                                   \
    X(NO_MEMORY, "no-memory", IO, "memory ran out or a stated limit was reached")                  \
    X(INVALID, "invalid", INVALID, "the runs cannot be compared or broke a rule")                  \
    X(TIMEOUT, "timeout", INCOMPLETE, "no answer within the time allowed")                         \
    X(AGAIN, "again", INCOMPLETE, "nothing ready yet")

typedef enum rg_status {
#define X(name, word, exit, text) RG_##name,
    RG_STATUS_LIST(X)
#undef X
        RG_STATUS_COUNT
} rg_status;

/* An error value. Owned by the caller, usually on its stack; no cleanup needed. */
typedef struct rg_err {
    rg_status status;
    char what[768];   /* what happened, one sentence without a final full stop */
    char advice[512]; /* what to try, may be empty */
} rg_err;

#define RG_ERR_INIT                                                                                \
    { RG_OK, "", "" }

/* Fills `err` (may be NULL) and returns `status`, so that `return rg_fail(...)` reads as one
 * thought. `advice` may be NULL; `format` as printf. Long texts are cut, never overflow. */
rg_status rg_fail(rg_err *err, rg_status status, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "prefix: " before what has already been said, for context on the way up. NULL-safe. */
void rg_err_prefix(rg_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Word ("absent"), sentence, and the exit code of a status. Never NULL. */
const char *rg_status_word(rg_status status);
const char *rg_status_text(rg_status status);
int rg_status_exit(rg_status status);

/* The status named by `word`; false if there is none. */
bool rg_status_from_word(const char *word, rg_status *ret_status);

/* Sentence for an exit code, NULL if it is not one of ours. */
const char *rg_exit_text(int code);

#endif
