/* root.h: everything read from /sys, /proc and /dev goes through a root handle, so that a
 * recorded tree of another machine is a test input (`--root DIR`) and a bug report. */
#ifndef RG_CORE_ROOT_H
#define RG_CORE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

typedef struct rg_root rg_root;

/* Opens DIR as root; NULL or "/" means this machine. Close with rg_root_close. */
rg_status rg_root_open(const char *dir, rg_root **ret_root, rg_err *err);
void rg_root_close(rg_root *root); /* accepts NULL */

/* True when the root is this machine's own "/" (only then may ioctl, perf or hwloc be asked). */
bool rg_root_is_live(const rg_root *root);

/* The directory given at open ("/" when live). Lives as long as the root. */
const char *rg_root_path(const rg_root *root);

/* Reads a small text file into buf (at most cap-1 bytes, NUL-terminated, trailing white space cut).
 * Paths are absolute in the recorded machine ("/proc/cpuinfo"); symlinks and ".." that lead out of
 * a recorded tree are refused. errno-like outcomes: RG_ABSENT no such file, RG_DENIED no
 * permission, RG_AGAIN the driver says EAGAIN/ENODATA (value not ready), RG_IO anything else. */
rg_status rg_root_read(rg_root *root, const char *path, char *buf, size_t cap, rg_err *err);

/* Reads up to cap-1 bytes as they are (device-tree properties hold NULs) and ends them with a NUL;
 * returns how many, 0 when the file cannot be read. */
size_t rg_root_read_bytes(rg_root *root, const char *path, char *buf, size_t cap);

/* Reads one integer in decimal (or 0x hex) notation. */
rg_status rg_root_read_int(rg_root *root, const char *path, int64_t *ret_value, rg_err *err);

/* Keeps a file open for repeated reading (sensors): rg_root_reread seeks to 0 and reads again;
 * RG_ABSENT once the file has been removed, whose last content would otherwise stay readable. */
int rg_root_open_fd(rg_root *root, const char *path); /* -1 with errno */
rg_status rg_root_reread(int fd, char *buf, size_t cap);

/* May files of this root be written? Of the machine itself, as far as its permissions go; of a tree
 * only where it says itself, by a file ".railgauge-scratch" at its top, that it is a copy to try
 * things on. Recorded machines never are. */
bool rg_root_is_writable(rg_root *root);

/* Writes a value into an existing file of a writable root, as the kernel's setting files want it:
 * in one piece. RG_UNSUPPORTED for other roots. */
rg_status rg_root_write(rg_root *root, const char *path, const char *text, rg_err *err);

/* Names in a directory, sorted (bytewise), without "." and ".."; calls `each` for every one until
 * it returns false. RG_ABSENT where there is no such directory. */
rg_status rg_root_list(rg_root *root, const char *dir, bool (*each)(const char *name, void *user),
                       void *user);

bool rg_root_exists(rg_root *root, const char *path);

/* What a symlink points to, as it is written ("../../../devices/.../1-0040/iio:device0"). RG_ABSENT
 * when it is no symlink or longer than cap-1. */
rg_status rg_root_link(rg_root *root, const char *path, char *ret, size_t cap);

/* The last component of what a symlink points to ("1-0040" for .../hwmon3/device). RG_ABSENT when
 * it is no symlink. */
rg_status rg_root_link_name(rg_root *root, const char *path, char *ret, size_t cap);

#endif
