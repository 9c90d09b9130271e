/* compile.c: the table of compilers, their commands, and one model through one of them: see
 * compile.h. Options are from the vendors' public pages and projects that use them; which of the
 * programs were ever run from here is said in docs/targets.md. */
#include "bench/run/compile.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/run/tool.h"

enum { VERSION_LIMIT_S = 60, MOST_MORE = 32 };

const rg_compiler rg_compilers[] = {
    {"edgetpu",
     "the Edge TPU compiler",
     "edgetpu_compiler",
     "edgetpu",
     "{stem}_edgetpu.tflite",
     "{stem}_edgetpu.tflite",
     "tflite",
     true,
     "",
     "",
     "x86_64",
     "install edgetpu-compiler from Coral's package repository (x86-64 only): "
     "https://coral.ai/docs/edgetpu/compiler",
     {{"edgetpu_compiler", "-s", "-o", "{dir}", "{in}"}}},
    {"hailo",
     "Hailo's Dataflow Compiler",
     "hailo",
     "hef",
     "{net}.hef",
     "{stem}-{arch}.hef",
     "onnx",
     false,
     "hailo8",
     "hailo8 hailo8l hailo8r hailo10h hailo15h hailo15l",
     "x86_64",
     "install the Dataflow Compiler from Hailo's developer zone (x86-64, Python): "
     "https://hailo.ai/developer-zone",
     {{"hailo", "parser", "{parser}", "{in}", "--net-name", "{net}", "--hw-arch", "{arch}",
       "--har-path", "{dir}/{net}.har", "-y"},
      {"hailo", "optimize", "{dir}/{net}.har", "--hw-arch", "{arch}", "{calibration}",
       "--output-har-path", "{dir}/{net}_optimized.har"},
      {"hailo", "compiler", "{dir}/{net}_optimized.har", "--hw-arch", "{arch}", "--output-dir",
       "{dir}"}}},
    {"ethosu",
     "Arm's Vela compiler",
     "vela",
     "ethosu",
     "{stem}_vela.tflite",
     "{stem}-{arch}_vela.tflite",
     "tflite",
     true,
     "ethos-u55-128",
     "ethos-u55-32 ethos-u55-64 ethos-u55-128 ethos-u55-256 ethos-u65-256 ethos-u65-512 "
     "ethos-u85-128 to ethos-u85-2048",
     "",
     "python3 -m pip install ethos-u-vela",
     {{"vela", "{in}", "--accelerator-config", "{arch}", "--output-dir", "{dir}"}}},
    {0},
};

rg_status rg_compiler_find(const char *name, const rg_compiler **ret, rg_err *err) {
    rg_text known = {0};
    rg_text_add(&known, "one of:");
    for (const rg_compiler *row = rg_compilers; row->name; row++) {
        rg_text_printf(&known, " %s", row->name);
        if (!strcmp(row->name, name)) {
            rg_text_free(&known);
            *ret = row;
            return RG_OK;
        }
    }
    rg_status status =
        rg_fail(err, RG_USAGE, known.data ? known.data : "", "no compiler for '%s' is known", name);
    rg_text_free(&known);
    return status;
}

/* --- commands --------------------------------------------------------------------------------- */

/* What the places in a step's words stand for. */
typedef struct values {
    const rg_compile_ask *ask;
    const char *in, *dir, *arch, *program; /* program "": the word as it stands */
    char stem[256], net[256];
} values;

static values values_of(const rg_compile_ask *ask, const char *in, const char *dir,
                        const char *program) {
    values v = {ask, in, dir, *ask->arch ? ask->arch : ask->compiler->arch, program, "", ""};
    const char *name = strrchr(in, '/') ? strrchr(in, '/') + 1 : in;
    const char *dot = strrchr(name, '.');
    snprintf(v.stem, sizeof v.stem, "%.*s", (int)(dot ? (size_t)(dot - name) : strlen(name)), name);
    memcpy(v.net, v.stem, sizeof v.net);
    for (char *at = v.net; *at; at++)
        *at = isalnum((unsigned char)*at) ? *at : '_';
    return v;
}

static const char *value_of(const values *v, const char *place, size_t n) {
    const char *dot = strrchr(v->in, '.');
    const struct {
        const char *name, *value;
    } rows[] = {{"in", v->in},     {"stem", v->stem},
                {"net", v->net},   {"dir", v->dir},
                {"arch", v->arch}, {"parser", dot && !strcmp(dot, ".onnx") ? "onnx" : "tf"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strlen(rows[i].name) == n && !strncmp(rows[i].name, place, n))
            return rows[i].value;
    }
    return "";
}

