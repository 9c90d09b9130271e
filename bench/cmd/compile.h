/* compile.h: what the files of `railgauge compile` share: compile.c is the verb and works on one
 * model after the other, compile_models.c finds them and exports those of the suite. */
#ifndef RG_CMD_COMPILE_H
#define RG_CMD_COMPILE_H

#include "bench/cmd/args.h"
#include "bench/run/compile.h"

enum { RG_COMPILE_SOURCES = 4 };

typedef struct rg_compile_options {
    const char *for_, *output, *arch, *calibration, *compiler, *limit, *option, *take;
    bool print;
    rg_limit_options limits;
} rg_compile_options;

/* One file for the compiler, and the models that its artefact stands for. */
typedef struct rg_compile_piece {
    const char *path, *name;
    const char *calibration; /* samples that were exported with it; NULL none */
    struct {
        const char *path, *sha256; /* for the manifest: relative to the folder, or absolute */
    } sources[RG_COMPILE_SOURCES];
    size_t n_sources;
} rg_compile_piece;

typedef struct rg_compile_job {
    const rg_compile_options *given;
    rg_arena *arena;
    rg_compile_ask ask;                /* without the model */
    const char *more[RG_MAX_ARGS + 1]; /* values of --option */
    bool absent;                       /* there is no compiler: commands are printed */
    int code;                          /* of the first failure */
    rg_status (*each)(struct rg_compile_job *job, const rg_compile_piece *piece, rg_err *err);
} rg_compile_job;

/* Calls job->each for what a word names: the file, or the models of the suite, which are exported
 * into the folder and noted in its manifest first. RG_USAGE with the nearest word. */
rg_status rg_compile_each(rg_compile_job *job, const char *word, rg_err *err);

/* From here on Ctrl-C and SIGTERM set the flag that is returned. */
const volatile sig_atomic_t *rg_compile_catch(void);

#endif
