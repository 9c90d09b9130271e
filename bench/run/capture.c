/* capture.c: walks the table's globs and collects what they match. A path is taken link by link, so
 * that the tree has the same links and each file stands where it really is. */
#include "bench/run/capture.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, MAX_LINKS = 40 };

typedef struct collecting {
    rg_root *root;
    rg_capture *capture;
    bool with_identity;
    bool full; /* a cap was hit, and said so */
    rg_status status;
} collecting;

/* --- entries ---------------------------------------------------------------------------------- */

void rg_capture_leave_out(rg_capture *capture, const char *path, const char *why) {
    json_array_append_new(capture->left_out, json_pack("{s:s, s:s}", "path", path, "why", why));
}

static rg_captured *find(const rg_capture *capture, const char *path) {
    for (size_t i = capture->n; i-- > 0;) {
        if (!strcmp(capture->items[i].path, path))
            return &capture->items[i];
    }
    return NULL;
}

static bool has_room(collecting *c, const char *path, size_t bytes) {
    rg_capture *capture = c->capture;
    if (capture->n < RG_CAPTURE_ENTRIES && capture->bytes + bytes <= RG_CAPTURE_TREE_BYTES)
        return true;
    if (!c->full)
        rg_capture_leave_out(capture, path,
                             "the tree has reached its limit of size; so all behind it");
    c->full = true;
    return false;
}

/* Takes ownership of nothing; the data is copied. */
static void add(collecting *c, char kind, const char *path, const char *data, size_t bytes,
                bool denied) {
    rg_capture *capture = c->capture;
    if (find(capture, path) || !has_room(c, path, bytes))
        return;
    if (capture->n == capture->cap) {
        size_t cap = capture->cap ? 2 * capture->cap : 256;
        rg_captured *items = realloc(capture->items, cap * sizeof *items);
        if (!items) {
            c->status = RG_NO_MEMORY;
            return;
        }
        capture->items = items;
        capture->cap = cap;
    }
    rg_captured item = {kind, denied, strdup(path), malloc(bytes + 1), bytes};
    if (!item.path || !item.data) {
        free(item.path);
        free(item.data);
        c->status = RG_NO_MEMORY;
        return;
    }
    memcpy(item.data, data, bytes);
    item.data[bytes] = '\0';
    capture->items[capture->n++] = item;
    capture->bytes += bytes;
}

/* --- one path --------------------------------------------------------------------------------- */

/* Follows a path link by link and notes the links; `ret` is where it really is. */
static bool resolve(collecting *c, const char *path, char ret[PATH_BYTES]) {
    char rest[PATH_BYTES], link[PATH_BYTES], next[PATH_BYTES], again[PATH_BYTES];
    int links = 0;
    ret[0] = '\0';
    snprintf(rest, sizeof rest, "%s", path);
    while (rest[strspn(rest, "/")]) {
        char *name = rest + strspn(rest, "/");
        size_t n = strcspn(name, "/");
        char *slash = strrchr(ret, '/');
        bool up = n == 2 && !strncmp(name, "..", 2), here = n == 1 && *name == '.';
        if (up && slash)
            *slash = '\0';
        snprintf(next, sizeof next, "%s/%.*s", ret, (int)n, name);
        snprintf(again, sizeof again, "%s", name + n);
        if (!up && !here && rg_root_link(c->root, next, link, sizeof link) == RG_OK) {
            if (++links > MAX_LINKS || strlen(link) + strlen(again) + 2 > sizeof rest)
                return false;
            add(c, 'l', next, link, strlen(link), false);
            if (link[0] == '/')
                ret[0] = '\0';
            snprintf(rest, sizeof rest, "%s", link);
            strncat(rest, again, sizeof rest - strlen(rest) - 1);
            continue;
        }
        if (!up && !here)
            memcpy(ret, next, strlen(next) + 1);
        memcpy(rest, again, strlen(again) + 1);
    }
    return true;
}

