/* report.h: bundles in, a report's bytes out. C gathers the data (reportdata.c), a Lua template
 * builds a document tree from it, a Lua format renders the tree, gnuplot draws the charts
 * (gnuplot.c). Templates and formats are files of reports/, listed in reports/meson.build.
 *
 * A template gets one table:
 *   bundles   list of {dir, label = "A", "B" ..., finished, damage = {words...}, info =
 * bundle.json, cells, records (lines of cells.jsonl and records.jsonl), manifest_sha256 when
 *             finished, state = {before, after} of the machine (run/host.h), samples = {[cell key]
 * = {n, values = steady latencies in ns, ascending, at most 400 order statistics of n}} when the
 * format draws charts} fields    list of {key, unit, better, group, label, help} as in record.h
 *   codes     id -> {kind, seen, why, advice} as in core/codes.h
 *   options   {width, utf8, color, program, template, format} */
#ifndef RG_RESULT_REPORT_H
#define RG_RESULT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/text.h"

enum { RG_REPORT_MAX_BUNDLES = 26, RG_REPORT_MAX_POINTS = 400 };

/* How to report; zero-initialise and set what differs. Texts outlive the call. */
typedef struct rg_report_options {
    const char *template_name; /* a row of rg_report_templates; NULL: "summary" */
    const char *format;        /* a row of rg_report_formats; NULL: by `output`, else "text" */
    const char *output;        /* file that will hold the report, for its extension only; NULL */
    uint32_t width;            /* columns of text; 0: 80 */
    bool utf8, color;          /* what the reader's terminal understands */
    const char *keep_charts;   /* folder where data and scripts of the charts stay; NULL: none */
} rg_report_options;

/* Appends the report on `dirs` to `ret_report`, and to `ret_words` lines for people about what is
 * missing from it (no gnuplot, a damaged or unfinished bundle). Damaged and unfinished bundles are
 * reported with what they have and say so. RG_USAGE for unknown names (the nearest is given) and
 * no or too many bundles, RG_BAD_DATA for a folder that is no bundle, RG_IO for one that cannot be
 * read. Nothing is appended to `ret_report` on failure. */
rg_status rg_report_render(const char *const *dirs, size_t n_dirs, const rg_report_options *options,
                           rg_text *ret_report, rg_text *ret_words, rg_err *err);

#endif
