/* gnuplot.h: charts by gnuplot as an external program, found in PATH, started without a shell in a
 * folder of its own, with a time limit and its words captured. */
#ifndef RG_RESULT_GNUPLOT_H
#define RG_RESULT_GNUPLOT_H

#include "bench/core/err.h"
#include "bench/core/text.h"

typedef struct rg_gnuplot rg_gnuplot;

/* A workshop for charts: files stand in `keep` (created, and left alone at the end), or, when it is
 * NULL, in a temporary folder that goes with it. */
rg_status rg_gnuplot_open(const char *keep, rg_gnuplot **ret_gnuplot, rg_err *err);
void rg_gnuplot_close(rg_gnuplot *gnuplot); /* accepts NULL */

/* Writes NAME.dat and NAME.gp, runs gnuplot on the script, and appends the NAME.svg that it wrote
 * to `ret_svg`. `name` is of [a-z0-9-]. RG_ABSENT without gnuplot (the files are written all the
 * same), RG_TIMEOUT after 30 s, RG_FAILED with gnuplot's last words otherwise. */
rg_status rg_gnuplot_draw(rg_gnuplot *gnuplot, const char *name, const char *script,
                          const char *data, rg_text *ret_svg, rg_err *err);

/* The same for any kind of picture: NAME.extension is what the script writes and what is appended,
 * bytes as they are. */
rg_status rg_gnuplot_draw_as(rg_gnuplot *gnuplot, const char *name, const char *extension,
                             const char *script, const char *data, rg_text *ret_picture,
                             rg_err *err);

#endif
