/* shared.h: the folder of real model files and its tables, for tests that read them. The folder is
 * $RAILGAUGE_SHARED, else `shared` beside or above the source; tests skip aloud without it. */
#ifndef RG_TESTS_SHARED_H
#define RG_TESTS_SHARED_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rg_config.h"

enum { SHARED_COLUMNS = 16 };

/* Path of a file in shared/models; skips the test when the folder is missing. */
static inline const char *shared_path(const char *file, char ret[1024]) {
    const char *places[] = {getenv("RAILGAUGE_SHARED"), RG_SOURCE_DIR "/../shared",
                            RG_SOURCE_DIR "/../../shared"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(ret, 1024, "%s/models/MANIFEST.tsv", places[i] ? places[i] : "/nonexistent");
        if (access(ret, R_OK) == 0) {
            snprintf(ret, 1024, "%s/models/%s", places[i], file);
            return ret;
        }
    }
    cr_skip_test("no shared/models folder; set RAILGAUGE_SHARED");
    return NULL;
}

/* Calls `row` for each line of a table in shared/models, columns split at tabs (missing ones are
 * ""). The heading is left out. Returns the number of rows. */
static inline size_t shared_rows(const char *file, void (*row)(char **columns, void *user),
                                 void *user) {
    char path[1024];
    FILE *in = fopen(shared_path(file, path), "r");
    cr_assert_not_null(in, "%s", path);
    char *line = NULL;
    size_t cap = 0, n = 0;
    while (getline(&line, &cap, in) > 0) {
        char *columns[SHARED_COLUMNS], *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < SHARED_COLUMNS; i++) {
            char *column = rest ? strsep(&rest, "\t") : NULL;
            columns[i] = column ? column : line + strlen(line);
        }
        if (n++)
            row(columns, user);
    }
    free(line);
    fclose(in);
    return n ? n - 1 : 0;
}

#endif
