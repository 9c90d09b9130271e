/* bundle_read.c: opening and reading bundles, with no trust in what they hold. Writing is in
 * bundle_write.c, hashes of the whole in manifest.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/iface/powerlog.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/record.h"
#include "bench/result/samples.h"
#include "rg_config.h"

static const char copy_again[] = "copy the bundle again, or measure again";

char *rg_bundle_path(const rg_bundle *bundle, const char *path) {
    char *full = NULL;
    return asprintf(&full, "%s/%s", bundle->dir, path) < 0 ? NULL : full;
}

void rg_bundle_round_name(uint32_t order, char ret[RG_BUNDLE_ROUND_NAME]) {
    snprintf(ret, RG_BUNDLE_ROUND_NAME, "rounds/%05u", (unsigned)order);
}

bool rg_bundle_path_plain(const char *path) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    size_t n = strlen(path);
    return n && n < 512 && strspn(path, plain) == n && path[0] != '/' && path[0] != '-' &&
           path[n - 1] != '/' && !strstr(path, "..") && !strstr(path, "//");
}

/* --- files ---------------------------------------------------------------------------------- */

static rg_status open_error(rg_err *err, const char *path) {
    if (errno == ENOENT)
        return rg_fail(err, RG_ABSENT, copy_again, "%s is missing", path);
    if (errno == ELOOP || errno == ENOTDIR)
        return rg_fail(err, RG_BAD_DATA, "a bundle holds plain files and folders only",
                       "%s is a symbolic link or lies behind one", path);
    return rg_fail(err, errno == EACCES ? RG_DENIED : RG_IO, "check the permissions",
                   "cannot open %s: %s", path, strerror(errno));
}

/* Opens component by component, so that no link on the way is followed. -1 with errno. */
static int open_inside(int dir_fd, const char *path, int flags) {
    char part[512];
    int fd = dup(dir_fd);
    while (fd >= 0) {
        size_t n = strcspn(path, "/");
        if (n >= sizeof part) {
            close(fd);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, path, n);
        part[n] = '\0';
        bool last = !path[n];
        int next =
            openat(fd, part,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (last ? flags : O_DIRECTORY));
        int saved = errno;
        close(fd);
        errno = saved;
        if (last)
            return next;
        fd = next;
        path += n + 1;
    }
    return -1;
}

static bool read_all(int fd, size_t bytes, char *data, size_t *ret_used) {
    size_t used = 0;
    while (used < bytes) {
        ssize_t n = read(fd, data + used, bytes - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    *ret_used = used;
    return true;
}

rg_status rg_bundle_read_file(const rg_bundle *bundle, const char *path, size_t limit_bytes,
                              rg_arena *arena, char **ret_data, size_t *ret_bytes, rg_err *err) {
    int fd = open_inside(bundle->fd, path, 0);
    if (fd < 0)
        return open_error(err, path);
    struct stat info;
    rg_status status = RG_OK;
    char *data = NULL;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s is not a regular file", path);
    } else if ((uint64_t)info.st_size > limit_bytes) {
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s has %lld bytes, more than %zu", path,
                         (long long)info.st_size, limit_bytes);
    } else if (!(data = rg_arena_alloc(arena, (size_t)info.st_size + 1))) {
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading %s", path);
    } else if (!read_all(fd, (size_t)info.st_size, data, ret_bytes)) {
        status = rg_fail(err, RG_IO, NULL, "cannot read %s: %s", path, strerror(errno));
    } else {
        data[*ret_bytes] = '\0';
        *ret_data = data;
    }
    close(fd);
    return status;
}

static rg_status read_json(const rg_bundle *bundle, const char *path, json_t **ret, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *data;
    size_t bytes;
    json_t *value = NULL;
    rg_status status = arena ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_bundle_read_file(bundle, path, RG_BUNDLE_JSON_LIMIT, arena, &data, &bytes, err);
    rg_err why = RG_ERR_INIT;
    if (status == RG_OK &&
        (rg_json_parse(data, bytes, path, &value, &why) != RG_OK || !json_is_object(value)))
        status = rg_fail(err, RG_BAD_DATA, copy_again, "%s",
                         value ? "a file that should hold a JSON object does not" : why.what);
    if (status == RG_OK)
        *ret = value;
    else
        json_decref(value);
    rg_arena_free(arena);
    return status;
}

