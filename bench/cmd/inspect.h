/* inspect.h: the two ways in which `railgauge inspect` tells what it found: inspect_text.c and
 * inspect_tables.c for people, inspect_json.c for programs. inspect.c finds it. */
#ifndef RG_CMD_INSPECT_H
#define RG_CMD_INSPECT_H

#include <jansson.h>

#include "bench/run/hef.h"
#include "bench/run/inspect.h"
#include "bench/run/ziptail.h"

/* All about one model file. */
typedef struct rg_inspect_view {
    const rg_model *model;
    const rg_inspection *look;
    rg_ziptail tail;
    bool nodes; /* with the table of nodes */
} rg_inspect_view;

void rg_inspect_print(const rg_inspect_view *view);
json_t *rg_inspect_json(const rg_inspect_view *view); /* new reference */

/* A Hailo executable: its header and what the check of it said. */
void rg_inspect_print_hef(const char *path, size_t bytes, const rg_hef *hef);
json_t *rg_inspect_hef_json(const char *path, size_t bytes, const rg_hef *hef, const rg_err *err);

/* A text that a terminal and JSON take: control characters, and what is no UTF-8, become '?'. */
void rg_inspect_clean(const char *text, char *ret, size_t cap);

/* Operators, refusals, nodes and targets (inspect_tables.c). */
void rg_inspect_print_tables(const rg_inspect_view *view);

/* A count as "568 M"; "0" for none. And "1 node", "2 nodes". Both return `ret`. */
const char *rg_inspect_count(uint64_t n, char *ret, size_t cap);
const char *rg_inspect_plural(uint64_t n, const char *word, char *ret, size_t cap);

#endif
