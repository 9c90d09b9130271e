/* db.h: what the parts of `railgauge db` share. */
#ifndef RG_CMD_DB_H
#define RG_CMD_DB_H

#include "bench/cmd/stores.h"

typedef struct rg_db_options {
    const char *store, *output, *limit;
    bool json;
} rg_db_options;

/* One call: options, and the words behind the part's name. */
typedef struct rg_db_call {
    const rg_db_options *options;
    const char *const *words;
    size_t n_words;
} rg_db_call;

/* `railgauge db cache [clear [NAME]]` (db_cache.c). */
rg_status rg_db_cache(const rg_db_call *call, rg_err *err);

#endif
