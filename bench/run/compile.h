/* compile.h: models through a vendor's compiler: which one it is, what it is given, its run as a
 * child with a limit and a log, and the check of what it wrote. Compilers are rows of a table;
 * compile_check.c looks at models before and after, compile_child.c runs, compile_pair.c writes the
 * manifest. Verb: cmd/compile.c. */
#ifndef RG_RUN_COMPILE_H
#define RG_RUN_COMPILE_H

#include <jansson.h>
#include <signal.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/text.h"
#include "bench/run/model.h"

enum { RG_COMPILER_STEPS = 4, RG_COMPILER_WORDS = 16 };

/* One vendor's compiler. Words of a step may hold {in} (the model), {stem} (its name without
 * extension), {net} (that as an identifier), {dir} (where it writes), {arch}, {parser} (the
 * format's name for it) and {calibration} (one or two words). */
typedef struct rg_compiler {
    const char *name;          /* of --for: "edgetpu" */
    const char *title;         /* "the Edge TPU compiler" */
    const char *program;       /* "edgetpu_compiler", looked for along PATH */
    const char *format;        /* of what it makes: "edgetpu", "hef", "ethosu" */
    const char *product;       /* the file that it writes below {dir} */
    const char *artefact;      /* the name that it gets in the folder */
    const char *suite_format;  /* what suite models are exported in for it */
    bool integer;              /* wants 8-bit integers throughout; false: wants floats */
    const char *arch, *arches; /* --arch: preset and what else there is; "" none */
    const char *machine;       /* the only machine that it runs on, as uname names it; "" any */
    const char *install;       /* what makes it present */
    const char *steps[RG_COMPILER_STEPS][RG_COMPILER_WORDS];
} rg_compiler;

extern const rg_compiler rg_compilers[]; /* ends with a NULL name */

/* RG_USAGE naming those that there are. */
rg_status rg_compiler_find(const char *name, const rg_compiler **ret, rg_err *err);

/* What is to be compiled and how. Text is borrowed. */
typedef struct rg_compile_ask {
    const rg_compiler *compiler;
    const char *given;       /* file of the compiler; "" looks along PATH */
    const char *model;       /* the file that it gets */
    const char *folder;      /* where artefact and log go; exists */
    const char *arch;        /* "" takes the preset */
    const char *calibration; /* .npy or folder of samples; "" random ones, where it wants any */
    const char *const *more; /* further words for its last step, NULL-ended; may be NULL */
    int limit_s;             /* for each step */
    const volatile sig_atomic_t *stop; /* not 0: the child is ended; may be NULL */
} rg_compile_ask;

/* What came of it; texts are in the arena. */
typedef struct rg_compiled {
    const char *path, *file; /* the artefact, and its name in the folder */
    const char *log;         /* name in the folder */
    const char *version;     /* what the compiler calls itself; "" unknown */
    double seconds;
    json_t *placement; /* nodes and MACs on the device; NULL where the file does not tell. Owned */
} rg_compiled;

/* Whether the model is what the compiler wants. RG_UNSUPPORTED with what to do instead for a float
 * model where integers are wanted and the other way round; RG_USAGE for one that is compiled. */
rg_status rg_compile_suits(const rg_compiler *compiler, const rg_model *model, rg_err *err);

/* The commands, one a line, as a shell takes them. RG_NO_MEMORY. */
rg_status rg_compile_commands(const rg_compile_ask *ask, rg_text *ret, rg_err *err);

/* Where the compiler is. RG_ABSENT with what to install; RG_UNSUPPORTED on machines that it does
 * not run on. */
rg_status rg_compile_program(const rg_compile_ask *ask, rg_arena *arena, const char **ret_path,
                             rg_err *err);

/* Runs it in a folder of its own below ask->folder and keeps what it wrote if it is sound. The log
 * stays in any case. RG_FAILED (its own last words), RG_TIMEOUT, RG_INTERRUPTED, RG_UNSUPPORTED
 * when it took nothing of the model, RG_BAD_DATA for an artefact that cannot be read. */
rg_status rg_compile_model(const rg_compile_ask *ask, const rg_model *model, rg_arena *arena,
                           rg_compiled *ret_compiled, rg_err *err);

/* Checks an artefact against its source and tells what of it runs on the device; new reference, or
 * NULL where the file does not tell. Errors as above. */
rg_status rg_compile_check(const rg_compiler *compiler, const char *path, const rg_model *source,
                           json_t **ret_placement, rg_err *err);

/* Notes the artefact in FOLDER/manifest.json beside what is there, paired with `source` (a path,
 * relative to the folder or absolute) of that hash. `name` is the model's. */
rg_status rg_compile_pair(const rg_compile_ask *ask, const char *name, const char *source,
                          const char *source_sha256, const rg_compiled *compiled, rg_err *err);

/* The manifest's entries so far, a new reference; an empty list where there is none. RG_BAD_DATA
 * for one that is not ours. */
rg_status rg_compile_entries(const char *folder, json_t **ret_entries, rg_err *err);

/* --- one program as a child (compile_child.c) --- */

typedef struct rg_logged {
    int code; /* exit code, -1 when it ended by a signal */
    double seconds;
    char last[256]; /* its last line with a letter; "" none */
} rg_logged;

/* Runs argv[0] (a path) in `cwd` with nothing to read; both outputs are appended to the file `log`
 * behind a line with the command. It leads a process group, which is ended as a whole after
 * `limit_s` or when `stop` is set. RG_FAILED with how it ended, RG_TIMEOUT, RG_INTERRUPTED, RG_IO
 * for the log. */
rg_status rg_logged_run(char *const *argv, const char *cwd, const char *log, int limit_s,
                        const volatile sig_atomic_t *stop, rg_logged *ret, rg_err *err);

#endif
