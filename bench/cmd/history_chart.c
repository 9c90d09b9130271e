/* history_chart.c: a series as a picture: the points with their intervals, the levels, the changes;
 * drawn by gnuplot (bench/result/gnuplot.h). */
#include <math.h>
#include <string.h>

#include "bench/cmd/history.h"
#include "bench/core/fs.h"
#include "bench/result/gnuplot.h"

typedef struct picture_form {
    const char *ending, *terminal;
} picture_form;
static const picture_form forms[] = {
    {"svg", "svg size 900,420 dynamic noenhanced font 'sans-serif,12'"},
    {"png", "png size 900,420 noenhanced"},
};

static const picture_form *form_of(const char *path) {
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof forms / sizeof forms[0]; i++) {
        if (!strcmp(dot + 1, forms[i].ending))
            return &forms[i];
    }
    return NULL;
}

/* Nothing that gnuplot or a shell could read into a name. */
static void add_safe(const char *text, rg_text *out) {
    for (; *text; text++)
        rg_text_add_bytes(out, strchr("'\"`\\$@<>&%~^{}|\n\r", *text) ? "_" : text, 1);
}

static double scale_of(const rg_history *h, const char **ret_unit) {
    const char *unit = rg_figure_rows[h->metric].unit;
    bool ns = !strcmp(unit, "ns");
    *ret_unit = ns ? "ms" : unit;
    return ns ? 1e-6 : 1;
}

static void add_script(const rg_history *h, const picture_form *form, rg_text *out) {
    const char *unit;
    scale_of(h, &unit);
    rg_text_printf(out, "set encoding utf8\nset terminal %s\nset output 'history.%s'\n",
                   form->terminal, form->ending);
    rg_text_add(out, "set title '");
    add_safe(h->cell.name, out);
    rg_text_printf(out, "'\nset ylabel '%s, %s'\nset xlabel 'run'\n",
                   rg_figure_rows[h->metric].label, unit);
    rg_text_add(out, "set grid lc rgb '#999999' lw 0.5 dt (2,4)\nset border 3\nset tics nomirror\n"
                     "set key top left\nset offsets 1,1,graph 0.1,graph 0.1\n");
    for (size_t i = 0; i < h->n_changes; i++)
        rg_text_printf(out,
                       "set arrow from first %g, graph 0 to first %g, graph 1 nohead lc rgb "
                       "'%s' dt (6,3)\nset label '%+.1f' at first %g, graph 0.97\n",
                       (double)h->changes[i].change.at - 0.5, (double)h->changes[i].change.at - 0.5,
                       h->changes[i].worse ? "#d55e00" : "#009e73", 100 * h->changes[i].change.step,
                       (double)h->changes[i].change.at - 0.4);
    rg_text_add(out, "plot 'history.dat' using 1:3:4 with filledcurves lc rgb '#c6dbef' title "
                     "'interval of the run', '' using 1:5 with steps lw 2 lc rgb '#d55e00' title "
                     "'level', '' using 1:2 with points pt 7 ps 0.5 lc rgb '#0072b2' title "
                     "'median of rounds'\n");
}

static void add_data(const rg_history *h, rg_text *out) {
    const char *unit;
    double scale = scale_of(h, &unit);
    for (size_t i = 0; i < h->n; i++) {
        const rg_history_point *p = &h->points[i];
        double share = p->value / p->run.value; /* the interval goes with the control's division */
        bool known = isfinite(p->run.low) && isfinite(p->run.high);
        rg_text_printf(out, "%zu %.9g %.9g %.9g %.9g\n", i, scale * p->value,
                       scale * (known ? share * p->run.low : p->value),
                       scale * (known ? share * p->run.high : p->value), scale * p->level);
    }
}

rg_status rg_history_chart(const rg_history *h, const char *path, rg_err *err) {
    const picture_form *form = form_of(path);
    rg_gnuplot *gnuplot = NULL;
    rg_text script = {0}, data = {0}, picture = {0};
    if (!form)
        return rg_fail(err, RG_USAGE, "write --chart FILE.svg or FILE.png",
                       "'%s' is no kind of picture that is drawn here", path);
    add_script(h, form, &script);
    add_data(h, &data);
    rg_status status = script.failed || data.failed
                           ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory")
                           : rg_gnuplot_open(NULL, &gnuplot, err);
    if (status == RG_OK)
        status = rg_gnuplot_draw_as(gnuplot, "history", form->ending, script.data, data.data,
                                    &picture, err);
    if (status == RG_OK)
        status = rg_fs_write_atomic(path, picture.data, picture.bytes, err);
    rg_gnuplot_close(gnuplot);
    rg_text_free(&script);
    rg_text_free(&data);
    rg_text_free(&picture);
    return status;
}
