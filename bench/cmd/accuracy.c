/* accuracy.c: `railgauge accuracy`: a model's answers against labels, beside its float twin's on
 * the same samples, with intervals (result/accuracy.h). run/dataset.h reads the samples,
 * run/single.h runs them. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/accuracy_run.h"
#include "bench/cmd/accuracy_words.h"
#include "bench/cmd/args.h"
#include "bench/cmd/target_options.h"
#include "bench/iface/registry.h"
#include "bench/run/apart.h"
#include "bench/run/single.h"

typedef struct options {
    const char *dataset, *target, *device, *variant, *option, *isa, *cores, *twin, *bundle;
    int64_t threads;
    bool json;
    rg_limit_options limits;
} options;

#define ROW(key, member, type, preset, min, max, help)                                             \
    { key, type, offsetof(options, member), preset, min, max, NULL, "", help }
static const rg_field table[] = {
    ROW("dataset", dataset, RG_FIELD_TEXT, "", 0, 0, "folder with labels.tsv; docs/models.md"),
    ROW("target", target, RG_FIELD_TEXT, "cpu", 0, 0, "where; `railgauge list targets`"),
    ROW("device", device, RG_FIELD_TEXT, "", 0, 0, "one device of it"),
    ROW("variant", variant, RG_FIELD_TEXT, "", 0, 0, "kernel set or delegate of the target"),
    RG_TARGET_OPTION_ROW(options, option),
    ROW("isa", isa, RG_FIELD_TEXT, "", 0, 0,
        "instruction sets that kernels may use, such as avx2 or scalar; before RAILGAUGE_ISA"),
    ROW("float", twin, RG_FIELD_TEXT, "", 0, 0,
        "the float twin, which runs on cpu over the same samples"),
    ROW("run", bundle, RG_FIELD_TEXT, "", 0, 0,
        "bundle of a run with the same files: their p95 and joules stand beside"),
    ROW("threads", threads, RG_FIELD_INT, "1", 1, 256, "threads of the target"),
    ROW("cores", cores, RG_FIELD_TEXT, "", 0, 0, "CPUs to pin to, such as 0,2-3"),
    RG_LIMIT_ROWS(options, limits),
    ROW("json", json, RG_FIELD_BOOL, "false", 0, 0, "one JSON document on stdout"),
    {0},
};
#undef ROW

/* --- one sample ------------------------------------------------------------------------------- */

/* How many classes score higher than the right one, or as high and come before it: 0 is top-1. With
 * a score that is no number there is no order: last of all. */
static rg_status rank_of(const rg_tensor *out, const void *data, int label, rg_answer *ret,
                         rg_err *err) {
    int64_t n = 0;
    rg_shape_elements(&out->shape, &n);
    if (label >= n)
        return rg_fail(err, RG_BAD_DATA, "labels count classes from 0",
                       "label %d, but the model has %lld classes", label, (long long)n);
    double right = rg_real_element(out, data, (size_t)label);
    int rank = 0;
    for (int64_t i = 0; i < n; i++) {
        double other = rg_real_element(out, data, (size_t)i);
        rank += other > right || (other == right && i < label);
        ret->nan = ret->nan || isnan(other);
    }
    ret->rank = ret->nan ? INT_MAX : rank;
    return RG_OK;
}

/* Mean square of what an autoencoder does not give back. */
static rg_status unlike(const rg_single *s, double *ret, rg_err *err) {
    const rg_graph *graph = s->model->graph;
    const rg_tensor *in = &graph->tensors[graph->in[0]], *out = &graph->tensors[graph->out[0]];
    int64_t n = 0, m = 0;
    rg_shape_elements(&in->shape, &n);
    rg_shape_elements(&out->shape, &m);
    if (n != m)
        return rg_fail(err, RG_UNSUPPORTED, "a model that gives its input back",
                       "%lld elements go in and %lld come out", (long long)n, (long long)m);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = rg_real_element(in, s->io.in[0], (size_t)i) -
                   rg_real_element(out, s->io.out[0], (size_t)i);
        sum += d * d;
    }
    *ret = sum / (double)n;
    return RG_OK;
}

static rg_status errors_of(const rg_tensor *out, const void *data, const rg_dataset_sample *sample,
                           rg_answer *ret, rg_err *err) {
    int64_t n = 0;
    rg_shape_elements(&out->shape, &n);
    if ((size_t)n != sample->n_values)
        return rg_fail(err, RG_BAD_DATA, "give as many values as the model has outputs",
                       "labels.tsv has %zu values, the model gives %lld", sample->n_values,
                       (long long)n);
    for (int64_t i = 0; i < n; i++) {
        double d = rg_real_element(out, data, (size_t)i) - sample->values[i];
        ret->absolute += fabs(d) / (double)n;
        ret->square += d * d / (double)n;
    }
    ret->nan = isnan(ret->absolute);
    return RG_OK;
}

static rg_status judge(const rg_single *s, const rg_dataset *d, const rg_dataset_sample *sample,
                       rg_answer *ret, rg_err *err) {
    const rg_graph *graph = s->model->graph;
    const rg_tensor *out = &graph->tensors[graph->out[0]];
    double score = 0;
    if (d->task == RG_TASK_CLASSES)
        return rank_of(out, s->io.out[0], sample->label, ret, err);
    if (d->task == RG_TASK_VALUES)
        return errors_of(out, s->io.out[0], sample, ret, err);
    rg_status status = unlike(s, &score, err);
    ret->score += score;
    ret->nan = ret->nan || isnan(score);
    return status;
}

