/* result.h: result.json, the one document that a gate leaves, and what is read from it. gate_json.c
 * writes it; the screen, Markdown, JUnit and every other form (emit.h) are made from what is read
 * back here, never from the gate itself, so that no two of them can disagree. docs/result.md is its
 * description.
 *
 * Members may be added within a schema version; readers leave alone what they do not know. A
 * document with a newer version is refused. */
#ifndef RG_RESULT_RESULT_H
#define RG_RESULT_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/result/gate.h"

enum { RG_RESULT_SCHEMA = 1 };
#define RG_RESULT_KIND "railgauge-gate"

/* One judged cell and metric; a cell that is judged as a whole has "" for metric, label, unit and
 * better. Texts are never NULL, numbers that do not exist are NAN. */
typedef struct rg_result_row {
    const char *cell, *name; /* key and name */
    const char *workload, *backend, *device, *provenance;
    const char *metric, *label, *unit, *better; /* better: "lower", "higher", "none" */
    const char *verdict;                        /* a word of RG_VERDICT_LIST */
    double baseline, baseline_low, baseline_high;
    double candidate, candidate_low, candidate_high; /* headline values, 95 % intervals */
    double change, change_low, change_high; /* shares: candidate / baseline - 1, 95 % interval */
    double tolerance, target;               /* shares */
    double p_worse, p_better, q_worse, q_better, sd_log;
    size_t rounds_baseline, rounds_candidate, rounds_needed;
    size_t n_baseline, n_candidate; /* samples behind the headline values; 0 unknown */
    const char *method, *note;
    const char *flags_baseline, *flags_candidate;     /* ids of core/codes.h, separated by blanks */
    const char *context_baseline, *context_candidate; /* SHA-256 of what was not asked for */
    double measured_s;                                /* of the cell, both sides of a session */
    size_t line;                                      /* of the scenario that asks for the cell */
    rg_verdict verdict_id;
} rg_result_row;

typedef struct rg_result_side {
    const char *path, *scenario, *scenario_path, *plan, *created, *program, *machine, *serial;
    const char *manifest_sha256; /* of MANIFEST.sha256, hence of all raw files; "" when unknown */
    bool finished;
} rg_result_side;

/* Declared once: from a row come the JSON member, the CSV column and its description. */
typedef enum rg_result_kind {
    RG_RESULT_TEXT,
    RG_RESULT_REAL,
    RG_RESULT_COUNT,
    RG_RESULT_BOOL
} rg_result_kind;

typedef struct rg_result_field {
    const char *key;
    rg_result_kind kind;
    size_t offset;
} rg_result_field;

/* Tables end with a NULL key. */
extern const rg_result_field rg_result_row_fields[], rg_result_side_fields[];

/* The members that the table names, from a struct. Numbers that do not exist are null. */
json_t *rg_result_write(const rg_result_field *table, const void *record);

/* Into a struct; texts are borrowed from `object`. RG_BAD_DATA naming a member of the wrong kind;
 * absent ones are "", NAN, 0 or false. */
rg_status rg_result_read(const rg_result_field *table, const json_t *object, const char *where,
                         void *record, rg_err *err);

/* What a verdict's likely cause may be: a field that differs between the two sides. */
typedef struct rg_result_cause {
    const char *what, *advice;
} rg_result_cause;

/* A document as read. */
typedef struct rg_result {
    json_t *document; /* owned */
    rg_arena *arena;
    rg_result_side baseline, candidate;
    rg_result_row *rows; /* worst first */
    size_t n;
    size_t counts[RG_VERDICT_COUNT];
    size_t n_cells;
    const char **notes;
    size_t n_notes;
    const char *trust;             /* one sentence, beginning with VALID or INVALID in part */
    const char *repeat, *rerun;    /* commands; "" for none */
    const rg_result_cause *causes; /* the likeliest first */
    size_t n_causes;
    int exit, exit_mapped;
} rg_result;

/* Reads a document; keeps a reference to it. RG_BAD_DATA for what is no such document, or of a
 * newer schema. `origin` names it in messages. */
rg_status rg_result_from_json(json_t *document, const char *origin, rg_result **ret_result,
                              rg_err *err);
void rg_result_free(rg_result *result); /* accepts NULL */

/* What only the command line knows. */
typedef struct rg_result_facts {
    int argc; /* the command as it was typed, without the program; 0: made from the sides */
    char **argv;
    int exit_mapped; /* the exit code after --exit and policies */
} rg_result_facts;

/* result.json of a gate (new reference, NULL when memory ran out). `facts` may be NULL. */
json_t *rg_gate_to_json(const rg_gate *gate, const rg_result_facts *facts);

#endif
