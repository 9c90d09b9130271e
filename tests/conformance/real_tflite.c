/* real_tflite.c: files of our TFLite writer, loaded and run by TensorFlow Lite's own library
 * (opened at run time) and held against our outputs. Single operators: equal, or off by one
 * quantum, counted; whole models: by run/agree.h's limits for foreign targets.
 * Prints TAP.
 *
 *   real_tflite ops|models FORM [NAME PART ...] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/agree.h"
#include "bench/run/materialise.h"
#include "bench/run/network.h"
#include "tests/conformance/tflite_library.h"

/* --- one graph in both ------------------------------------------------------------------------ */

typedef struct outcome {
    bool ran, refused;
    uint64_t elements, differing;
    double worst; /* in quanta (floats: as they are) */
    rg_agreement agreement;
    char what[256];
} outcome;

static void fill(const rg_graph *graph, const rg_network *net, uint64_t seed, rg_exec *exec) {
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

static void compare(const rg_tensor *t, const void *ours, const void *theirs, outcome *o) {
    size_t n = t->dtype == RG_DTYPE_FLOAT32 ? t->bytes / sizeof(float) : t->bytes;
    o->elements += n;
    for (size_t i = 0; i < n; i++) {
        double diff = t->dtype == RG_DTYPE_FLOAT32
                          ? fabs((double)((const float *)ours)[i] - ((const float *)theirs)[i])
                          : abs(((const int8_t *)ours)[i] - ((const int8_t *)theirs)[i]);
        o->differing += diff != 0;
        o->worst = diff > o->worst ? diff : o->worst;
    }
    rg_agree_output(&o->agreement, t, 1, false, ours, theirs);
}

static void run_both(const rg_graph *graph, const rg_network *net, rg_exec *exec, void *theirs,
                     outcome *o) {
    for (uint64_t seed = 1; seed <= 2 && !o->what[0]; seed++) {
        fill(graph, net, seed, exec);
        for (uint32_t i = 0; i < graph->n_in; i++) {
            void *tensor = rg_tfl_InterpreterGetInputTensor(theirs, (int32_t)i);
            size_t bytes = graph->tensors[graph->in[i]].bytes;
            if (rg_tfl_TensorByteSize(tensor) != bytes) {
                snprintf(o->what, sizeof o->what, "input %u has %zu bytes there, %zu here", i,
                         rg_tfl_TensorByteSize(tensor), bytes);
                return;
            }
            memcpy(rg_tfl_TensorData(tensor), rg_exec_input(exec, i), bytes);
        }
        rg_exec_run(exec);
        if (rg_tfl_InterpreterInvoke(theirs) != 0) {
            snprintf(o->what, sizeof o->what, "the library cannot run it");
            return;
        }
        for (uint32_t i = 0; i < graph->n_out; i++)
            compare(&graph->tensors[graph->out[i]], rg_exec_output(exec, i),
                    rg_tfl_TensorData(rg_tfl_InterpreterGetOutputTensor(theirs, (int32_t)i)), o);
    }
    o->ran = !o->what[0];
}

static void *load(const rg_text *file, outcome *o) {
    const char *why = NULL;
    void *interpreter = rg_tfl_load(file->data, file->bytes, &why);
    o->refused = !interpreter;
    if (!interpreter)
        snprintf(o->what, sizeof o->what, "TFLite %s %s", rg_tfl_Version(), why);
    return interpreter;
}

static outcome judge(const json_t *description, const char *form) {
    outcome o = {.agreement = RG_AGREEMENT_INIT};
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = NULL;
    rg_network *net = NULL;
    rg_exec *exec = NULL;
    rg_text file = {0};
    rg_exec_options options = {.threads = 1};
    rg_status status = rg_suite_graph(description, form, &graph, &err);
    if (status == RG_OK)
        status = rg_network_sketch(description, &net, &err);
    if (status == RG_OK)
        status = rg_writer_find("tflite")->write(graph, &file, &err);
    if (status == RG_OK)
        status = rg_exec_new(graph, &options, &exec, &err);
    void *theirs = status == RG_OK ? load(&file, &o) : NULL;
    if (theirs)
        run_both(graph, net, exec, theirs, &o);
    if (status != RG_OK)
        snprintf(o.what, sizeof o.what, "%.200s", err.what);
    rg_exec_free(exec);
    rg_text_free(&file);
    rg_network_free(net);
    rg_graph_free(graph);
    return o;
}

/* In a child: the library may crash or abort. */
static outcome judge_apart(const json_t *description, const char *form) {
    outcome o = {.what = "the child died"};
    int ends[2], how = 0;
    if (pipe(ends) != 0)
        return o;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        o = judge(description, form);
        _exit(write(ends[1], &o, sizeof o) == sizeof o ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &o, sizeof o) != sizeof o)
        o = (outcome){.what = "the child died"};
    close(ends[0]);
    if (child > 0)
        waitpid(child, &how, 0);
    if (WIFSIGNALED(how))
        snprintf(o.what, sizeof o.what, "it crashed: %s", strsignal(WTERMSIG(how)));
    return o;
}

