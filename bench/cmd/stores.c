/* stores.c: the store that a verb was told to use, and by whom. */
#include "bench/cmd/stores.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/result/gate_words.h"

rg_status rg_store_open_named(const char *option, rg_store_mode mode, rg_store **ret_store,
                              rg_err *err) {
    const char *environment = getenv("RAILGAUGE_STORE");
    const char *path = *option ? option : environment ? environment : "";
    if (!*path)
        return rg_fail(err, RG_USAGE, "add --store lab.db, or set RAILGAUGE_STORE",
                       "no store is named");
    return rg_store_open(path, mode, ret_store, err);
}

const char *rg_store_clean(const char *text, char ret[RG_STORE_WORD]) {
    rg_gate_clean(text, ret, RG_STORE_WORD);
    return ret;
}

const char *rg_store_who(void) {
    static char who[256];
    char host[128] = "";
    const struct passwd *entry = getpwuid(geteuid());
    gethostname(host, sizeof host - 1);
    if (entry)
        snprintf(who, sizeof who, "%.100s@%.100s", entry->pw_name, host);
    else
        snprintf(who, sizeof who, "%u@%.100s", (unsigned)geteuid(), host);
    return who;
}
