/* edgetpu_api.c: see edgetpu_api.h. */
#include "targets/edgetpu_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/fs.h"

enum { MOST_BYTES = 64 << 20 };

static const rg_library_spec spec = {
    "edgetpu",
    "the Edge TPU's library libedgetpu",
    "install libedgetpu1-std (or -max) from Coral's package repository: "
    "https://coral.ai/docs/accelerator/get-started",
    {"libedgetpu.so.1", "libedgetpu.so", NULL},
};

const char *rg_edgetpu_build_word(rg_edgetpu_build build) {
    static const char *const words[] = {"unknown", "std", "max"};
    return words[build];
}

/* Words that stand in the file of one build only: newer releases name their build, and in all of
 * them only the throttled one has what it says when it lowers a USB device's clock. Their first
 * letter stands apart, so that a file is not known by holding this very table. */
static const struct {
    char first;
    const char *rest;
    rg_edgetpu_build build;
} marks[] = {
    {'P', "ERFORMANCE=THROTTLED", RG_EDGETPU_STD},
    {'P', "ERFORMANCE=DIRECT", RG_EDGETPU_MAX},
    {' ', "when USB connected EdgeTpu is throttled", RG_EDGETPU_STD},
    {'P', "erformance expectation: Max", RG_EDGETPU_MAX},
};

static bool holds(const char *data, size_t bytes, char first, const char *rest) {
    const char *at = data;
    while ((at = memmem(at, bytes - (size_t)(at - data), rest, strlen(rest)))) {
        if (at > data && at[-1] == first)
            return true;
        at++;
    }
    return false;
}

static rg_edgetpu_build build_of(const char *path) {
    rg_arena *arena = rg_arena_new(0);
    rg_edgetpu_build build = RG_EDGETPU_UNKNOWN;
    char *data;
    size_t bytes;
    if (arena && rg_fs_read(arena, path, MOST_BYTES, &data, &bytes, NULL) == RG_OK) {
        for (size_t i = 0; !build && i < sizeof marks / sizeof marks[0]; i++) {
            if (holds(data, bytes, marks[i].first, marks[i].rest))
                build = marks[i].build;
        }
    }
    rg_arena_free(arena);
    return build;
}

/* "BuildLabel(...), RuntimeVersion(14)" */
static int runtime_of(const char *version) {
    static const char word[] = "RuntimeVersion(";
    const char *at = version ? strstr(version, word) : NULL;
    return at ? atoi(at + sizeof word - 1) : 0;
}

rg_status rg_edgetpu_open(const char *given, rg_edgetpu *ret_edgetpu, rg_err *err) {
    static const rg_library_symbol symbols[] = {
#define X(need, result, member, symbol, args) {#symbol, offsetof(rg_edgetpu, member), !need},
        RG_EDGETPU_SYMBOLS(X)
#undef X
            {0},
    };
    rg_edgetpu edgetpu = {0};
    rg_status status = rg_library_open(&spec, given, &edgetpu.library, err);
    if (status == RG_OK)
        status = rg_library_bind(&edgetpu.library, symbols, &edgetpu, err);
    if (status != RG_OK)
        return status;
    const char *version = edgetpu.version();
    snprintf(edgetpu.library.version, sizeof edgetpu.library.version, "%s", version ? version : "");
    edgetpu.runtime = runtime_of(version);
    edgetpu.build = build_of(edgetpu.library.path);
    *ret_edgetpu = edgetpu;
    return RG_OK;
}
