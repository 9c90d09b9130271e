/* data.c: data files from $RAILGAUGE_DATA, the source tree, the installed folder, or the copy in
 * the program. The source tree counts only for a program that runs from its build tree, so that an
 * installed program never reads a checkout that happens to be there. */
#include "bench/core/data.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "rg_config.h"

enum { MAX_PLACES = 3, MAX_FILE_BYTES = 16 << 20 };

static bool runs_from_build_tree(void) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    size_t prefix = strlen(RG_BUILD_DIR);
    if (n <= (ssize_t)prefix)
        return false;
    path[n] = '\0';
    return !strncmp(path, RG_BUILD_DIR, prefix) && path[prefix] == '/';
}

/* Folders to look in, first choice first. */
static size_t places(const char *ret[MAX_PLACES]) {
    size_t n = 0;
    const char *chosen = getenv("RAILGAUGE_DATA");
    if (chosen && *chosen)
        ret[n++] = chosen;
    if (runs_from_build_tree())
        ret[n++] = RG_SOURCE_DIR;
    ret[n++] = RG_DATA_DIR;
    return n;
}

/* Relative, and never out of the data folder. */
static bool is_inside(const char *relative) {
    if (!*relative || *relative == '/')
        return false;
    for (const char *at = relative; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (!strncmp(at, "..", 2) && (at[2] == '/' || !at[2]))
            return false;
    }
    return true;
}

static const rg_embedded *find_embedded(const char *relative) {
    for (const rg_embedded *file = rg_embedded_files; file->path; file++) {
        if (!strcmp(file->path, relative))
            return file;
    }
    return NULL;
}

rg_status rg_data_read(rg_arena *arena, const char *relative, const char **ret_text,
                       size_t *ret_bytes, rg_err *err) {
    if (!is_inside(relative))
        return rg_fail(err, RG_ABSENT, "give a path below the data folder",
                       "'%s' is no data file's name", relative);
    const char *folders[MAX_PLACES];
    size_t n = places(folders);
    for (size_t i = 0; i < n; i++) {
        char *path = rg_fs_join(arena, folders[i], relative);
        if (!path)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading %s", relative);
        if (rg_fs_exists(path) && !rg_fs_is_dir(path))
            return rg_fs_read(arena, path, MAX_FILE_BYTES, (char **)ret_text, ret_bytes, err);
    }
    const rg_embedded *file = find_embedded(relative);
    if (!file)
        return rg_fail(err, RG_ABSENT,
                       "`railgauge list` shows what there is; "
                       "RAILGAUGE_DATA=DIR adds a folder of your own",
                       "there is no data file %s", relative);
    *ret_text = (const char *)file->data;
    *ret_bytes = file->bytes;
    return RG_OK;
}

/* Names found so far; a name that cannot be stored for want of memory is left out. */
typedef struct name_list {
    char **names;
    size_t n, cap;
} name_list;

static void add_name(name_list *list, const char *folder, const char *name, const char *suffix) {
    size_t length = strlen(name), tail = strlen(suffix);
    if (length < tail || strcmp(name + length - tail, suffix) || name[0] == '.')
        return;
    if (list->n == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 32;
        char **bigger = realloc(list->names, cap * sizeof *bigger);
        if (!bigger)
            return;
        list->names = bigger;
        list->cap = cap;
    }
    char *full = malloc(strlen(folder) + length + 2);
    if (!full)
        return;
    strcpy(full, folder);
    strcat(strcat(full, "/"), name);
    list->names[list->n++] = full;
}

static void add_from_disk(name_list *list, const char *place, const char *folder,
                          const char *suffix) {
    char path[PATH_MAX];
    if (strlen(place) + strlen(folder) + 2 > sizeof path)
        return;
    strcpy(path, place);
    strcat(strcat(path, "/"), folder);
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        add_name(list, folder, entry->d_name, suffix);
    closedir(dir);
}

static void add_embedded(name_list *list, const char *folder, const char *suffix) {
    size_t prefix = strlen(folder);
    for (const rg_embedded *file = rg_embedded_files; file->path; file++) {
        const char *rest = file->path + prefix;
        if (!strncmp(file->path, folder, prefix) && *rest == '/' && !strchr(rest + 1, '/'))
            add_name(list, folder, rest + 1, suffix);
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void rg_data_list(const char *folder, const char *suffix,
                  void (*each)(const char *relative, void *user), void *user) {
    name_list list = {0};
    const char *folders[MAX_PLACES];
    size_t n = is_inside(folder) ? places(folders) : 0;
    for (size_t i = 0; i < n; i++)
        add_from_disk(&list, folders[i], folder, suffix);
    add_embedded(&list, folder, suffix);
    if (list.n)
        qsort(list.names, list.n, sizeof *list.names, by_name);
    for (size_t i = 0; i < list.n; i++) {
        if (i == 0 || strcmp(list.names[i], list.names[i - 1]))
            each(list.names[i], user);
    }
    for (size_t i = 0; i < list.n; i++)
        free(list.names[i]);
    free(list.names);
}
