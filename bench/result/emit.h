/* emit.h: the forms of a result.json: each is made from a read document (result.h) alone, in one
 * pass, and is a row of one list. The command line takes its choices from it. */
#ifndef RG_RESULT_EMIT_H
#define RG_RESULT_EMIT_H

#include "bench/core/text.h"
#include "bench/result/result.h"

/* How to make it; only the text form asks. */
typedef struct rg_emit_how {
    size_t columns; /* at least 80 are used */
    bool all;       /* passing rows too */
} rg_emit_how;

/* name on the command line, function, what it is */
#define RG_EMIT_LIST(X)                                                                            \
    X("text", text, "the screen")                                                                  \
    X("json", json, "result.json itself")                                                          \
    X("markdown", markdown, "a comment or step summary, the 50 worst rows")                        \
    X("junit", junit, "JUnit XML as Jenkins and GitLab read it")                                   \
    X("csv", csv, "one line a row, RFC 4180, every digit")                                         \
    X("github", github, "workflow commands: the 9 worst as annotations")                           \
    X("tap", tap, "TAP version 14 with the figures as YAML")                                       \
    X("codequality", codequality, "GitLab code quality: what did not pass")                        \
    X("sarif", sarif, "SARIF 2.1.0: what did not pass")                                            \
    X("openmetrics", openmetrics, "OpenMetrics text: values and changes as gauges")

typedef struct rg_emit {
    const char *name;
    void (*add)(const rg_result *result, const rg_emit_how *how, rg_text *ret_text);
    const char *summary;
} rg_emit;

extern const rg_emit rg_emits[];          /* ends with a NULL name */
extern const char *const rg_emit_names[]; /* the same names, NULL-ended, for a choice */

#define X(name, function, summary)                                                                 \
    void rg_emit_##function(const rg_result *result, const rg_emit_how *how, rg_text *ret_text);
RG_EMIT_LIST(X)
#undef X

/* CSV by a table of fields (result.h): the line of names, and a record. */
void rg_csv_head(const rg_result_field *table, rg_text *out);
void rg_csv_row(const rg_result_field *table, const void *record, rg_text *out);

#endif
