/* make_seeds.c: writes the seeds of one fuzzer into a folder: make_seeds NAME FOLDER. */
#include <string.h>

#include "bench/core/fs.h"
#include "fuzz.h"

static const struct {
    const char *name;
    rg_status (*make)(const char *folder, rg_err *err);
} makers[] = {
    {"bundle", make_seeds_bundle}, {"hef", make_seeds_hef},   {"model", make_seeds_model},
    {"npy", make_seeds_npy},       {"onnx", make_seeds_onnx}, {"scenario", make_seeds_scenario},
    {"tflite", make_seeds_tflite},
};
enum { N_MAKERS = sizeof makers / sizeof makers[0] };

rg_status put_seed(const char *folder, const char *name, const void *data, size_t bytes,
                   rg_err *err) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return rg_fs_write_atomic(path, data, bytes, err);
}

int main(int argc, char **argv) {
    rg_err err = RG_ERR_INIT;
    size_t i = 0;
    while (argc == 3 && i < N_MAKERS && strcmp(makers[i].name, argv[1]))
        i++;
    if (argc != 3 || i == N_MAKERS) {
        fprintf(stderr, "usage: make_seeds bundle|hef|model|npy|onnx|scenario|tflite FOLDER\n");
        return 64;
    }
    if (rg_fs_mkdirs(argv[2], &err) != RG_OK || makers[i].make(argv[2], &err) != RG_OK) {
        fprintf(stderr, "make_seeds: %s\n", err.what);
        return 74;
    }
    return 0;
}