/* All of a file, or more than a file may have. -1 with errno. */
static ssize_t read_file(rg_root *root, const char *path, char *data) {
    int fd = rg_root_open_fd(root, path);
    size_t used = 0;
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && used <= RG_CAPTURE_FILE_BYTES) {
        n = read(fd, data + used, RG_CAPTURE_FILE_BYTES + 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    int code = errno;
    if (fd >= 0)
        close(fd);
    errno = code;
    return n < 0 ? -1 : (ssize_t)used;
}

static void take_file(collecting *c, const char *path, char *data) {
    ssize_t n = read_file(c->root, path, data);
    if (n < 0 && (errno == EACCES || errno == EPERM)) {
        rg_capture_leave_out(c->capture, path, "permission denied: run it as root");
        add(c, 'f', path, "", 0, true);
    } else if (n < 0 && errno != ENOENT) {
        rg_capture_leave_out(c->capture, path, strerror(errno));
    } else if (n > RG_CAPTURE_FILE_BYTES) {
        rg_capture_leave_out(c->capture, path, "larger than a file may be");
    } else if (n >= 0) {
        size_t bytes = (size_t)n;
        data[bytes] = '\0';
        if (!c->with_identity && rg_capture_clean(path, data, &bytes))
            c->capture->cleaned++;
        add(c, 'f', path, data, bytes, false);
    }
}

static bool is_first(const char *name, void *user) {
    (void)name, (void)user;
    return false;
}

static void take(collecting *c, const char *path) {
    char real[PATH_BYTES];
    if (c->full || !resolve(c, path, real) || find(c->capture, real))
        return;
    char *data = malloc(RG_CAPTURE_FILE_BYTES + 2);
    if (!data)
        c->status = RG_NO_MEMORY;
    else if (rg_root_list(c->root, real, is_first, NULL) == RG_OK)
        add(c, 'd', real, "", 0, false);
    else
        take_file(c, real, data);
    free(data);
}

/* --- globs ------------------------------------------------------------------------------------ */

typedef struct matching {
    collecting *c;
    const char *dir; /* so far, without globs */
    char glob[128];  /* of the next component */
    const char *rest;
} matching;

static void expand(collecting *c, const char *dir, const char *rest);

static bool match(const char *name, void *user) {
    matching *m = user;
    char path[PATH_BYTES];
    if (fnmatch(m->glob, name, FNM_PERIOD))
        return true;
    snprintf(path, sizeof path, "%s/%s", m->dir, name);
    expand(m->c, path, m->rest);
    return m->c->status == RG_OK;
}

/* `dir` has no globs any more, `rest` may have. */
static void expand(collecting *c, const char *dir, const char *rest) {
    matching m = {.c = c, .dir = dir};
    char path[PATH_BYTES];
    rest += strspn(rest, "/");
    size_t n = strcspn(rest, "/");
    if (n == 0) {
        take(c, dir);
        return;
    }
    snprintf(m.glob, sizeof m.glob, "%.*s", (int)n, rest);
    m.rest = rest + n;
    if (strpbrk(m.glob, "*?[")) {
        rg_root_list(c->root, *dir ? dir : "/", match, &m);
        return;
    }
    snprintf(path, sizeof path, "%s/%s", dir, m.glob);
    if (rg_root_exists(c->root, path))
        expand(c, path, m.rest);
}

static void take_row(collecting *c, const rg_capture_row *row) {
    char glob[256];
    for (const char *at = row->files; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        snprintf(glob, sizeof glob, "%s/%.*s", row->dir, (int)n, at);
        expand(c, "", glob);
        at += n;
    }
}

rg_status rg_capture_collect(rg_root *root, bool with_identity, rg_capture **ret_capture,
                             rg_err *err) {
    rg_capture *capture = calloc(1, sizeof *capture);
    collecting c = {root, capture, with_identity, false, RG_OK};
    if (!capture || !(capture->left_out = json_array())) {
        free(capture);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    for (const rg_capture_row *row = rg_capture_rows; row->dir && c.status == RG_OK; row++) {
        if (with_identity || !row->identity)
            take_row(&c, row);
    }
    rg_status status = c.status;
    if (status != RG_OK)
        rg_fail(err, status, NULL, "out of memory");
    else if (capture->n == 0)
        status = rg_fail(err, RG_ABSENT, "give a folder that holds /sys and /proc",
                         "there is nothing to capture here");
    if (status == RG_OK)
        *ret_capture = capture;
    else
        rg_capture_free(capture);
    return status;
}

void rg_capture_free(rg_capture *capture) {
    if (!capture)
        return;
    for (size_t i = 0; i < capture->n; i++) {
        free(capture->items[i].path);
        free(capture->items[i].data);
    }
    free(capture->items);
    json_decref(capture->left_out);
    free(capture);
}
