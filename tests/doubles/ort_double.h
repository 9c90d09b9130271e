/* ort_double.h: what the parts of the double of ONNX Runtime share: ort_library.c the table and
 * what it is told to be like, ort_double_options.c options and providers, ort_double_session.c
 * sessions, values and runs, ort_double_facts.c assignment, profile and memory.
 *
 * ORT_DOUBLE is a list of words with commas between: "version=1.29.0"; "no-table"; "env=N",
 * "load=N", "bind=N", "run=N" (refusals with code N); "crash" or "hang" (the third run), "slow" (5
 * ms a run), "wrong"; "takes=N" (nodes that the first provider takes; the CPU has the rest);
 * "lacks" (CUDA is listed, but its library is missing); "no-times" (a profile without nodes). */
#ifndef RG_TESTS_ORT_DOUBLE_H
#define RG_TESTS_ORT_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/iface/exec.h"
#include "bench/run/model.h"
#include "targets/ort_file.h"

enum { DOUBLE_ENDS = 32, DOUBLE_PROVIDERS = 8, DOUBLE_PAIRS = 32 };

/* Codes of statuses that the double gives by itself. */
enum { DOUBLE_FAIL = 1, DOUBLE_INVALID = 2, DOUBLE_NO_MODEL = 4, DOUBLE_PROTOBUF = 7 };

typedef void (*double_call)(void);

/* A function and its place in the table. */
typedef struct double_slot {
    int place;
    double_call call;
} double_slot;
#define DOUBLE_SLOT(place, name)                                                                   \
    { place, (double_call)name }

/* Tables of the parts; end with place -1. */
extern const double_slot double_option_slots[], double_session_slots[], double_fact_slots[];

/* A status; `said` as printf. */
void *double_status(int code, const char *said, ...) __attribute__((format(printf, 2, 3)));

/* What follows "word=" in ORT_DOUBLE, "" for a word alone, NULL when it is not there; and as a
 * number, `none` when it is not there. */
const char *double_told(const char *word);
long double_number(const char *word, long none);

typedef struct double_pairs {
    char *keys[DOUBLE_PAIRS], *values[DOUBLE_PAIRS];
    size_t n;
} double_pairs;
void double_add_pair(double_pairs *pairs, const char *key, const char *value);
void double_free_pairs(double_pairs *pairs); /* what they hold, not the table */
const char *double_find_pair(const double_pairs *pairs, const char *key);

/* Options of a session. */
typedef struct double_options {
    const char *providers[DOUBLE_PROVIDERS];
    size_t n_providers;
    double_pairs config, dims;
    char profile[512]; /* "": off */
    int threads;
} double_options;

/* A tensor over the caller's memory, as it was when it was bound where a device copies it. */
typedef struct double_value {
    void *data, *copy;
    size_t bytes;
} double_value;

typedef struct double_session {
    rg_model *model;
    rg_exec *exec;
    double_options options;
    rg_arena *arena;
    rg_ort_file file;
    int runs;
} double_session;

typedef struct double_binding {
    double_session *session;
    double_value *in[DOUBLE_ENDS], *out[DOUBLE_ENDS];
} double_binding;

/* The provider that takes a node of the file. */
const char *double_provider_of(const double_session *session, uint32_t node);

/* Adds the events of a run to the profile, when it is on. */
void double_profile_run(const double_session *session);

#endif
