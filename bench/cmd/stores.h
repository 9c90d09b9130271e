/* stores.h: what verbs that use a store share: the option --store, who is asking, and how a store
 * is opened (result/store.h). */
#ifndef RG_CMD_STORES_H
#define RG_CMD_STORES_H

#include "bench/core/field.h"
#include "bench/result/store.h"

/* The option, a text member of the verb's options. */
#define RG_STORE_ROW(type, member)                                                                 \
    {                                                                                              \
        "store", RG_FIELD_TEXT, offsetof(type, member), "", 0, 0, NULL, "",                        \
            "the store's file; not given: $RAILGAUGE_STORE"                                        \
    }

/* Opens the store that the option or $RAILGAUGE_STORE names. RG_USAGE when neither does. */
rg_status rg_store_open_named(const char *option, rg_store_mode mode, rg_store **ret_store,
                              rg_err *err);

/* What came out of somebody's bundle, as a terminal shows it: nothing that moves the cursor, cut to
 * its room; returns `ret`. */
enum { RG_STORE_WORD = 512 };
const char *rg_store_clean(const char *text, char ret[RG_STORE_WORD]);

/* "user@host" of this process, for the store's logs. Static. */
const char *rg_store_who(void);

#endif
