/* capture.h: this machine as a tree of files that `--root` takes for it: what the program reads
 * below /sys, /proc, /etc and /var, and nothing else. capturetable.c says which files those are,
 * capture.c collects them, captureclean.c takes out what names the machine or its owner,
 * capturewrite.c makes a folder or a tar file of them. */
#ifndef RG_RUN_CAPTURE_H
#define RG_RUN_CAPTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* Files of interest below folders of interest; both are globs. */
typedef struct rg_capture_row {
    const char *dir;   /* "/sys/class/hwmon/hwmon*" */
    const char *files; /* file globs with spaces between them */
    const char *what;  /* what for */
    bool identity;     /* only when the machine may be named */
} rg_capture_row;

extern const rg_capture_row rg_capture_rows[]; /* ends with a NULL dir */

enum {
    RG_CAPTURE_FILE_BYTES = 131072,   /* a file at most */
    RG_CAPTURE_TREE_BYTES = 16 << 20, /* all of them */
    RG_CAPTURE_ENTRIES = 20000,
};

/* One entry of a tree, by its path without links in it. */
typedef struct rg_captured {
    char kind; /* 'f' file, 'd' folder, 'l' link */
    bool denied;
    char *path;
    char *data; /* content, or where the link points; ends with a NUL that does not count */
    size_t bytes;
} rg_captured;

typedef struct rg_capture {
    rg_captured *items;
    size_t n, cap, bytes;
    json_t *left_out; /* [{"path", "why"}] */
    size_t cleaned;   /* files of which something was taken out */
} rg_capture;

/* Collects in memory. Files that cannot be read, are too large or answer that they have no value
 * now are in `left_out`; one that may not be read is an entry too, so that the tree says
 * "denied" as the machine does. RG_ABSENT when there was nothing at all. Free with
 * rg_capture_free. */
rg_status rg_capture_collect(rg_root *root, bool with_identity, rg_capture **ret_capture,
                             rg_err *err);

/* Takes out of a file's text what names a machine: serial numbers of /proc/cpuinfo, all but a few
 * words of the kernel's command line, hardware addresses anywhere. In place; true when something
 * went. Also keeps of /proc/stat only the processors' lines. */
bool rg_capture_clean(const char *path, char *text, size_t *bytes);

/* Writes the tree as a folder, which must not exist yet; appears whole or not at all. */
rg_status rg_capture_write_dir(const rg_capture *capture, const char *dir, rg_err *err);

/* Writes it as a tar file (ustar) whose top folder is `top`. Paths that do not fit ustar are added
 * to left_out. */
rg_status rg_capture_write_tar(rg_capture *capture, const char *top, const char *file, rg_err *err);

/* "sys/class/..." was left out, because of this. */
void rg_capture_leave_out(rg_capture *capture, const char *path, const char *why);

void rg_capture_free(rg_capture *capture); /* accepts NULL */

#endif
