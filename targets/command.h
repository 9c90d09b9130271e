/* command.h: a program that a target starts: which words, and whether they may be started. Nothing
 * runs through a shell. A scenario alone starts nothing: what it names runs only where the command
 * line said --allow-programs; what the command line itself names always may. */
#ifndef RG_TARGETS_COMMAND_H
#define RG_TARGETS_COMMAND_H

#include "bench/core/err.h"
#include "bench/core/text.h"

enum { RG_COMMAND_WORDS = 64, RG_COMMAND_BYTES = 8192 };

/* Set to "1" by --allow-programs. */
#define RG_COMMAND_ALLOW "RAILGAUGE_ALLOW_PROGRAMS"

/* Do not copy: argv points into text. */
typedef struct rg_command {
    char text[RG_COMMAND_BYTES];
    char *argv[RG_COMMAND_WORDS + 1]; /* NULL-ended */
    size_t n;
} rg_command;

/* Words of a command: a list in JSON, ["python3", "my program.py"], or text cut at blanks. RG_USAGE
 * for a list of other things, for no words, too many or too long ones. */
rg_status rg_command_parse(const char *text, rg_command *ret_command, rg_err *err);

/* The command of a target: `given` by the scenario where it is not "", else what the environment
 * `variable` (of the command-line option `option`) holds. RG_DENIED when a scenario names one and
 * nothing allows it, RG_ABSENT when there is none. */
rg_status rg_command_find(const char *given, const char *variable, const char *option,
                          rg_command *ret_command, rg_err *err);

/* Words that a scenario adds to a tool's command: they may make it write files or load libraries,
 * so the same rule holds. "" is no words. */
rg_status rg_command_flags(const char *given, rg_command *ret_words, rg_err *err);

/* Whether rg_command_find could find anything at all. */
bool rg_command_is_possible(const char *variable);

/* Adds lines "key=value\n" for a record: the words, and of each that is a file its SHA-256. */
void rg_command_facts(const rg_command *command, rg_text *text);

#endif
