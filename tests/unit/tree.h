/* tree.h: builds small recorded machines for tests: a temporary folder with files in it. */
#ifndef RG_TESTS_TREE_H
#define RG_TESTS_TREE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/root.h"

/* A fresh temporary folder; remove it with tree_remove. */
static inline char *tree_new(void) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/railgauge-tree-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
    return path;
}

/* Writes `text` to a file below the folder, creating folders on the way. */
static inline void tree_put(const char *root, const char *path, const char *text) {
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    cr_assert_eq(rg_fs_mkdirs(full, NULL), RG_OK);
    *slash = '/';
    FILE *file = fopen(full, "w");
    cr_assert_not_null(file, "%s", full);
    fputs(text, file);
    fclose(file);
}

static inline void tree_remove(const char *root) {
    rg_fs_remove_tree(root, NULL);
}

static inline rg_root *open_tree(const char *path) {
    rg_root *root;
    cr_assert_eq(rg_root_open(path, &root, NULL), RG_OK);
    return root;
}

#endif
