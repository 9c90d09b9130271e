/* gate_print.h: what a gate leaves: one form on stdout or in a file, and any others in files, all
 * from one result.json (result/emit.h lists the forms). */
#ifndef RG_CMD_GATE_PRINT_H
#define RG_CMD_GATE_PRINT_H

#include <jansson.h>

#include "bench/cmd/args.h"
#include "bench/result/emit.h"

typedef struct rg_gate_print {
    int format;
    const char *output, *result, *junit, *write;
    int64_t width;
    bool all;
} rg_gate_print;

#define RG_GATE_PRINT_AT(type, member, part) offsetof(type, member.part)
#define RG_GATE_PRINT_ROWS(type, member)                                                           \
    {"format",                                                                                     \
     RG_FIELD_CHOICE,                                                                              \
     RG_GATE_PRINT_AT(type, member, format),                                                       \
     "text",                                                                                       \
     0,                                                                                            \
     0,                                                                                            \
     rg_emit_names,                                                                                \
     "",                                                                                           \
     "form of the answer"},                                                                        \
        {"output",                                                                                 \
         RG_FIELD_TEXT,                                                                            \
         RG_GATE_PRINT_AT(type, member, output),                                                   \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "",                                                                                       \
         "write it to this file (-o)"},                                                            \
        {"result",                                                                                 \
         RG_FIELD_TEXT,                                                                            \
         RG_GATE_PRINT_AT(type, member, result),                                                   \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "",                                                                                       \
         "write result.json to this file as well; --from makes every form from it again"},         \
        {"junit",                                                                                  \
         RG_FIELD_TEXT,                                                                            \
         RG_GATE_PRINT_AT(type, member, junit),                                                    \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "",                                                                                       \
         "write JUnit XML to this file as well"},                                                  \
        {"write",                                                                                  \
         RG_FIELD_TEXT,                                                                            \
         RG_GATE_PRINT_AT(type, member, write),                                                    \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "",                                                                                       \
         "FORMAT=FILE: write that form as well; may be repeated"},                                 \
        {"width", RG_FIELD_INT, RG_GATE_PRINT_AT(type, member, width),        "0", 0, 1000,        \
         NULL,    "",           "columns of the text; 0: as the terminal has"},                    \
    {                                                                                              \
        "all", RG_FIELD_BOOL, RG_GATE_PRINT_AT(type, member, all), "false", 0, 0, NULL, "",        \
            "show passing rows too"                                                                \
    }

/* Writes everything that `how` and `args` ask for. Takes over `document` (result.json; NULL: memory
 * ran out); `origin` names it in messages. The files come before stdout. */
rg_status rg_gate_print_all(const rg_gate_print *how, const rg_args *args, json_t *document,
                            const char *origin, rg_err *err);

/* Reads a result.json and puts the exit code in that `args` make of its own. */
rg_status rg_gate_print_read(const char *path, const rg_args *args, json_t **ret_document,
                             int *ret_code, rg_err *err);

#endif
