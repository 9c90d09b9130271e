/* capturewrite.c: a captured tree as a folder or as a tar file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/run/capture.h"

/* --- folder ----------------------------------------------------------------------------------- */

static rg_status write_failed(const char *path, rg_err *err) {
    return rg_fail(err, RG_IO, "see to its permissions and to free space", "cannot write %s: %s",
                   path, strerror(errno));
}

static bool write_file(const char *path, const rg_captured *item) {
    FILE *file = fopen(path, "w");
    bool good = file && fwrite(item->data, 1, item->bytes, file) == item->bytes;
    good = file && fclose(file) == 0 && good;
    return good && (!item->denied || chmod(path, 0) == 0);
}

static rg_status write_item(const char *dir, const rg_captured *item, rg_err *err) {
    char path[8192], parent[8192];
    snprintf(path, sizeof path, "%s%s", dir, item->path);
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    rg_status status = rg_fs_mkdirs(item->kind == 'd' ? path : parent, err);
    if (status != RG_OK || item->kind == 'd')
        return status;
    bool good = item->kind == 'l' ? symlink(item->data, path) == 0 : write_file(path, item);
    return good ? RG_OK : write_failed(path, err);
}

rg_status rg_capture_write_dir(const rg_capture *capture, const char *dir, rg_err *err) {
    char whole[4096];
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (rg_fs_exists(dir))
        return rg_fail(err, RG_IO, "choose another name, or remove it first", "%s is there already",
                       dir);
    if ((size_t)snprintf(whole, sizeof whole, "%.*s.part", (int)n, dir) >= sizeof whole)
        return rg_fail(err, RG_USAGE, NULL, "the name of the folder is too long");
    rg_status status = rg_fs_remove_tree(whole, err);
    if (status == RG_OK)
        status = rg_fs_mkdirs(whole, err);
    for (size_t i = 0; status == RG_OK && i < capture->n; i++)
        status = write_item(whole, &capture->items[i], err);
    if (status == RG_OK && rename(whole, dir) < 0)
        status = write_failed(dir, err);
    if (status != RG_OK)
        rg_fs_remove_tree(whole, NULL);
    return status;
}

/* --- tar -------------------------------------------------------------------------------------- */

/* POSIX ustar, as of pax(1): numbers in octal text, all else NUL. */
typedef struct tar_head {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6],
        version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
} tar_head;
_Static_assert(sizeof(tar_head) == 512, "a block of a tar file");

/* Splits a path at a slash where the name alone is too short; false when it does not fit. */
static bool put_name(tar_head *head, const char *path) {
    size_t n = strlen(path), at = n <= sizeof head->name ? 0 : n - sizeof head->name;
    while (at && at < n && path[at - 1] != '/')
        at++;
    if (at == n || (at && at - 1 > sizeof head->prefix))
        return false;
    memcpy(head->name, path + at, n - at);
    if (at)
        memcpy(head->prefix, path, at - 1);
    return true;
}

static bool make_head(const char *top, const rg_captured *item, tar_head *head) {
    char path[4096];
    unsigned mode = item->kind == 'd' ? 0755 : item->kind == 'l' ? 0777 : item->denied ? 0 : 0644;
    int n = snprintf(path, sizeof path, "%s%s%s", top, item->path, item->kind == 'd' ? "/" : "");
    *head = (tar_head){.type = item->kind == 'd' ? '5' : item->kind == 'l' ? '2' : '0'};
    if (n < 0 || (size_t)n >= sizeof path || !put_name(head, path))
        return false;
    if (item->kind == 'l') {
        if (item->bytes > sizeof head->link)
            return false;
        memcpy(head->link, item->data, item->bytes);
    }
    snprintf(head->mode, sizeof head->mode, "%07o", mode);
    snprintf(head->uid, sizeof head->uid, "%07o", 0U);
    snprintf(head->gid, sizeof head->gid, "%07o", 0U);
    snprintf(head->size, sizeof head->size, "%011zo", item->kind == 'f' ? item->bytes : (size_t)0);
    snprintf(head->mtime, sizeof head->mtime, "%011o", 0U);
    memcpy(head->magic, "ustar", 6);
    memcpy(head->version, "00", 2);
    memset(head->sum, ' ', sizeof head->sum);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof *head; i++)
        sum += ((const unsigned char *)head)[i];
    snprintf(head->sum, sizeof head->sum, "%06o", sum);
    return true;
}

static bool write_blocks(FILE *file, const void *data, size_t bytes) {
    static const char zeros[512];
    size_t pad = (512 - bytes % 512) % 512;
    return fwrite(data, 1, bytes, file) == bytes && fwrite(zeros, 1, pad, file) == pad;
}

static bool write_items(FILE *file, rg_capture *capture, const char *top) {
    static const char end[1024];
    for (size_t i = 0; i < capture->n; i++) {
        const rg_captured *item = &capture->items[i];
        tar_head head;
        if (!make_head(top, item, &head)) {
            rg_capture_leave_out(capture, item->path, "its path is too long for a tar file");
            continue;
        }
        if (!write_blocks(file, &head, sizeof head) ||
            (item->kind == 'f' && !write_blocks(file, item->data, item->bytes)))
            return false;
    }
    return write_blocks(file, end, sizeof end);
}

rg_status rg_capture_write_tar(rg_capture *capture, const char *top, const char *path,
                               rg_err *err) {
    char *data = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&data, &bytes);
    bool good = file && write_items(file, capture, top);
    good = file && fclose(file) == 0 && good;
    rg_status status = good ? rg_fs_write_atomic(path, data, bytes, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    free(data);
    return status;
}
