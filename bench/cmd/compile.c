/* compile.c: `railgauge compile`: models through a vendor's compiler (run/compile.h), artefacts
 * paired with their sources in a manifest. compile_models.c finds the models. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/compile.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/pairs.h"

#define ROW(key, member, type, preset, min, max, help)                                             \
    { key, type, offsetof(rg_compile_options, member), preset, min, max, NULL, "", help }
static const rg_field table[] = {
    ROW("for", for_, RG_FIELD_TEXT, "", 0, 0, "device to compile for: edgetpu, hailo, ethosu"),
    ROW("output", output, RG_FIELD_TEXT, "", 0, 0, "folder to write to, also -o"),
    ROW("arch", arch, RG_FIELD_TEXT, "", 0, 0,
        "which of the devices, such as hailo8l or ethos-u65-256; else the compiler's usual one"),
    ROW("calibration", calibration, RG_FIELD_TEXT, "", 0, 0,
        "samples to quantize with (.npy, or a folder), where the compiler quantizes"),
    ROW("compiler", compiler, RG_FIELD_TEXT, "", 0, 0, "the compiler's file, in place of the PATH"),
    ROW("limit", limit, RG_FIELD_TEXT, "30m", 0, 0, "time for each step of the compiler"),
    ROW("option", option, RG_FIELD_TEXT, "", 0, 0,
        "a further word for the compiler's last step; may be repeated"),
    ROW("take", take, RG_FIELD_TEXT, "", 0, 0,
        "pairs this file, compiled elsewhere, with the model instead of compiling"),
    ROW("print", print, RG_FIELD_BOOL, "false", 0, 0, "prints the commands and runs none"),
    RG_LIMIT_ROWS(rg_compile_options, limits),
    {0},
};
#undef ROW

/* --- one model -------------------------------------------------------------------------------- */

static void tell_placement(const json_t *placement) {
    double nodes = (double)rg_json_get_int(placement, "nodes", 0);
    double macs = (double)rg_json_get_int(placement, "macs", 0);
    if (!placement)
        return;
    printf("  %" PRId64 " of %.0f nodes", rg_json_get_int(placement, "nodes_on_device", 0), nodes);
    if (macs > 0)
        printf(" and %.1f %% of the MACs",
               100 * (double)rg_json_get_int(placement, "macs_on_device", 0) / macs);
    printf(" on the device");
}

static rg_status pair_all(const rg_compile_ask *ask, const rg_compile_piece *piece,
                          const rg_compiled *done, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < piece->n_sources; i++)
        status = rg_compile_pair(ask, piece->name, piece->sources[i].path, piece->sources[i].sha256,
                                 done, err);
    if (status == RG_OK)
        status = rg_pairs_remember(ask->folder, err);
    if (status == RG_OK) {
        printf("%s", done->file);
        tell_placement(done->placement);
        if (done->seconds > 0)
            printf("  %.1f s", done->seconds);
        printf("\n");
        fflush(stdout);
    }
    return status;
}

/* A file that was compiled elsewhere: checked and copied as if it came from here. */
static rg_status take(const rg_compile_job *job, const rg_compile_ask *ask, const rg_model *model,
                      rg_compiled *ret, rg_err *err) {
    const char *from = job->given->take;
    const char *name = strrchr(from, '/') ? strrchr(from, '/') + 1 : from;
    char *data = NULL;
    size_t bytes = 0;
    *ret = (rg_compiled){.file = name, .log = "", .version = ""};
    ret->path = rg_fs_join(job->arena, ask->folder, name);
    rg_status status = ret->path
                           ? rg_compile_check(ask->compiler, from, model, &ret->placement, err)
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_fs_read(job->arena, from, (size_t)1 << 30, &data, &bytes, err);
    return status == RG_OK ? rg_fs_write_atomic(ret->path, data, bytes, err) : status;
}

static rg_status print_commands(const rg_compile_ask *ask, rg_err *err) {
    rg_text commands = {0};
    rg_status status = rg_compile_commands(ask, &commands, err);
    if (status == RG_OK)
        status = rg_print_text(&commands, err);
    rg_text_free(&commands);
    return status;
}

/* What the model is to be: commands, a copy of what is there, or compiled. */
static rg_status make(const rg_compile_job *job, const rg_compile_ask *ask,
                      const rg_compile_piece *piece, const rg_model *model, rg_err *err) {
    rg_compiled done = {0};
    if (job->absent || job->given->print)
        return print_commands(ask, err);
    rg_status status = *job->given->take ? take(job, ask, model, &done, err)
                                         : rg_compile_model(ask, model, job->arena, &done, err);
    if (status == RG_OK)
        status = pair_all(ask, piece, &done, err);
    json_decref(done.placement);
    return status;
}

