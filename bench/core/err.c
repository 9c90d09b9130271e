/* err.c: the statuses' words and the filling of error values. */
#include "bench/core/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    int exit;
    const char *text;
} statuses[] = {
#define X(name, word, exit, text) [RG_##name] = {word, RG_EXIT_##exit, text},
    RG_STATUS_LIST(X)
#undef X
};

rg_status rg_fail(rg_err *err, rg_status status, const char *advice, const char *format, ...) {
    if (!err)
        return status;
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->what, sizeof err->what, format, args);
    snprintf(err->advice, sizeof err->advice, "%s", advice ? advice : "");
    va_end(args);
    return status;
}

void rg_err_prefix(rg_err *err, const char *format, ...) {
    if (!err)
        return;
    char said[sizeof err->what];
    memcpy(said, err->what, sizeof said);
    va_list args;
    va_start(args, format);
    vsnprintf(err->what, sizeof err->what, format, args);
    va_end(args);
    size_t used = strlen(err->what);
    snprintf(err->what + used, sizeof err->what - used, ": %s", said);
}

const char *rg_status_word(rg_status status) {
    return status < RG_STATUS_COUNT ? statuses[status].word : "unknown";
}

const char *rg_status_text(rg_status status) {
    return status < RG_STATUS_COUNT ? statuses[status].text : "unknown status";
}

int rg_status_exit(rg_status status) {
    return status < RG_STATUS_COUNT ? statuses[status].exit : RG_EXIT_INCOMPLETE;
}

bool rg_status_from_word(const char *word, rg_status *ret_status) {
    for (int i = 0; i < RG_STATUS_COUNT; i++) {
        if (!strcmp(statuses[i].word, word)) {
            *ret_status = (rg_status)i;
            return true;
        }
    }
    return false;
}

const char *rg_exit_text(int code) {
    switch (code) {
#define X(name, number, text)                                                                      \
    case number:                                                                                   \
        return text;
        RG_EXIT_LIST(X)
#undef X
    }
    return NULL;
}