/* Objects, one a line; every line ends in a newline. */
static rg_status parse_lines(const char *data, size_t bytes, const char *path, json_t *list,
                             rg_err *err) {
    for (size_t line = 1; bytes; line++) {
        const char *end = memchr(data, '\n', bytes);
        size_t n = end ? (size_t)(end - data) : bytes;
        json_t *value = NULL;
        if (rg_json_parse(data, n, path, &value, NULL) != RG_OK || !end || !json_is_object(value)) {
            json_decref(value);
            return rg_fail(err, RG_BAD_DATA, copy_again, "line %zu of %s is %s", line, path,
                           end ? "not a JSON object" : "cut off");
        }
        json_array_append_new(list, value);
        data = end + 1;
        bytes -= n + 1;
    }
    return RG_OK;
}

/* The file's lines as an array; NULL and RG_OK when there is no such file. */
static rg_status read_lines(const rg_bundle *bundle, const char *path, json_t **ret, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    json_t *list = json_array();
    char *data;
    size_t bytes;
    rg_status status = arena && list ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status =
            rg_bundle_read_file(bundle, path, RG_BUNDLE_LINES_LIMIT, arena, &data, &bytes, err);
    if (status == RG_OK)
        status = parse_lines(data, bytes, path, list, err);
    rg_arena_free(arena);
    if (status == RG_OK) {
        *ret = list;
        return RG_OK;
    }
    json_decref(list);
    *ret = NULL;
    return status == RG_ABSENT ? RG_OK : status;
}

/* --- opening -------------------------------------------------------------------------------- */

rg_status rg_bundle_handle(const char *dir, rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle = calloc(1, sizeof *bundle);
    char *copy = strdup(dir);
    if (!bundle || !copy) {
        free(bundle);
        free(copy);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/';)
        copy[--n] = '\0';
    bundle->dir = copy;
    bundle->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (bundle->fd < 0) {
        int number = errno;
        rg_bundle_close(bundle);
        return rg_fail(err,
                       number == ENOENT    ? RG_ABSENT
                       : number == ENOTDIR ? RG_BAD_DATA
                                           : RG_DENIED,
                       "give the folder that `railgauge run` named at its end",
                       "cannot open bundle %s: %s", dir, strerror(number));
    }
    *ret_bundle = bundle;
    return RG_OK;
}

void rg_bundle_close(rg_bundle *bundle) {
    if (!bundle)
        return;
    if (bundle->fd >= 0)
        close(bundle->fd);
    json_decref(bundle->facts);
    json_decref(bundle->cells);
    json_decref(bundle->records);
    free(bundle->rounds);
    free(bundle->dir);
    free(bundle);
}

static rg_status check_schema(const rg_bundle *bundle, rg_err *err) {
    int64_t schema = rg_json_get_int(bundle->facts, "schema", 0);
    if (schema < 1)
        return rg_fail(err, RG_BAD_DATA, copy_again, "bundle.json names no schema version");
    if (schema > RG_SCHEMA_VERSION) {
        char advice[160];
        snprintf(advice, sizeof advice, "use railgauge %.40s or later (this is %s)",
                 rg_json_get_text(bundle->facts, "needs", "of a newer version"), RG_VERSION);
        return rg_fail(err, RG_BAD_DATA, advice,
                       "the bundle has schema %lld; this program reads up to %d", (long long)schema,
                       RG_SCHEMA_VERSION);
    }
    const char *hash = rg_bundle_plan_hash(bundle);
    if (strlen(hash) != RG_HASH_HEX - 1 || strspn(hash, "0123456789abcdef") != RG_HASH_HEX - 1)
        return rg_fail(err, RG_BAD_DATA, copy_again, "bundle.json names no plan hash");
    return RG_OK;
}

rg_status rg_bundle_add_round(rg_bundle *bundle, uint32_t order, rg_err *err) {
    if (bundle->n_rounds == bundle->cap_rounds) {
        size_t cap = bundle->cap_rounds ? 2 * bundle->cap_rounds : 64;
        uint32_t *bigger = realloc(bundle->rounds, cap * sizeof *bigger);
        if (!bigger)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        bundle->rounds = bigger;
        bundle->cap_rounds = cap;
    }
    size_t at = bundle->n_rounds++;
    for (; at && bundle->rounds[at - 1] > order; at--)
        bundle->rounds[at] = bundle->rounds[at - 1];
    bundle->rounds[at] = order;
    return RG_OK;
}

/* Five digits make a complete round; "NNNNN.tmp" and anything else is none. */
static bool round_order(const char *name, uint32_t *ret) {
    if (strlen(name) != 5 || strspn(name, "0123456789") != 5)
        return false;
    *ret = (uint32_t)strtoul(name, NULL, 10);
    return true;
}

/* Calls `each` for every name in rounds/; no such folder is fine. */
static rg_status each_round(rg_bundle *bundle,
                            rg_status (*each)(rg_bundle *, const char *name, rg_err *),
                            rg_err *err) {
    int fd = open_inside(bundle->fd, "rounds", O_DIRECTORY);
    if (fd < 0 && errno == ENOENT)
        return RG_OK;
    if (fd < 0)
        return open_error(err, "rounds");
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return rg_fail(err, RG_NO_MEMORY, NULL, "cannot list rounds: %s", strerror(errno));
    }
    rg_status status = RG_OK;
    for (struct dirent *entry; status == RG_OK && (entry = readdir(dir));)
        status = each(bundle, entry->d_name, err);
    closedir(dir);
    return status;
}

