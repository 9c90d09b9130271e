/* args.h: one way to read a verb's command line: a table of rg_field rows gives long options
 * ("--output-dir X", "--json", "--no-warn=ID"), their help and their checks. */
#ifndef RG_CMD_ARGS_H
#define RG_CMD_ARGS_H

#include <jansson.h>

#include "bench/cmd/verb.h"
#include "bench/core/field.h"
#include "bench/core/text.h"

enum { RG_MAX_ARGS = 256 };

/* What a command line held. Positional words and repeated options keep their order. */
typedef struct rg_args {
    const char *words[RG_MAX_ARGS];
    size_t n_words;
    struct {
        const char *key, *value;
    } given[RG_MAX_ARGS]; /* every option as given, for repeatable ones (--set, --input) */
    size_t n_given;
    bool help;
} rg_args;

/* Fills `options` (a struct described by `table`; keys with '_' are spelled with '-') with defaults
 * and then what argv says, from argv[1] on. Bool options take no value. Options of type TEXT may be
 * repeated; the struct keeps the last, `given` keeps all. "--" ends options. Unknown options are
 * RG_USAGE and name the nearest known one. `min_words`..`max_words` positional words are accepted.
 */
rg_status rg_args_parse(const rg_field *table, void *options, size_t min_words, size_t max_words,
                        int argc, char **argv, rg_args *ret_args, rg_err *err);

/* Options of verbs that read model files: what a file may cost at most. */
typedef struct rg_limit_options {
    int64_t file_bytes, tensors, nodes;
} rg_limit_options;
#define RG_LIMIT_ROW(key, type, member, what)                                                      \
    { key, RG_FIELD_INT, offsetof(type, member), "0", 0, 9e15, NULL, "", what }
#define RG_LIMIT_ROWS(type, member)                                                                \
    RG_LIMIT_ROW("max_model_bytes", type, member.file_bytes,                                       \
                 "refuses larger model files; 0: 1 GiB"),                                          \
        RG_LIMIT_ROW("max_tensors", type, member.tensors,                                          \
                     "refuses models with more tensors; 0: 65536"),                                \
        RG_LIMIT_ROW("max_nodes", type, member.nodes, "refuses models with more nodes; 0: 65536")

/* Option of verbs that read rails: the command of an external meter's program (docs/power.md). */
#define RG_POWER_PIPE_ROW(type, member)                                                            \
    {                                                                                              \
        "power_pipe", RG_FIELD_TEXT, offsetof(type, member), "", 0, 0, NULL, "",                   \
            "command that writes an external meter's readings; docs/power.md"                      \
    }

/* Options of verbs that use targets: programs that targets may start (docs/pipe-protocol.md). */
typedef struct rg_program_options {
    const char *pipe;
    bool allow;
} rg_program_options;
#define RG_PROGRAM_ROWS(type, member)                                                              \
    {"target_pipe",                                                                                \
     RG_FIELD_TEXT,                                                                                \
     offsetof(type, member.pipe),                                                                  \
     "",                                                                                           \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "",                                                                                           \
     "command of the program behind the target pipe; docs/pipe-protocol.md"},                      \
    {                                                                                              \
        "allow_programs", RG_FIELD_BOOL, offsetof(type, member.allow), "false", 0, 0, NULL, "",    \
            "targets may start the programs that the scenario names"                               \
    }

/* Puts what the rows "isa", "power_pipe", RG_PROGRAM_ROWS and RG_LIMIT_ROWS of a table hold, as far
 * as it has them, where this process and its workers look: the list of levels into RAILGAUGE_ISA
 * and the command into RAILGAUGE_POWER_PIPE ("" leaves them alone), programs into
 * RAILGAUGE_TARGET_PIPE and RAILGAUGE_ALLOW_PROGRAMS, limits where rg_model_limits_get reads them.
 * RG_USAGE naming the nearest known level, RG_ABSENT when this CPU can run none of them. */
rg_status rg_args_apply(const rg_field *table, const void *options, rg_err *err);

/* How a verb begins: rg_args_parse, then its help where that is asked for, then rg_args_apply.
 * False when that was all, with the exit code; what was wrong is reported. */
bool rg_args_begin(const rg_verb *verb, const rg_field *table, void *options, size_t min_words,
                   size_t max_words, int argc, char **argv, rg_args *ret_args, int *ret_code);

/* Prints usage, options with defaults and units, and the verb's help to stdout. */
void rg_args_help(const rg_verb *verb, const rg_field *table);

/* Prints "railgauge VERB: what" and "  try: advice" to stderr; returns the status's exit code. */
int rg_report_error(const char *verb, const rg_err *err);

/* Prints a document to stdout. RG_NO_MEMORY, also for NULL, which is what jansson makes when it
 * cannot: half a document or none is never a success. */
rg_status rg_print_json(const json_t *document, rg_err *err);

/* Prints a text to stdout, all of it or not without an error: RG_NO_MEMORY for one that failed to
 * grow, RG_IO. */
rg_status rg_print_text(const rg_text *text, rg_err *err);

/* Columns of the terminal that `fd` is, else of $COLUMNS, else `preset`. With fd -1 no terminal is
 * asked. */
unsigned rg_terminal_columns(int fd, unsigned preset);

#endif
