/* real.h: graphs of the suite in somebody else's runtime, beside our own outputs. A runtime is four
 * functions over its library (real_tflite.c, real_onnx.c); real.c makes the graphs, fills the
 * inputs as calibration does, compares and prints TAP. Single operators: equal, or off by one
 * quantum, counted; whole models, and floats: by run/agree.h's limits for foreign targets, which
 * one sample of four may break: two of a seeded network's classes may be as good as equal. */
#ifndef RG_TESTS_REAL_H
#define RG_TESTS_REAL_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/core/text.h"
#include "bench/iface/exec.h"
#include "bench/run/agree.h"
#include "bench/run/network.h"

typedef struct rg_real {
    const char *name;          /* "TFLite" */
    const char *writer;        /* whose files it loads: "tflite" */
    bool reads_back;           /* our own reader's graph must give our bytes too */
    const char *(*open)(void); /* NULL: there; else why it is not */
    const char *(*version)(void);
    const char *(*load)(const rg_text *file);                 /* NULL, or why it is refused */
    const char *(*run)(const rg_graph *graph, rg_exec *exec); /* with the exec's inputs */
    const char *(*output)(uint32_t i, size_t bytes, const void **ret_data); /* after a run */
} rg_real;

typedef struct rg_real_outcome {
    bool ran, refused, reals; /* reals: some output is float32 */
    uint64_t elements, differing;
    double worst;                      /* in quanta (floats: as they are) */
    uint64_t read_back_differing;      /* bytes that our own reader's graph gives otherwise */
    uint32_t samples, winners, beyond; /* with the same largest element; beyond agree.h's limits */
    rg_agreement agreement;
    char what[256];
} rg_real_outcome;

/* Inputs of a suite graph as calibration fills them; one output added to what was found. */
void rg_real_fill(const rg_graph *graph, const rg_network *net, uint64_t seed, rg_exec *exec);
void rg_real_compare(const rg_tensor *t, const void *ours, const void *theirs,
                     rg_real_outcome *outcome);

/* Our own reader's graph of what the writer wrote; left NULL where nobody asks for it. And that
 * graph on the inputs of the first, compared byte by byte. */
rg_status rg_real_read_back(const rg_real *real, const rg_graph *graph, const rg_text *file,
                            rg_graph **ret, rg_err *err);
void rg_real_compare_again(const rg_graph *graph, rg_exec *exec, rg_exec *again,
                           rg_real_outcome *outcome);

/* Each node of a suite model alone, on the inputs that it has in our run: prints a line for each
 * that is off by more than one quantum, or refused, and how many differ at all. false: some are. */
bool rg_real_nodes(const rg_real *real, const char *name, const json_t *description,
                   const char *form);

/* `what` is "ops", "models" or "nodes", `form` such as "int8"; names may be narrowed by parts of
 * them. Returns main's code. */
int rg_real_all(const rg_real *real, const char *what, const char *form, int n, char **parts);

#endif
