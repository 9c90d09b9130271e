/* infer.c: `railgauge infer`: one model, given inputs, outputs as files. The shortest way through a
 * target: probe, admit, open, load, bind, submit, wait. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/infer_facts.h"
#include "bench/cmd/infer_io.h"
#include "bench/cmd/infer_profile.h"
#include "bench/cmd/target_options.h"
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/apart.h"
#include "bench/run/artefact.h"
#include "bench/run/model.h"
#include "bench/run/probe.h"
#include "bench/run/workload.h"

typedef struct options {
    const char *target, *device, *variant, *option, *isa, *cores, *input, *output_dir;
    int fill; /* 1: splitmix64 */
    int64_t seed, threads, runs;
    bool json, profile, no_fusion, npy;
    rg_program_options programs;
    rg_limit_options limits;
} options;

static const char *const fills[] = {"none", "splitmix64", NULL};

#define ROW(member, type, preset, min, max, choices, help)                                         \
    { #member, type, offsetof(options, member), preset, min, max, choices, "", help }
static const rg_field table[] = {
    ROW(target, RG_FIELD_TEXT, "cpu", 0, 0, NULL, "kind of device; see `railgauge list targets`"),
    ROW(device, RG_FIELD_TEXT, "", 0, 0, NULL, "one device; see `railgauge list devices`"),
    ROW(variant, RG_FIELD_TEXT, "", 0, 0, NULL, "kernel set or delegate of the target"),
    RG_TARGET_OPTION_ROW(options, option),
    ROW(isa, RG_FIELD_TEXT, "", 0, 0, NULL,
        "instruction sets that kernels may use, such as avx2 or scalar; before RAILGAUGE_ISA"),
    ROW(input, RG_FIELD_TEXT, "", 0, 0, NULL,
        "INDEX=FILE, raw little-endian elements or .npy of one input; repeatable"),
    ROW(fill, RG_FIELD_CHOICE, "none", 0, 0, fills, "what inputs without a file are filled with"),
    ROW(seed, RG_FIELD_INT, "20250101", 0, 9e15, NULL, "of --fill; input i takes seed + i"),
    ROW(output_dir, RG_FIELD_TEXT, "", 0, 0, NULL, "folder for 0.bin, 1.bin ...; created"),
    ROW(npy, RG_FIELD_BOOL, "false", 0, 0, NULL, "writes 0.npy, 1.npy ... instead of raw elements"),
    ROW(threads, RG_FIELD_INT, "1", 1, 256, NULL, "threads of the target"),
    ROW(cores, RG_FIELD_TEXT, "", 0, 0, NULL, "CPUs to pin to, such as 0,2-3"),
    ROW(runs, RG_FIELD_INT, "1", 1, 1e6, NULL, "inferences in a row; the last one's outputs count"),
    ROW(profile, RG_FIELD_BOOL, "false", 0, 0, NULL,
        "what computed each node, and its time: medians over --runs"),
    ROW(no_fusion, RG_FIELD_BOOL, "false", 0, 0, NULL,
        "runs the graph node by node, as it stands in the file"),
    {"no_fuse", RG_FIELD_BOOL, offsetof(options, no_fusion), "false", 0, 0, NULL, "",
     "the same as --no-fusion"},
    RG_PROGRAM_ROWS(options, programs),
    RG_LIMIT_ROWS(options, limits),
    ROW(json, RG_FIELD_BOOL, "false", 0, 0, NULL, "one JSON document on stdout"),
    {0},
};
#undef ROW

/* All that one call needs, in the order in which it comes to be. */
typedef struct job {
    const options *options;
    const rg_args *args;
    const rg_target *target;
    rg_target_options own; /* options of the target */
    rg_settings settings;
    rg_device device;
    rg_model *model;
    const char *paths[RG_MAX_IO]; /* of inputs; NULL: filled */
    rg_arena *arena;              /* artefact, inputs */
    void *inputs[RG_MAX_IO];
    rg_session *session;
    rg_program *program;
    rg_io io;
    rg_profile *profile; /* with --profile */
} job;

/* The target's options, and among them what has an option of its own here. */
static rg_status read_settings(job *j, rg_err *err) {
    rg_status status = rg_target_options_read(j->args, &j->own, err);
    if (status == RG_OK && j->options->no_fusion)
        j->own.items[j->own.n++] = (rg_attr){"fusion", RG_ATTR_INT, 0, 0, NULL};
    j->settings = (rg_settings){.threads = (uint32_t)j->options->threads,
                                .batch = 1,
                                .variant = j->options->variant,
                                .cores = j->options->cores,
                                .options = j->own.items,
                                .n_options = j->own.n,
                                .count_nodes = j->options->profile};
    return status;
}

static rg_status pick_device(const rg_globals *globals, job *j, rg_err *err) {
    rg_root *root = NULL;
    rg_device_list *devices = calloc(1, sizeof *devices);
    rg_status status = devices ? rg_root_open(globals->root, &root, err)
                               : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        devices->settings = &j->settings;
        status = rg_probe_target(j->target, root, devices, err);
    }
    if (status == RG_OK)
        status = rg_probe_pick(j->target, devices, j->options->device, &j->device, err);
    rg_root_close(root);
    free(devices);
    return status;
}