/* A word with its places filled in, in the arena; NULL: no memory. */
static char *fill(const values *v, const char *word, rg_arena *arena) {
    rg_text text = {0};
    rg_text_add(&text, "");
    while (*word) {
        size_t plain = strcspn(word, "{");
        rg_text_add_bytes(&text, word, plain);
        word += plain;
        size_t place = *word ? strcspn(word, "}") : 0;
        if (place)
            rg_text_add(&text, value_of(v, word + 1, place - 1));
        word += place + (place > 0);
    }
    char *copy = text.failed ? NULL : rg_arena_strdup(arena, text.data ? text.data : "");
    rg_text_free(&text);
    return copy;
}

enum { MOST_WORDS = RG_COMPILER_WORDS + 2 + MOST_MORE };

/* The words of a step, NULL-ended; false when memory ran out or there are too many. */
static bool fill_step(const values *v, size_t step, rg_arena *arena, char *argv[MOST_WORDS]) {
    const rg_compiler *compiler = v->ask->compiler;
    const char *const *words = compiler->steps[step];
    bool last = step + 1 == RG_COMPILER_STEPS || !compiler->steps[step + 1][0];
    size_t n = 0;
    for (size_t i = 0; i < RG_COMPILER_WORDS && words[i]; i++) {
        bool samples = !strcmp(words[i], "{calibration}");
        if (samples && *v->ask->calibration)
            argv[n++] = rg_arena_strdup(arena, "--calib-set-path");
        if (samples)
            argv[n++] = rg_arena_strdup(arena, *v->ask->calibration ? v->ask->calibration
                                                                    : "--use-random-calib-set");
        else
            argv[n++] = i == 0 && *v->program ? rg_arena_strdup(arena, v->program)
                                              : fill(v, words[i], arena);
        if (!argv[n - 1])
            return false;
    }
    for (size_t i = 0; last && v->ask->more && v->ask->more[i] && n + 1 < MOST_WORDS; i++)
        argv[n++] = rg_arena_strdup(arena, v->ask->more[i]);
    argv[n] = NULL;
    return n > 0;
}

/* A word as a shell takes it. */
static void add_quoted(rg_text *line, const char *word) {
    bool plain = *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_./:=,+@%")];
    if (plain) {
        rg_text_add(line, word);
        return;
    }
    rg_text_add(line, "'");
    for (; *word; word++) {
        if (*word == '\'')
            rg_text_add(line, "'\\''");
        else
            rg_text_add_bytes(line, word, 1);
    }
    rg_text_add(line, "'");
}

rg_status rg_compile_commands(const rg_compile_ask *ask, rg_text *ret, rg_err *err) {
    char *argv[MOST_WORDS];
    rg_arena *arena = rg_arena_new(0);
    values v = values_of(ask, ask->model, ask->folder, ask->given);
    bool good = arena != NULL;
    for (size_t step = 0; good && step < RG_COMPILER_STEPS && ask->compiler->steps[step][0];
         step++) {
        good = fill_step(&v, step, arena, argv);
        for (size_t i = 0; good && argv[i]; i++) {
            rg_text_add(ret, i ? " " : "");
            add_quoted(ret, argv[i]);
        }
        rg_text_add(ret, "\n");
    }
    rg_arena_free(arena);
    return good && !ret->failed ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

/* --- the program ------------------------------------------------------------------------------ */

static const char *along_path(rg_arena *arena, const char *name) {
    const char *rest = getenv("PATH");
    while (rest && *rest) {
        size_t n = strcspn(rest, ":");
        char *path = rg_arena_printf(arena, "%.*s/%s", (int)n, rest, name);
        struct stat info;
        if (path && n && access(path, X_OK) == 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode))
            return path;
        rest += n + (rest[n] == ':');
    }
    return NULL;
}

rg_status rg_compile_program(const rg_compile_ask *ask, rg_arena *arena, const char **ret_path,
                             rg_err *err) {
    const rg_compiler *compiler = ask->compiler;
    const char *path = *ask->given ? ask->given : along_path(arena, compiler->program);
    struct utsname host;
    if (path && access(path, X_OK) == 0) {
        *ret_path = path;
        return RG_OK;
    }
    if (*ask->given)
        return rg_fail(err, RG_ABSENT, "check the path, and that the file may be executed",
                       "%s cannot be started: %s", ask->given, strerror(errno));
    if (*compiler->machine && uname(&host) == 0 && strcmp(host.machine, compiler->machine))
        return rg_fail(err, RG_ABSENT, compiler->install,
                       "%s runs on %s only, and this machine is %s: compile there and copy the "
                       "folder",
                       compiler->title, compiler->machine, host.machine);
    return rg_fail(err, RG_ABSENT, compiler->install, "%s (%s) is not installed", compiler->title,
                   compiler->program);
}

