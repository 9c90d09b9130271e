/* replay.c: hands files to a fuzzer's function one by one, without libFuzzer: seeds and what was
 * found once stay tests under every compiler, sanitizer and architecture. Usage: replay NAME
 * FOLDER... Prints TAP, one test a folder; a broken promise ends it. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/fs.h"

enum { MOST_BYTES = 16 << 20 };

/* Each fuzz_NAME.c is compiled with its LLVMFuzzerTestOneInput named so. */
int fuzz_bundle(const unsigned char *data, size_t bytes);
int fuzz_hef(const unsigned char *data, size_t bytes);
int fuzz_model(const unsigned char *data, size_t bytes);
int fuzz_npy(const unsigned char *data, size_t bytes);
int fuzz_onnx(const unsigned char *data, size_t bytes);
int fuzz_scenario(const unsigned char *data, size_t bytes);
int fuzz_tflite(const unsigned char *data, size_t bytes);

typedef int taker(const unsigned char *data, size_t bytes);
static const struct {
    const char *name;
    taker *take;
} takers[] = {
    {"bundle", fuzz_bundle}, {"hef", fuzz_hef},   {"model", fuzz_model},
    {"npy", fuzz_npy},       {"onnx", fuzz_onnx}, {"scenario", fuzz_scenario},
    {"tflite", fuzz_tflite},
};

static taker *find(const char *name) {
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        if (!strcmp(takers[i].name, name))
            return takers[i].take;
    }
    return NULL;
}

static bool replay_file(taker *take, const char *path) {
    rg_arena *arena = rg_arena_new(0);
    char *data = NULL;
    size_t bytes = 0;
    rg_err err = RG_ERR_INIT;
    fprintf(stderr, "# %s\n", path); /* whoever ends the program here is named last */
    bool good = arena && rg_fs_read(arena, path, MOST_BYTES, &data, &bytes, &err) == RG_OK;
    if (good)
        take((const unsigned char *)data, bytes);
    else
        printf("# %s\n", err.what);
    rg_arena_free(arena);
    return good;
}

/* Number of files, or -1. */
static int replay_folder(taker *take, const char *folder) {
    char path[4096];
    int n = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return -1;
    for (struct dirent *entry; n >= 0 && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            n = replay_file(take, path) ? n + 1 : -1;
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv) {
    taker *take = argc > 2 ? find(argv[1]) : NULL;
    int failed = 0;
    if (!take) {
        fprintf(stderr, "usage: replay bundle|hef|model|npy|onnx|scenario|tflite FOLDER...\n");
        return 64;
    }
    printf("1..%d\n", argc - 2);
    for (int i = 2; i < argc; i++) {
        int n = replay_folder(take, argv[i]);
        failed |= n < 0;
        printf("%s %d - %d files of %s\n", n < 0 ? "not ok" : "ok", i - 1, n, argv[i]);
    }
    return failed;
}