/* All windows of one file; state is put back before each file. */
static rg_status answer(rg_single *s, const rg_dataset *d, const rg_dataset_sample *sample,
                        rg_answer *ret, rg_err *err) {
    const rg_graph *graph = s->model->graph;
    const rg_tensor *in = &graph->tensors[graph->in[0]];
    rg_sample_data data = {0};
    size_t windows = 0;
    *ret = (rg_answer){0};
    rg_status status = rg_dataset_read(d, sample, &data, err);
    if (status != RG_OK)
        return status; /* names the file */
    status = rg_sample_windows(d, &data, in, &windows, err);
    if (status == RG_OK && s->target->reset)
        status = s->target->reset(s->program);
    for (size_t w = 0; status == RG_OK && w < windows; w++) {
        int64_t ns = 0;
        status = rg_sample_put(d, &data, w, in, s->io.in[0], err);
        if (status == RG_OK)
            status = rg_single_run(s, &ns, err);
        ret->ns += (double)ns / (double)windows;
        if (status == RG_OK)
            status = judge(s, d, sample, ret, err);
    }
    ret->score /= windows ? (double)windows : 1;
    rg_sample_free(&data);
    if (status != RG_OK)
        rg_err_prefix(err, "%s/%s with %s", d->folder, sample->file, s->model->path);
    return status;
}

/* --- all samples ------------------------------------------------------------------------------ */

static rg_status answer_all(const rg_single_ask *ask, rg_root *root, const rg_dataset *d,
                            rg_answer *ret, rg_err *err) {
    rg_single s;
    rg_status status = rg_single_open(ask, root, &s, err);
    if (status == RG_OK && s.model->graph->n_in != 1)
        status =
            rg_fail(err, RG_UNSUPPORTED, "a model with one input",
                    "%s has %u inputs; datasets are for one", ask->model, s.model->graph->n_in);
    for (size_t i = 0; status == RG_OK && i < d->n_samples; i++)
        status = answer(&s, d, &d->samples[i], &ret[i], err);
    rg_single_close(&s);
    return status;
}

typedef struct asked {
    const rg_globals *globals;
    const options *options;
    const char *model;
    rg_target_options own; /* options of the target */
} asked;

static rg_status measure(const asked *a, rg_err *err) {
    const options *opt = a->options;
    const char *model = a->model;
    rg_dataset *d = NULL;
    rg_root *root = NULL;
    rg_answer *ours = NULL, *twins = NULL;
    json_t *measured = NULL;
    uint32_t threads = (uint32_t)opt->threads;
    rg_single_ask ask = {model,      opt->target, opt->device,  opt->variant,
                         opt->cores, threads,     a->own.items, a->own.n};
    rg_single_ask twin = {opt->twin, "cpu", "", "", opt->cores, threads, NULL, 0};
    rg_status status = rg_root_open(a->globals->root, &root, err);
    if (status == RG_OK && *opt->bundle)
        status =
            rg_accuracy_measured(opt->bundle, model, *opt->twin ? opt->twin : NULL, &measured, err);
    if (status == RG_OK)
        status = rg_dataset_open(opt->dataset, &d, err);
    if (status == RG_OK) {
        ours = calloc(d->n_samples, sizeof *ours);
        twins = calloc(d->n_samples, sizeof *twins);
        if (!ours || !twins)
            status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    if (status == RG_OK)
        status = answer_all(&ask, root, d, ours, err);
    if (status == RG_OK && *opt->twin)
        status = answer_all(&twin, root, d, twins, err);
    rg_answers all = {model, opt->target, *opt->twin ? opt->twin : NULL, d, ours, twins, measured};
    if (status == RG_OK)
        status = rg_accuracy_tell(&all, opt->json, err);
    json_decref(measured);
    free(ours);
    free(twins);
    rg_dataset_close(d);
    rg_root_close(root);
    return status;
}

static int measure_asked(void *user) {
    rg_err err = RG_ERR_INIT;
    return measure(user, &err) == RG_OK ? RG_EXIT_OK : rg_report_error("accuracy", &err);
}

/* A foreign library may crash or exit: then only the child is lost. */
static int measure_safely(asked *a) {
    const rg_target *target = rg_target_find(a->options->target);
    rg_err err = RG_ERR_INIT;
    int code = RG_EXIT_OK;
    if (!target || !(target->caps & RG_TARGET_FOREIGN))
        return measure_asked(a);
    rg_status status = rg_run_apart(target->name, measure_asked, a, &code, &err);
    return status == RG_OK ? code : rg_report_error("accuracy", &err);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_accuracy = {
    .name = "accuracy",
    .summary = "a model's answers against labels and its float twin, with intervals",
    .usage = "railgauge accuracy MODEL --dataset DIR [--target cpu] [--float TWIN] [--run BUNDLE]",
    .help =
        "Classes: top-1 and top-5 with Wilson's interval; the twin by McNemar's exact test and "
        "a paired\ninterval. Anomalies: area under the ROC curve, paired by DeLong. Values: "
        "mean absolute and\nroot mean square error. Scores that are NaN count as wrong, and are counted. DIR holds labels.tsv and raw or .npy files "
        "(docs/models.md). The p95\nshown is of these requests as they came; --run takes "
        "p95 and joules with their intervals\nfrom a bundle of `railgauge run` that measured the "
        "same files.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt = {0};
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_accuracy, table, &opt, 1, 1, argc, argv, &args, &code))
        return code;
    if (!*opt.dataset) {
        rg_fail(&err, RG_USAGE, "--dataset DIR", "no dataset is given");
        return rg_report_error("accuracy", &err);
    }
    asked a = {.globals = globals, .options = &opt, .model = args.words[0]};
    if (rg_target_options_read(&args, &a.own, &err) != RG_OK)
        return rg_report_error("accuracy", &err);
    return measure_safely(&a);
}
