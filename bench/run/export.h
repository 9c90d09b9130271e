/* export.h: suite models and operator cases as files for other people's compilers and runtimes: one
 * file a form and format, representative inputs, and the manifest's entry. materialise.h makes the
 * graphs, the writers of models/ the bytes. */
#ifndef RG_RUN_EXPORT_H
#define RG_RUN_EXPORT_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/iface/model.h"

enum { RG_EXPORT_MOST = 8 };

typedef struct rg_export_ask {
    const char *folder; /* exists */
    const rg_writer *writers[RG_EXPORT_MOST];
    size_t n_writers;
    const char *forms[RG_EXPORT_MOST]; /* "int8", ...; none: those of each model */
    size_t n_forms;
    uint32_t input_set; /* samples of each input; 0: none are written */
} rg_export_ask;

/* Exports one described model: FOLDER/NAME-FORM.EXTENSION, FOLDER/inputs/NAME-I.npy (float32, or
 * int32 where inputs number words; a leading axis of input_set samples). `ret_entry` is its entry
 * of the manifest, a new reference: name, summary, macs, parameters, seed, published, files with
 * format, form, bytes and sha256 (or `refused` with the writer's reason), inputs, outputs. What a
 * writer refuses is no error here. The same bytes on every machine. */
rg_status rg_export_model(const json_t *description, const rg_export_ask *ask, json_t **ret_entry,
                          rg_err *err);

#endif