/* A missing model is a file that cannot be read, not an absent device. */
static rg_status load_model(job *j, rg_err *err) {
    rg_status status = rg_model_load(j->args->words[0], NULL, &j->model, err);
    if (status == RG_ABSENT || status == RG_DENIED)
        err->status = status = RG_IO;
    return status;
}

/* Which file is which input, before anything is computed. */
static rg_status choose_inputs(job *j, rg_err *err) {
    const rg_graph *graph = j->model->graph;
    if (graph->n_in > RG_MAX_IO || graph->n_out > RG_MAX_IO)
        return rg_fail(err, RG_UNSUPPORTED, "a model with fewer",
                       "%s has %u inputs and %u outputs, more than %d", graph->name, graph->n_in,
                       graph->n_out, RG_MAX_IO);
    if (!graph->n_out)
        return rg_fail(err, RG_UNSUPPORTED, "export it again with its outputs",
                       "%s has no outputs, so it computes nothing", graph->name);
    return rg_infer_choose(graph, j->args, j->options->fill == 1, j->paths, err);
}

static rg_status bind_program(job *j, rg_err *err) {
    const rg_graph *graph = j->model->graph;
    rg_status status = j->target->bind(j->program, 0, &j->io);
    if (status != RG_OK)
        return rg_fail(err, status, NULL, "%s cannot provide memory for inputs and outputs",
                       j->target->name);
    bool fits = j->io.n_in == graph->n_in && j->io.n_out == graph->n_out;
    for (uint32_t i = 0; fits && i < graph->n_in; i++)
        fits = j->io.in_bytes[i] == graph->tensors[graph->in[i]].bytes;
    for (uint32_t i = 0; fits && i < graph->n_out; i++)
        fits = j->io.out_bytes[i] == graph->tensors[graph->out[i]].bytes;
    return fits ? RG_OK
                : rg_fail(err, RG_UNSUPPORTED, NULL,
                          "%s has other inputs or outputs than the model file", j->target->name);
}

