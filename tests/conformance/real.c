/* real.c: graphs of the suite in a foreign runtime and in ours, compared, as TAP. Each in a child:
 * libraries may crash. */
#include "tests/conformance/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/materialise.h"

enum { SAMPLES = 4 };

/* --- one graph in both ------------------------------------------------------------------------ */

void rg_real_fill(const rg_graph *graph, const rg_network *net, uint64_t seed, rg_exec *exec) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        const rg_tensor *t = &graph->tensors[graph->in[i]];
        const rg_tensor_role *role = &net->roles[net->graph->in[i]];
        rg_rng rng = rg_rng_seeded(seed * 100 + i);
        const rg_tensor *real = &net->graph->tensors[net->graph->in[i]];
        void *to = rg_exec_input(exec, i);
        float *values = t->dtype == RG_DTYPE_INT8 ? malloc(real->bytes) : to;
        rg_input_fill(real, role->low, role->high, &rng, values);
        for (size_t k = 0; values != to && k < t->bytes; k++)
            ((int8_t *)to)[k] =
                (int8_t)fmin(127, fmax(-128, floor(values[k] / t->quant.scale[0] + 0.5) +
                                                 t->quant.zero_point[0]));
        if (values != to)
            free(values);
    }
}

void rg_real_compare(const rg_tensor *t, const void *ours, const void *theirs, rg_real_outcome *o) {
    size_t n = t->dtype == RG_DTYPE_FLOAT32 ? t->bytes / sizeof(float) : t->bytes;
    o->elements += n;
    o->reals = o->reals || t->dtype == RG_DTYPE_FLOAT32;
    for (size_t i = 0; i < n; i++) {
        double diff = t->dtype == RG_DTYPE_FLOAT32
                          ? fabs((double)((const float *)ours)[i] - ((const float *)theirs)[i])
                          : abs(((const int8_t *)ours)[i] - ((const int8_t *)theirs)[i]);
        o->differing += diff != 0;
        o->worst = diff > o->worst ? diff : o->worst;
    }
    rg_agree_output(&o->agreement, t, 1, false, ours, theirs);
}

/* The same inputs for another graph of the same network. */
static void copy_inputs(const rg_graph *graph, rg_exec *from, rg_exec *to) {
    for (uint32_t i = 0; i < graph->n_in; i++)
        memcpy(rg_exec_input(to, i), rg_exec_input(from, i), graph->tensors[graph->in[i]].bytes);
}

void rg_real_compare_again(const rg_graph *graph, rg_exec *exec, rg_exec *again,
                           rg_real_outcome *o) {
    copy_inputs(graph, exec, again);
    rg_exec_run(again);
    for (uint32_t i = 0; i < graph->n_out; i++) {
        const char *a = rg_exec_output(exec, i), *b = rg_exec_output(again, i);
        for (size_t k = 0; k < graph->tensors[graph->out[i]].bytes; k++)
            o->read_back_differing += a[k] != b[k];
    }
}

/* Adds one sample's figures to those of all. */
static void add_sample(rg_real_outcome *o, const rg_agreement *one, double worst) {
    rg_agreement *all = &o->agreement;
    o->samples++;
    o->winners += one->top1;
    o->beyond += !one->ok && (worst > 1 || o->reals);
    o->worst = worst > o->worst ? worst : o->worst;
    if (all->ok)
        memcpy(all->why, one->why, sizeof all->why);
    all->ok = all->ok && one->ok;
    all->signal += one->signal;
    all->error += one->error;
    all->dot += one->dot;
    all->norm_a += one->norm_a;
    all->norm_b += one->norm_b;
}

