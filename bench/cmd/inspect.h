/* inspect.h: the two ways in which `railgauge inspect` tells what it found: inspect_text.c and
 * inspect_tables.c for people, inspect_json.c for programs, inspect_compiled.c for both about files
 * of a vendor's compiler. inspect.c finds it. */
#ifndef RG_CMD_INSPECT_H
#define RG_CMD_INSPECT_H

#include <jansson.h>

#include "bench/core/hef.h"
#include "bench/iface/offload.h"
#include "bench/run/inspect.h"
#include "bench/run/ziptail.h"

/* The model that a compiled one was made from, and what became of its nodes. */
typedef struct rg_inspect_pair {
    const rg_model *model;
    const rg_inspection *look;
    rg_offload counts;
    bool *taken; /* by node: it runs on the device; in the inspection's arena */
    uint64_t macs_taken;
} rg_inspect_pair;

/* All about one model file. */
typedef struct rg_inspect_view {
    const rg_model *model;
    const rg_inspection *look;
    rg_ziptail tail;
    bool nodes;                  /* with the table of nodes */
    const rg_inspect_pair *pair; /* NULL: not known what it was made from */
} rg_inspect_view;

void rg_inspect_print(const rg_inspect_view *view);
json_t *rg_inspect_json(const rg_inspect_view *view); /* new reference */

/* What a vendor's compiler made: its executables, what stays on the CPU, and of a pair what was
 * taken. Nothing for other files; NULL as JSON. */
void rg_inspect_print_compiled(const rg_inspect_view *view);
void rg_inspect_print_pair(const rg_inspect_view *view);
json_t *rg_inspect_compiled_json(const rg_inspect_view *view);

/* Matches the two graphs. `ret_pair->model` and `look` are given; RG_INVALID for files that do not
 * belong together, RG_USAGE where `model` is not a compiled one, RG_NO_MEMORY. */
rg_status rg_inspect_match(const rg_model *model, rg_inspect_pair *ret_pair, rg_err *err);

/* Hailo executables (inspect_hef.c): whether a file begins as one (false when it cannot be read:
 * the loader will say why); and all about it, to stdout, as an exit code. */
bool rg_inspect_is_hef(const char *path);
int rg_inspect_hef(const char *path, bool json);

/* One JSON document on stdout; takes the reference. */
void rg_inspect_print_json(json_t *all);

/* A text that a terminal and JSON take: control characters, and what is no UTF-8, become '?'. */
void rg_inspect_clean(const char *text, char *ret, size_t cap);

/* Operators, refusals, nodes and targets (inspect_tables.c). */
void rg_inspect_print_tables(const rg_inspect_view *view);

/* A count as "568 M"; "0" for none; bytes as "1.20 MiB"; "1 node", "2 nodes". All return `ret`. */
const char *rg_inspect_count(uint64_t n, char *ret, size_t cap);
const char *rg_inspect_bytes(uint64_t n, char *ret, size_t cap);
const char *rg_inspect_plural(uint64_t n, const char *word, char *ret, size_t cap);

#endif