/* One piece of the work. What fails is told, and the next one begins. */
static rg_status do_piece(rg_compile_job *job, const rg_compile_piece *piece, rg_err *err) {
    rg_compile_ask ask = job->ask;
    rg_model *model = NULL;
    rg_err why = RG_ERR_INIT;
    ask.model = piece->path;
    if (piece->calibration && !*ask.calibration)
        ask.calibration = piece->calibration;
    rg_status status = rg_model_load(piece->path, NULL, &model, &why);
    if (status == RG_OK)
        status = rg_compile_suits(ask.compiler, model, &why);
    if (status == RG_OK)
        status = make(job, &ask, piece, model, &why);
    rg_model_close(model);
    if (status == RG_OK)
        return RG_OK;
    if (status == RG_INTERRUPTED || status == RG_NO_MEMORY) {
        *err = why;
        return status;
    }
    int code = rg_report_error("compile", &why);
    job->code = job->code ? job->code : code;
    return RG_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static rg_status read_limit(rg_compile_job *job, rg_err *err) {
    int64_t limit_ns;
    if (!rg_text_parse_duration(job->given->limit, &limit_ns) || limit_ns < 1000000000 ||
        limit_ns > INT64_C(86400000000000))
        return rg_fail(err, RG_USAGE, "such as 90s or 30m, at most 1440m", "'%s' is no time limit",
                       job->given->limit);
    job->ask.limit_s = (int)(limit_ns / 1000000000);
    return RG_OK;
}

static rg_status begin(rg_compile_job *job, const rg_args *args, rg_err *err) {
    const rg_compile_options *given = job->given;
    size_t n = 0;
    for (size_t i = 0; i < args->n_given; i++) {
        if (!strcmp(args->given[i].key, "option"))
            job->more[n++] = args->given[i].value;
    }
    job->ask.more = job->more;
    job->ask.given = given->compiler;
    job->ask.folder = given->output;
    job->ask.arch = given->arch;
    job->ask.calibration = given->calibration;
    if (!*given->for_)
        return rg_fail(err, RG_USAGE, "--for edgetpu|hailo|ethosu", "no device is named");
    if (!*given->output)
        return rg_fail(err, RG_USAGE, "-o DIR", "no folder to write to is given");
    rg_status status = rg_compiler_find(given->for_, &job->ask.compiler, err);
    if (status == RG_OK && *given->arch && !*job->ask.compiler->arch)
        status = rg_fail(err, RG_USAGE, "leave --arch out", "%s knows one device only",
                         job->ask.compiler->title);
    if (status == RG_OK)
        status = read_limit(job, err);
    return status == RG_OK ? rg_fs_mkdirs(given->output, err) : status;
}

/* Without the compiler the commands are printed, and this is the end. */
static rg_status look_for_compiler(rg_compile_job *job, rg_err *err) {
    const char *path;
    rg_err why = RG_ERR_INIT;
    if (job->given->print || *job->given->take)
        return RG_OK;
    rg_status status = rg_compile_program(&job->ask, job->arena, &path, &why);
    job->absent = status == RG_ABSENT;
    if (status != RG_OK && err)
        *err = why;
    return job->absent && !*job->given->compiler ? RG_OK : status;
}

static int end(const rg_compile_job *job, rg_status status, rg_err *err, const rg_err *absent) {
    if (status != RG_OK)
        return rg_report_error("compile", err);
    if (!job->absent)
        return job->code;
    fprintf(stderr,
            "The commands above are what would be run. After running them elsewhere, pair "
            "their file with its model:\n  railgauge compile --for %s MODEL -o %s --take "
            "FILE\n",
            job->given->for_, job->given->output);
    return rg_report_error("compile", absent);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_compile = {
    .name = "compile",
    .summary = "models through a vendor's compiler, paired with what it makes",
    .usage = "railgauge compile --for edgetpu|hailo|ethosu MODEL|SUITE ... -o DIR [--arch hailo8l] "
             "[--print] [--take FILE]",
    .help =
        "MODEL is a file, SUITE a set or model of `railgauge list models --suite`, which is "
        "exported first.\nThe compiler runs as a child with its own folder, log and time limit; "
        "DIR/manifest.json pairs each\nartefact with its source by SHA-256, and runs find it "
        "there (with RAILGAUGE_ARTEFACTS=DIR too).\nWithout the compiler the exact commands are "
        "printed, and what to install; ends with 5 then.\nEnds with 3 when a model does not "
        "suit or the compiler failed. See docs/targets.md.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    rg_compile_options given = {0};
    rg_args args;
    rg_err err = RG_ERR_INIT, absent = RG_ERR_INIT;
    int code;
    if (!rg_args_begin(&rg_verb_compile, table, &given, 1, RG_MAX_ARGS, argc, argv, &args, &code))
        return code;
    rg_compile_job job = {.given = &given, .arena = rg_arena_new(0), .each = do_piece};
    rg_status status =
        job.arena ? begin(&job, &args, &err) : rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory");
    job.ask.stop = rg_compile_catch();
    if (status == RG_OK)
        status = look_for_compiler(&job, &absent);
    if (status != RG_OK && absent.status != RG_OK)
        err = absent;
    for (size_t i = 0; status == RG_OK && i < args.n_words; i++)
        status = rg_compile_each(&job, args.words[i], &err);
    code = end(&job, status, &err, &absent);
    rg_arena_free(job.arena);
    return code;
}