/* --- TAP -------------------------------------------------------------------------------------- */

static struct { unsigned n, failed, equal, off_by_one, skipped; } count;

static bool sound(const outcome *o, const char *kind, const char *form) {
    if (!o->ran)
        return false;
    if (!kind || !strcmp(form, "float32"))
        return o->agreement.ok;
    return o->worst <= 1;
}

static void tell(const json_t *description, const char *kind, const char *form) {
    const char *name = rg_json_get_text(description, "name", "?");
    outcome o = judge_apart(description, form);
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
        "%s %u - %s %s: %llu of %llu differ, worst %g, SQNR %.1f dB, cosine %.6f, top-1 %s%s%s\n",
        ok ? "ok" : "not ok", count.n, name, form, (unsigned long long)o.differing,
        (unsigned long long)o.elements, o.worst, rg_agreement_sqnr_db(&o.agreement),
        rg_agreement_cosine(&o.agreement), o.agreement.top1 ? "equal" : "differs",
        *o.what || !ok ? "; " : "",
        *o.what ? o.what
        : ok    ? ""
                : o.agreement.why);
    fflush(stdout);
}

static bool wanted(const char *name, int n, char **parts) {
    for (int i = 0; i < n; i++) {
        if (strstr(name, parts[i]))
            return true;
    }
    return n == 0;
}

static void all_ops(const char *form, int n, char **parts) {
    json_t *rows = NULL, *row;
    size_t i;
    rg_err err = RG_ERR_INIT;
    if (rg_suite_ops(&rows, &err) != RG_OK) {
        printf("Bail out! %s\n", err.what);
        exit(1);
    }
    json_array_foreach(rows, i, row) {
        if (wanted(rg_json_get_text(row, "name", ""), n, parts))
            tell(json_object_get(row, "description"),
                 rg_json_get_text(json_object_get(row, "case"), "kind", ""), form);
    }
    json_decref(rows);
}

static void all_models(const char *form, int n, char **parts) {
    for (size_t i = 0; rg_suite_models[i].name; i++) {
        json_t *description = NULL;
        rg_err err = RG_ERR_INIT;
        if (!wanted(rg_suite_models[i].name, n, parts))
            continue;
        if (rg_suite_describe(rg_suite_models[i].name, &description, &err) != RG_OK) {
            printf("Bail out! %s\n", err.what);
            exit(1);
        }
        tell(description, NULL, form);
        json_decref(description);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: real_tflite ops|models FORM [NAME PART ...]\n");
        return 64;
    }
    printf("TAP version 13\n");
    const char *why = rg_tfl_open();
    if (why) {
        printf("1..0 # SKIP %s\n", why);
        return 0;
    }
    (!strcmp(argv[1], "ops") ? all_ops : all_models)(argv[2], argc - 3, argv + 3);
    printf("1..%u\n# %u equal in every element, %u not, %u refused by TFLite %s, %u failed\n",
           count.n, count.equal, count.off_by_one, count.skipped, rg_tfl_Version(), count.failed);
    return count.failed != 0;
}