static rg_status load_program(job *j, rg_err *err) {
    rg_workload workload = rg_workload_of(j->model);
    j->arena = rg_arena_new(0);
    if (!j->arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_artefact_open(j->target, &j->device, &j->settings, j->model->path,
                                        j->arena, &workload, err);
    if (status == RG_OK)
        status = j->target->admits(&j->device, &workload, &j->settings, err);
    if (status == RG_OK)
        status = j->target->open(&j->device, &j->settings, &j->session, err);
    if (status == RG_OK)
        status = j->target->load(j->session, &workload, 1, &j->program, err);
    if (status == RG_OK && j->options->profile)
        status = rg_profile_new(j->target, j->program, j->model->graph, (size_t)j->options->runs,
                                &j->profile, err);
    return status == RG_OK ? bind_program(j, err) : status;
}

/* Inputs are written anew for each run: a runtime may have used their memory. */
static rg_status run_once(job *j, rg_err *err) {
    enum { LIMIT_S = 600 };
    for (uint32_t i = 0; i < j->io.n_in; i++)
        memcpy(j->io.in[i], j->inputs[i], j->io.in_bytes[i]);
    rg_done done = {0};
    rg_target_feed(j->target, j->program, 0);
    int64_t start = rg_clock_real_ns();
    rg_status status = j->target->submit(j->program, 0);
    if (status == RG_OK)
        status = j->target->wait_any(j->session, rg_clock_now_ns() + (int64_t)LIMIT_S * 1000000000,
                                     &done);
    if (status == RG_OK)
        status = done.status;
    if (status != RG_OK)
        return rg_fail(err, status == RG_AGAIN ? RG_FAILED : status, NULL,
                       "the inference on %s did not finish: %s", j->device.id,
                       rg_status_text(status));
    rg_target_fetch(j->target, j->program, 0);
    if (j->profile)
        rg_profile_take(j->profile, rg_clock_real_ns() - start);
    return RG_OK;
}

static rg_status print_json(const job *j, rg_err *err) {
    const char *dir = *j->options->output_dir ? j->options->output_dir : NULL;
    json_t *all = json_object();
    json_object_set_new(all, "model", rg_json_clean(j->model->path));
    json_object_set_new(all, "model_sha256", json_string(j->model->sha256));
    json_object_set_new(all, "target", json_string(j->target->name));
    json_object_set_new(all, "device", json_string(j->device.id));
    json_object_set_new(all, "effective", rg_infer_effective_json(j->target, j->program));
    json_object_set_new(all, "memory", rg_infer_memory_json(j->target, j->program));
    json_object_set_new(all, "runs", json_integer(j->options->runs));
    json_object_set_new(all, "inputs", rg_infer_inputs_json(j->model->graph, j->inputs));
    json_object_set_new(all, "outputs",
                        rg_infer_outputs_json(j->model->graph, &j->io, dir, j->options->npy));
    if (j->profile)
        json_object_set_new(all, "profile", rg_profile_json(j->profile));
    rg_status status = rg_print_json(all, err);
    json_decref(all);
    return status;
}

static void print_text(const job *j) {
    rg_infer_print(j->model->graph, &j->io);
    if (j->profile)
        rg_profile_print(j->profile);
}

/* From the opened model to printed outputs. Inputs come after the program: what is beyond a limit
 * is refused before anything is filled. */
static rg_status compute(job *j, rg_err *err) {
    rg_status status = load_program(j, err);
    if (status == RG_OK)
        status = rg_infer_inputs(j->model->graph, j->paths, (uint64_t)j->options->seed, j->arena,
                                 j->inputs, err);
    for (int64_t i = 0; status == RG_OK && i < j->options->runs; i++)
        status = run_once(j, err);
    if (status == RG_OK && *j->options->output_dir)
        status =
            rg_infer_write(j->model->graph, &j->io, j->options->output_dir, j->options->npy, err);
    if (status == RG_OK && j->options->json)
        status = print_json(j, err);
    else if (status == RG_OK)
        print_text(j);
    rg_profile_free(j->profile);
    if (j->program)
        j->target->unload(j->program);
    if (j->session)
        j->target->close(j->session);
    return status;
}

static int compute_job(void *user) {
    rg_err err = RG_ERR_INIT;
    return compute(user, &err) == RG_OK ? RG_EXIT_OK : rg_report_error("infer", &err);
}

static int run_job(const rg_globals *globals, job *j) {
    rg_err err = RG_ERR_INIT;
    int code = RG_EXIT_OK;
    rg_status status = rg_probe_find_target(j->options->target, &j->target, &err);
    if (status == RG_OK)
        status = read_settings(j, &err);
    if (status == RG_OK)
        status = load_model(j, &err);
    if (status == RG_OK)
        status = choose_inputs(j, &err);
    if (status == RG_OK)
        status = pick_device(globals, j, &err);
    if (status == RG_OK && j->target->caps & RG_TARGET_FOREIGN)
        status = rg_run_apart(j->target->name, compute_job, j, &code, &err);
    else if (status == RG_OK)
        code = compute_job(j);
    return status == RG_OK ? code : rg_report_error("infer", &err);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_infer = {
    .name = "infer",
    .summary = "run a model once on given inputs",
    .usage = "railgauge infer MODEL --target cpu --input 0=in.bin --output-dir out/",
    .help =
        "Inputs and outputs are raw little-endian tensors or .npy files, by index. Prints one line an output: "
        "index,\nname, type, shape, quantization, SHA-256 of its bytes, first values or the "
        "best class.\nState is kept from one of --runs to the next. Ends with 0 only if it "
        "ran, with 3 where an operator\ncannot be computed, 5 without the device, 65 for a damaged "
        "model or input, 74 for what cannot be\nread or is beyond a limit.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options given = {0};
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_infer, table, &given, 1, 1, argc, argv, &args, &code))
        return code;
    job *j = calloc(1, sizeof *j);
    if (!j) {
        rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory");
        return rg_report_error("infer", &err);
    }
    j->options = &given;
    j->args = &args;
    code = run_job(globals, j);
    rg_arena_free(j->arena);
    rg_model_close(j->model);
    free(j);
    return code;
}