/* One set of inputs; `again` may be NULL. */
static const char *run_sample(const rg_real *real, const rg_graph *graph, rg_exec *exec,
                              rg_exec *again, rg_real_outcome *o) {
    const rg_agreement before = o->agreement;
    const double worst_before = o->worst;
    const char *why = real->run(graph, exec);
    o->agreement = (rg_agreement)RG_AGREEMENT_INIT;
    o->worst = 0;
    rg_exec_run(exec);
    for (uint32_t i = 0; !why && i < graph->n_out; i++) {
        const rg_tensor *t = &graph->tensors[graph->out[i]];
        const void *theirs = NULL;
        why = real->output(i, t->bytes, &theirs);
        if (!why)
            rg_real_compare(t, rg_exec_output(exec, i), theirs, o);
    }
    if (!why && again)
        rg_real_compare_again(graph, exec, again, o);
    const rg_agreement one = o->agreement;
    const double worst = o->worst;
    o->agreement = before;
    o->worst = worst_before;
    add_sample(o, &one, worst);
    return why;
}

/* Our own reader's graph of what the writer wrote; NULL where nobody asks for it. */
rg_status rg_real_read_back(const rg_real *real, const rg_graph *graph, const rg_text *file,
                            rg_graph **ret, rg_err *err) {
    const rg_reader *reader = real->reads_back ? rg_reader_for(file->data, file->bytes) : NULL;
    rg_status status =
        reader ? reader->read(file->data, file->bytes, real->writer, NULL, ret, err) : RG_OK;
    bool alike = status != RG_OK || !reader ||
                 ((*ret)->n_in == graph->n_in && (*ret)->n_out == graph->n_out);
    for (uint32_t i = 0; status == RG_OK && reader && alike && i < graph->n_out; i++)
        alike = (*ret)->tensors[(*ret)->out[i]].bytes == graph->tensors[graph->out[i]].bytes;
    return alike ? status : rg_fail(err, RG_WRONG, NULL, "read back it has other outputs");
}

static rg_real_outcome judge(const rg_real *real, const json_t *description, const char *form) {
    rg_real_outcome o = {.agreement = RG_AGREEMENT_INIT};
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = NULL, *back = NULL;
    rg_network *net = NULL;
    rg_exec *exec = NULL, *again = NULL;
    rg_text file = {0};
    rg_exec_options options = {.threads = 1};
    const char *why = NULL;
    rg_status status = rg_suite_graph(description, form, &graph, &err);
    if (status == RG_OK)
        status = rg_network_sketch(description, &net, &err);
    if (status == RG_OK)
        status = rg_writer_find(real->writer)->write(graph, &file, &err);
    if (status == RG_OK)
        status = rg_exec_new(graph, &options, &exec, &err);
    if (status == RG_OK)
        status = rg_real_read_back(real, graph, &file, &back, &err);
    if (status == RG_OK && back)
        status = rg_exec_new(back, &options, &again, &err);
    if (status == RG_OK)
        o.refused = (why = real->load(&file)) != NULL;
    for (uint64_t seed = 1; status == RG_OK && seed <= SAMPLES && !why; seed++) {
        rg_real_fill(graph, net, seed, exec);
        why = run_sample(real, graph, exec, again, &o);
    }
    o.ran = status == RG_OK && !why;
    if (o.read_back_differing)
        snprintf(o.what, sizeof o.what, "read back %llu bytes differ",
                 (unsigned long long)o.read_back_differing);
    if (!o.ran)
        snprintf(o.what, sizeof o.what, "%.250s", why ? why : err.what);
    rg_exec_free(again);
    rg_exec_free(exec);
    rg_text_free(&file);
    rg_network_free(net);
    rg_graph_free(back);
    rg_graph_free(graph);
    return o;
}

/* In a child: the library may crash or abort. */
static rg_real_outcome judge_apart(const rg_real *real, const json_t *description,
                                   const char *form) {
    rg_real_outcome o = {.what = "the child died"};
    int ends[2], how = 0;
    if (pipe(ends) != 0)
        return o;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        o = judge(real, description, form);
        _exit(write(ends[1], &o, sizeof o) == sizeof o ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &o, sizeof o) != sizeof o)
        o = (rg_real_outcome){.what = "the child died"};
    close(ends[0]);
    if (child > 0)
        waitpid(child, &how, 0);
    if (WIFSIGNALED(how))
        snprintf(o.what, sizeof o.what, "it crashed: %s", strsignal(WTERMSIG(how)));
    return o;
}