/* "16.0.384591198": the first word with a digit and a dot of what --version says. */
static const char *version_of(const char *program, rg_arena *arena) {
    char words[1024];
    char *argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t) "--version", NULL};
    char *rest = words, *word;
    rg_tool_run(argv, VERSION_LIMIT_S, words, sizeof words, NULL);
    while ((word = strsep(&rest, " \t\n"))) {
        if (isdigit((unsigned char)word[*word == 'v']) && strchr(word, '.'))
            return rg_arena_strdup(arena, word);
    }
    return "";
}

/* --- one model -------------------------------------------------------------------------------- */

/* What one run works with; texts in the arena. */
typedef struct run {
    const rg_compile_ask *ask;
    const rg_model *model;
    rg_arena *arena;
    const char *program, *in, *log;
    char *work; /* its own folder */
    values v;
    rg_compiled done;
} run;

static rg_status begin(run *r, rg_err *err) {
    char *whole = realpath(r->ask->folder, NULL), *in = realpath(r->ask->model, NULL);
    rg_status status = whole && in
                           ? RG_OK
                           : rg_fail(err, RG_IO, "check the paths", "cannot find %s: %s",
                                     whole ? r->ask->model : r->ask->folder, strerror(errno));
    if (status == RG_OK) {
        r->work = rg_arena_printf(r->arena, "%s/.compile-XXXXXX", whole);
        r->in = rg_arena_strdup(r->arena, in);
        if (!r->work || !r->in)
            status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        else if (!mkdtemp(r->work))
            status = rg_fail(err, RG_IO, "check the permissions of the folder",
                             "cannot make %s: %s", r->work, strerror(errno));
    }
    if (status == RG_OK) {
        r->v = values_of(r->ask, r->in, r->work, r->program);
        r->done.log = rg_arena_printf(r->arena, "%s-%s.log", r->v.stem, r->ask->compiler->name);
        r->log = r->done.log ? rg_arena_printf(r->arena, "%s/%s", whole, r->done.log) : NULL;
        if (!r->log)
            status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        else
            unlink(r->log);
    }
    free(whole);
    free(in);
    return status;
}

static rg_status run_steps(run *r, rg_err *err) {
    char *argv[MOST_WORDS];
    rg_status status = RG_OK;
    for (size_t step = 0; status == RG_OK && step < RG_COMPILER_STEPS; step++) {
        rg_logged logged;
        if (!r->ask->compiler->steps[step][0])
            break;
        if (!fill_step(&r->v, step, r->arena, argv))
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        status = rg_logged_run(argv, r->work, r->log, r->ask->limit_s, r->ask->stop, &logged, err);
        r->done.seconds += logged.seconds;
    }
    return status;
}

/* What it wrote is checked where it lies, and then moved to its name. */
static rg_status keep(run *r, rg_err *err) {
    char *product = fill(&r->v, r->ask->compiler->product, r->arena);
    char *made = product ? rg_arena_printf(r->arena, "%s/%s", r->work, product) : NULL;
    r->done.file = fill(&r->v, r->ask->compiler->artefact, r->arena);
    r->done.path = r->done.file ? rg_fs_join(r->arena, r->ask->folder, r->done.file) : NULL;
    if (!made || !r->done.path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (!rg_fs_exists(made))
        return rg_fail(err, RG_FAILED, "see its log", "%s ended without an error, but wrote no %s",
                       r->program, product);
    rg_status status = rg_compile_check(r->ask->compiler, made, r->model, &r->done.placement, err);
    if (status == RG_BAD_DATA)
        rg_err_prefix(err, "what %s wrote cannot be read", r->ask->compiler->title);
    if (status == RG_OK && rename(made, r->done.path))
        status = rg_fail(err, RG_IO, "check the permissions of the folder", "cannot write %s: %s",
                         r->done.path, strerror(errno));
    return status;
}

rg_status rg_compile_model(const rg_compile_ask *ask, const rg_model *model, rg_arena *arena,
                           rg_compiled *ret_compiled, rg_err *err) {
    run r = {.ask = ask, .model = model, .arena = arena};
    rg_status status = rg_compile_program(ask, arena, &r.program, err);
    if (status == RG_OK)
        status = begin(&r, err);
    if (status == RG_OK) {
        r.done.version = version_of(r.program, arena);
        status = run_steps(&r, err);
    }
    if (status == RG_OK)
        status = keep(&r, err);
    if (r.work)
        rg_fs_remove_tree(r.work, NULL);
    if (status == RG_OK)
        *ret_compiled = r.done;
    else
        json_decref(r.done.placement);
    return status;
}
