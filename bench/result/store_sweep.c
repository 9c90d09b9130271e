/* store_sweep.c: what a killed program left of a store that it was making: PATH.PID.tmp and
 * SQLite's files beside it. store_open.c makes stores, and sweeps when it opens one to write. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/result/store_priv.h"

enum { OLD_S = 60 }; /* a process number says nothing about another container's processes */

void rg_store_remove_new(const char *temporary) {
    char name[4096];
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        int n = snprintf(name, sizeof name, "%s%s", temporary, ends[i]);
        if (n > 0 && (size_t)n < sizeof name)
            unlink(name);
    }
}

/* The process in "lab.db.4711.tmp", for the store "lab.db"; 0: not such a name. */
static long maker_of(const char *name, const char *base) {
    size_t n = strlen(base);
    char *end;
    if (strncmp(name, base, n) || name[n] != '.' || !isdigit((unsigned char)name[n + 1]))
        return 0;
    long pid = strtol(name + n + 1, &end, 10);
    return strcmp(end, ".tmp") ? 0 : pid;
}

static bool is_left_behind(const char *path, long pid) {
    struct stat info;
    bool ended = kill((pid_t)pid, 0) < 0 && errno == ESRCH;
    return ended && lstat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           time(NULL) - info.st_mtime > OLD_S;
}

void rg_store_sweep(const char *path) {
    char folder[4096], file[4096];
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    int n = snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 2,
                     slash ? path : "./");
    DIR *dir = n > 0 && (size_t)n < sizeof folder ? opendir(folder) : NULL;
    for (struct dirent *item; dir && (item = readdir(dir));) {
        long pid = maker_of(item->d_name, base);
        n = snprintf(file, sizeof file, "%s%s", folder, item->d_name);
        if (pid > 0 && n > 0 && (size_t)n < sizeof file && is_left_behind(file, pid))
            rg_store_remove_new(file);
    }
    if (dir)
        closedir(dir);
}