/* --- TAP -------------------------------------------------------------------------------------- */

static struct { unsigned n, failed, equal, off_by_one, skipped; } count;

static bool sound(const rg_real_outcome *o, const char *kind, const char *form) {
    if (!o->ran || o->read_back_differing)
        return false;
    if (!kind || !strcmp(form, "float32"))
        return o->beyond <= o->samples / SAMPLES;
    return o->worst <= 1;
}

static void tell(const rg_real *real, const json_t *description, const char *kind,
                 const char *form) {
    const char *name = rg_json_get_text(description, "name", "?");
    rg_real_outcome o = judge_apart(real, description, form);
    count.n++;
    if (o.refused) {
        count.skipped++;
        printf("ok %u - %s %s # SKIP %s\n", count.n, name, form, o.what);
        return;
    }
    bool ok = sound(&o, kind, form);
    count.failed += !ok;
    count.equal += ok && o.differing == 0;
    count.off_by_one += ok && o.differing > 0;
    printf(
        "%s %u - %s %s: %llu of %llu differ, worst %g, SQNR %.1f dB, cosine %.6f, top-1 %u of %u%s%s\n",
        ok ? "ok" : "not ok", count.n, name, form, (unsigned long long)o.differing,
        (unsigned long long)o.elements, o.worst, rg_agreement_sqnr_db(&o.agreement),
        rg_agreement_cosine(&o.agreement), o.winners, o.samples,
        *o.what || !o.agreement.ok ? "; " : "", *o.what ? o.what : o.agreement.why);
    fflush(stdout);
}

static void tell_nodes(const rg_real *real, const char *name, const json_t *description,
                       const char *form) {
    bool ok = rg_real_nodes(real, name, description, form);
    printf("%s %u - nodes of %s %s\n", ok ? "ok" : "not ok", ++count.n, name, form);
    count.failed += !ok;
    fflush(stdout);
}

static bool wanted(const char *name, int n, char **parts) {
    for (int i = 0; i < n; i++) {
        if (strstr(name, parts[i]))
            return true;
    }
    return n == 0;
}

static void all_ops(const rg_real *real, const char *form, int n, char **parts) {
    json_t *rows = NULL, *row;
    size_t i;
    rg_err err = RG_ERR_INIT;
    if (rg_suite_ops(&rows, &err) != RG_OK) {
        printf("Bail out! %s\n", err.what);
        exit(1);
    }
    json_array_foreach(rows, i, row) {
        if (wanted(rg_json_get_text(row, "name", ""), n, parts))
            tell(real, json_object_get(row, "description"),
                 rg_json_get_text(json_object_get(row, "case"), "kind", ""), form);
    }
    json_decref(rows);
}

static void all_models(const rg_real *real, bool nodes, const char *form, int n, char **parts) {
    for (size_t i = 0; rg_suite_models[i].name; i++) {
        json_t *description = NULL;
        rg_err err = RG_ERR_INIT;
        if (!wanted(rg_suite_models[i].name, n, parts))
            continue;
        if (rg_suite_describe(rg_suite_models[i].name, &description, &err) != RG_OK) {
            printf("Bail out! %s\n", err.what);
            exit(1);
        }
        if (nodes)
            tell_nodes(real, rg_suite_models[i].name, description, form);
        else
            tell(real, description, NULL, form);
        json_decref(description);
    }
}

int rg_real_all(const rg_real *real, const char *what, const char *form, int n, char **parts) {
    printf("TAP version 13\n");
    const char *why = real->open();
    if (why) {
        printf("1..0 # SKIP %s\n", why);
        return 0;
    }
    if (!strcmp(what, "ops"))
        all_ops(real, form, n, parts);
    else
        all_models(real, !strcmp(what, "nodes"), form, n, parts);
    printf("1..%u\n# %u equal in every element, %u not, %u refused by %s %s, %u failed\n", count.n,
           count.equal, count.off_by_one, count.skipped, real->name, real->version(), count.failed);
    return count.failed != 0;
}
