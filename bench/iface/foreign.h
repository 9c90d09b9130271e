/* foreign.h: what other tools measured, read from what they wrote: `railgauge import FORMAT` and
 * the targets that run such a tool. One reader a tool; a reader exists only where a real output of
 * the tool stands in tests/foreign. What a tool does not tell is left out, never worked out. */
#ifndef RG_IFACE_FOREIGN_H
#define RG_IFACE_FOREIGN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"

enum { RG_FOREIGN_MOST = 64 };

/* One request on the tool's own time line. */
typedef struct rg_foreign_row {
    int64_t start_ns, end_ns;
} rg_foreign_row;

/* One result. Text and rows live in the arena. */
typedef struct rg_foreign {
    const char *workload;       /* the model's name, "" when the tool does not tell */
    const char *device;         /* "" unknown */
    const char *version;        /* of the tool or its runtime, "" unknown */
    const char *invalid;        /* why the tool itself calls the run invalid; NULL: it does not */
    json_t *told;               /* figures by the keys of bench/result/record.h, in their units */
    json_t *settings;           /* what the tool says about its run, texts */
    uint64_t n;                 /* requests behind the latencies, 0 unknown */
    const rg_foreign_row *rows; /* each request, in order of completion; n_rows 0: none told */
    size_t n_rows;
} rg_foreign;

typedef struct rg_foreign_list {
    rg_foreign items[RG_FOREIGN_MOST];
    size_t n;
} rg_foreign_list;

/* Drops what JSON the list holds. Accepts all-zero. */
void rg_foreign_clear(rg_foreign_list *list);

typedef struct rg_foreign_format {
    const char *name, *summary;
    /* Adds the results of a text (NUL-terminated) to the list. RG_BAD_DATA when it is not the
     * tool's, or lacks what its reader needs, RG_NO_MEMORY. */
    rg_status (*read)(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                      rg_err *err);
} rg_foreign_format;

extern const rg_foreign_format *const rg_foreign_formats[]; /* ends with NULL */
const rg_foreign_format *rg_foreign_find(const char *name); /* NULL when there is none */

/* --- for readers ------------------------------------------------------------------------------ */

/* A fresh result at the list's end, all text ""; NULL when it is full or out of memory. */
rg_foreign *rg_foreign_add(rg_foreign_list *list);

/* The first line of `text` (its last when `last`) that begins with `label`, after whatever a logger
 * puts before it ("[date] [I] ", "INFO: "). NULL when there is none. */
const char *rg_foreign_line(const char *text, const char *label, bool last);

/* Where a number stands: on the line with `label`, behind `key` (NULL: behind the label). Blanks,
 * colons, equal signs and brackets between are skipped. */
typedef struct rg_foreign_place {
    const char *label, *key;
    const char *name; /* of the figure or of the setting */
    double scale;     /* times the number, to the figure's unit; 0: `name` is a setting, a text */
    bool last;        /* the last such line */
} rg_foreign_place;

/* The number or NAN; the rest of the line as text, NULL without one. */
double rg_foreign_number(const char *text, const rg_foreign_place *place);
const char *rg_foreign_text(const char *text, const rg_foreign_place *place, rg_arena *arena);

/* All places of a table (ends with a NULL label) into told and settings. The count of figures. */
size_t rg_foreign_take(const char *text, const rg_foreign_place *places, rg_arena *arena,
                       rg_foreign *result);

/* trtexec's banner "[TensorRT v101602]" as "10.16.2"; "" without one. */
const char *rg_foreign_trtexec_version(const char *text, rg_arena *arena);

/* "net" for "[/path/net.tflite]": the last part of a path without its ending. */
const char *rg_foreign_model_name(const char *path, rg_arena *arena);

#endif
