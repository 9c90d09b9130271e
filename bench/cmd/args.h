/* args.h: one way to read a verb's command line: a table of rg_field rows gives long options
 * ("--output-dir X", "--json", "--no-warn=ID"), their help and their checks. */
#ifndef RG_CMD_ARGS_H
#define RG_CMD_ARGS_H

#include "bench/cmd/verb.h"
#include "bench/core/field.h"

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

/* --isa of a verb: puts the list of levels into RAILGAUGE_ISA, where this process and its workers
 * look; "" leaves the environment alone. RG_USAGE naming the nearest known level, RG_ABSENT when
 * this CPU can run none of them. */
rg_status rg_args_isa(const char *text, rg_err *err);

/* Prints usage, options with defaults and units, and the verb's help to stdout. */
void rg_args_help(const rg_verb *verb, const rg_field *table);

/* Prints "railgauge VERB: what" and "  try: advice" to stderr; returns the status's exit code. */
int rg_report_error(const char *verb, const rg_err *err);

/* Columns of the terminal that `fd` is, else of $COLUMNS, else `preset`. With fd -1 no terminal is
 * asked. */
unsigned rg_terminal_columns(int fd, unsigned preset);

#endif