static rg_status note_round(rg_bundle *bundle, const char *name, rg_err *err) {
    uint32_t order;
    return round_order(name, &order) ? rg_bundle_add_round(bundle, order, err) : RG_OK;
}

static rg_status remove_part(rg_bundle *bundle, const char *name, rg_err *err) {
    size_t n = strlen(name);
    if (n < 4 || strcmp(name + n - 4, ".tmp"))
        return RG_OK;
    char *path = NULL;
    if (asprintf(&path, "%s/rounds/%s", bundle->dir, name) < 0)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = bundle->storage->remove(bundle->storage->user, path) < 0
                           ? rg_storage_fail(err, "remove", path)
                           : RG_OK;
    free(path);
    return status;
}

rg_status rg_bundle_remove_part_rounds(rg_bundle *bundle, rg_err *err) {
    return each_round(bundle, remove_part, err);
}

static bool has_manifest(const rg_bundle *bundle) {
    struct stat info;
    return fstatat(bundle->fd, "MANIFEST.sha256", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(info.st_mode);
}

rg_status rg_bundle_load(rg_bundle *bundle, rg_err *err) {
    rg_status status = read_json(bundle, "bundle.json", &bundle->facts, err);
    if (status == RG_ABSENT)
        return rg_fail(err, RG_BAD_DATA, "give the folder that `railgauge run` named at its end",
                       "%s is not a bundle: it has no bundle.json", bundle->dir);
    if (status == RG_OK)
        status = check_schema(bundle, err);
    if (status == RG_OK)
        status = read_lines(bundle, "cells.jsonl", &bundle->cells, err);
    if (status == RG_OK)
        status = read_lines(bundle, "records.jsonl", &bundle->records, err);
    if (status == RG_OK)
        status = each_round(bundle, note_round, err);
    bundle->finished = has_manifest(bundle);
    if (status != RG_OK)
        rg_err_prefix(err, "%s", bundle->dir);
    return status;
}

rg_status rg_bundle_open(const char *dir, rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle;
    rg_status status = rg_bundle_handle(dir, &bundle, err);
    if (status != RG_OK)
        return status;
    status = rg_bundle_load(bundle, err);
    if (status == RG_OK)
        *ret_bundle = bundle;
    else
        rg_bundle_close(bundle);
    return status;
}

/* --- asking --------------------------------------------------------------------------------- */

const char *rg_bundle_dir(const rg_bundle *bundle) {
    return bundle->dir;
}

bool rg_bundle_finished(const rg_bundle *bundle) {
    return bundle->finished;
}

const json_t *rg_bundle_facts(const rg_bundle *bundle) {
    return bundle->facts;
}

const json_t *rg_bundle_cells(const rg_bundle *bundle) {
    return bundle->cells;
}

const json_t *rg_bundle_records(const rg_bundle *bundle) {
    return bundle->records;
}

const char *rg_bundle_plan_hash(const rg_bundle *bundle) {
    return rg_json_get_text(json_object_get(bundle->facts, "plan"), "hash", "");
}

const uint32_t *rg_bundle_rounds(const rg_bundle *bundle, size_t *ret_n) {
    *ret_n = bundle->n_rounds;
    return bundle->rounds;
}

bool rg_bundle_has_round(const rg_bundle *bundle, uint32_t order) {
    for (size_t i = 0; i < bundle->n_rounds; i++) {
        if (bundle->rounds[i] == order)
            return true;
    }
    return false;
}

/* --- rounds --------------------------------------------------------------------------------- */

rg_status rg_bundle_read_facts(const rg_bundle *bundle, uint32_t order, json_t **ret_facts,
                               rg_err *err) {
    char name[RG_BUNDLE_ROUND_NAME], path[RG_BUNDLE_ROUND_NAME + 16];
    rg_bundle_round_name(order, name);
    snprintf(path, sizeof path, "%s/record.json", name);
    return read_json(bundle, path, ret_facts, err);
}

/* One raw file of a round, checked against its size and hash in record.json. */
static rg_status read_raw(const rg_bundle *bundle, uint32_t order, const json_t *facts,
                          const char *file, rg_arena *arena, char **ret_data, size_t *ret_bytes,
                          rg_err *err) {
    char name[RG_BUNDLE_ROUND_NAME], path[RG_BUNDLE_ROUND_NAME + 16], hash[RG_HASH_HEX];
    rg_bundle_round_name(order, name);
    snprintf(path, sizeof path, "%s/%s", name, file);
    rg_status status =
        rg_bundle_read_file(bundle, path, RG_BUNDLE_RAW_LIMIT, arena, ret_data, ret_bytes, err);
    if (status != RG_OK)
        return status;
    const json_t *promised = json_object_get(json_object_get(facts, "files"), file);
    rg_hash_bytes(*ret_data, *ret_bytes, hash);
    if (strcmp(rg_json_get_text(promised, "sha256", ""), hash))
        return rg_fail(err, RG_BAD_DATA, copy_again, "%s is not what record.json promises", path);
    return RG_OK;
}

static uint32_t find_cell(const rg_bundle *bundle, const char *key) {
    size_t i;
    json_t *line;
    json_array_foreach(bundle->cells, i, line) {
        if (!strcmp(rg_json_get_text(line, "key", ""), key))
            return (uint32_t)i;
    }
    return UINT32_MAX;
}

static rg_status head_of_round(const rg_bundle *bundle, uint32_t order, rg_round *round,
                               rg_err *err) {
    const json_t *facts = round->facts;
    int64_t number = rg_json_get_int(facts, "round", -1);
    const char *word = rg_json_get_text(facts, "status", "");
    const char *key = rg_json_get_text(facts, "cell", NULL);
    if (number < 0 || number > RG_BUNDLE_MAX_ORDER || !key ||
        !rg_status_from_word(word, &round->status))
        return rg_fail(err, RG_BAD_DATA, copy_again,
                       "rounds/%05u/record.json lacks cell, round or status", (unsigned)order);
    round->number = (uint32_t)number;
    round->order = order;
    round->cell = find_cell(bundle, key);
    return RG_OK;
}

rg_status rg_bundle_read_round(const rg_bundle *bundle, uint32_t order, rg_arena *arena,
                               rg_round *ret_round, rg_err *err) {
    rg_round round = {0};
    rg_powerlog log = {0};
    rg_sample *samples = NULL;
    char *data = NULL, *output = NULL;
    size_t bytes = 0;
    rg_status status = rg_bundle_read_facts(bundle, order, &round.facts, err);
    if (status == RG_OK)
        status = head_of_round(bundle, order, &round, err);
    if (status == RG_OK)
        status = read_raw(bundle, order, round.facts, "samples.bin", arena, &data, &bytes, err);
    if (status == RG_OK)
        status = rg_samples_decode(data, bytes, arena, &samples, &round.n_samples, err);
    if (status == RG_OK)
        status = read_raw(bundle, order, round.facts, "power.jsonl", arena, &data, &bytes, err);
    if (status == RG_OK)
        status = rg_powerlog_decode(data, bytes, arena, &log, err);
    if (status == RG_OK)
        status = read_raw(bundle, order, round.facts, "output.txt", arena, &output,
                          &round.output_bytes, err);
    if (status != RG_OK) {
        json_decref(round.facts);
        rg_err_prefix(err, "%s, round %u", bundle->dir, (unsigned)order);
        return status;
    }
    round.samples = samples;
    round.rails = log.rails;
    round.n_rails = log.n_rails;
    round.power = log.rows;
    round.n_power = log.n_rows;
    round.output = output;
    *ret_round = round;
    return RG_OK;
}

rg_status rg_bundle_read_text(const rg_bundle *bundle, const char *path, rg_arena *arena,
                              char **ret_text, size_t *ret_bytes, rg_err *err) {
    if (!rg_bundle_path_plain(path))
        return rg_fail(err, RG_USAGE, NULL, "'%s' is no path inside a bundle", path);
    return rg_bundle_read_file(bundle, path, RG_BUNDLE_JSON_LIMIT, arena, ret_text, ret_bytes, err);
}
